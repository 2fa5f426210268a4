import { configDefaults, defineConfig } from 'vitest/config';

/** Tests of single parts: no executor, no built command line, no process of their own. */
const QUICK = [
  'test/*.test.ts',
  'test/{bytes,container,entropy,evaluation,hyperprior,image,model,tasks,codec,latents,wasm}/**/*.test.ts',
  'test/conformance/{container,worked-example}.test.ts',
];

/** What lies among them and would take most of the time: fuzzing, compiling, large pictures, programs and packages. */
const NOT_QUICK = [
  'test/{readme,packages}.test.ts',
  'test/container/{hostile-input,start-up}.test.ts',
  'test/entropy/properties.test.ts',
  'test/latents/engines-fuzz.test.ts',
  'test/codec/picture-source.test.ts',
];

// `npm test` runs all, `npm run check` only what is quick: vitest run --mode quick.
export default defineConfig(({ mode }) => {
  const quick = mode === 'quick';
  return {
    test: {
      include: quick ? QUICK : ['test/**/*.test.ts'],
      exclude: quick ? [...configDefaults.exclude, ...NOT_QUICK] : configDefaults.exclude,
      globalSetup: quick ? [] : ['test/build-once.ts'],
      testTimeout: 60_000,
      hookTimeout: 120_000,
      // Parts have no state of their own that one file could leave to the next.
      isolate: !quick,
      // Executor tests load native libraries that use every core themselves.
      maxWorkers: 2,
    },
  };
});

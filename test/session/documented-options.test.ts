import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { benchmark, drawOverlay, openCodec } from '../../src/index.js';
import { MODELS, ROOT } from '../cli/run-cli.js';

/** An option as its declaration has it. */
interface Declared {
  readonly name: string;
  readonly isDocumented: boolean;
}

/** An interface with options of its own, and those it extends. */
interface DeclaredInterface {
  readonly parents: readonly string[];
  readonly own: readonly Declared[];
}

/** The interfaces of options, read from the sources, which hold the TSDoc. */
const interfaces = new Map<string, DeclaredInterface>();
for (const file of [
  'codec/call-hooks.ts',
  'tasks/classify/top-predictions.ts',
  'tasks/task.ts',
  'session/codec.ts',
  'session/encode-options.ts',
  'bench/bench-options.ts',
  'platform/node/pictures/draw-overlay.ts',
]) {
  const source = readFileSync(join(ROOT, 'src', file), 'utf8');
  const found = source.matchAll(
    /^export interface (\w+)(?:\s+extends ([\w,\s]+?))? \{(?:\}|\n([\s\S]*?)^\})/gm,
  );
  for (const [, name, parents = '', body = ''] of found) {
    const own = body.matchAll(/( {2}\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)? {2}(?:readonly )?(\w+)\??:/g);
    interfaces.set(name!, {
      parents: parents.split(/,\s*/).filter((parent) => parent !== ''),
      own: [...own].map(([, comment, option]) => ({ name: option!, isDocumented: comment !== undefined })),
    });
  }
}

/** All options of an interface. */
function optionsOf(name: string): Declared[] {
  const { parents, own } = interfaces.get(name)!;
  return [...parents.flatMap(optionsOf), ...own];
}

const CODEC = { model: join(MODELS, 'tiny') };
const FOUND = { width: 8, height: 8, detections: [] };
const UNKNOWN = { somethingElse: 1 } as never;
const none = new Uint8Array();

/** Calls and the interfaces that their options are declared in. */
const CALLS: readonly [string, readonly string[], () => Promise<unknown>][] = [
  ['openCodec', ['CodecOptions'], () => openCodec(UNKNOWN)],
  ['encode', ['EncodeOptions'], async () => (await openCodec(CODEC)).encode('', UNKNOWN)],
  ['streamFeatures', ['FeatureOptions'], async () => (await openCodec(CODEC)).streamFeatures(none, UNKNOWN)],
  ['classify', ['ClassifyOptions'], async () => (await openCodec(CODEC)).classify(none, UNKNOWN)],
  ['segment', ['DetectOptions'], async () => (await openCodec(CODEC)).segment(none, UNKNOWN)],
  [
    'analyze',
    ['AnalyzeOptions', 'RegionOptions', 'PrefixOptions'],
    async () => (await openCodec(CODEC)).analyze(none, UNKNOWN),
  ],
  [
    'analyzePixels',
    ['AnalyzePixelsOptions'],
    async () => (await openCodec(CODEC)).analyzePixels('', UNKNOWN),
  ],
  ['verify', ['CallHooks', 'PrefixOptions'], async () => (await openCodec(CODEC)).verify(none, UNKNOWN)],
  ['drawOverlay', ['OverlayOptions'], () => drawOverlay(FOUND, UNKNOWN)],
  ['benchmark', ['BenchOptions'], () => benchmark(UNKNOWN)],
];

describe.each(CALLS)('%s', (_, names, call) => {
  const options = names.flatMap(optionsOf);

  test('takes what is declared, and nothing else', async () => {
    const { message } = (await call().catch((error: unknown) => error)) as Error;
    const [, known] = /it has (.*)$/.exec(message)!;
    expect(known!.split(', ').sort()).toEqual(options.map(({ name }) => name).sort());
  });

  test('describes each where it is declared', () => {
    expect(options.filter(({ isDocumented }) => !isDocumented)).toEqual([]);
  });
});

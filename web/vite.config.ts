import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

// The page as a static folder. `npm run build:web` calls it and puts the model beside it (scripts/build-web.js).
export default defineConfig({
  root: path('.'),
  // Addresses are relative, so that the folder works under any path.
  base: './',
  publicDir: false,
  resolve: {
    alias: {
      'dicm/browser': path('../src/web.ts'),
      'dicm/container': path('../src/container/index.ts'),
    },
  },
  worker: { format: 'es', rolldownOptions: { output: { comments: { legal: false } } } },
  build: {
    outDir: path('../dist/web'),
    emptyOutDir: true,
    target: 'es2023',
    // Nothing as data: in addresses, which the content security policy does not allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { checks: { pluginTimings: false } },
    // Of the packages in the page, which the page links to.
    license: { fileName: 'licences.md' },
  },
});

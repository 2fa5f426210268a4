import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

// The page of studies, which `dicm study make` copies into each. One classic script: browsers load no modules from files,
// and the page is to work when it is opened as one.
export default defineConfig({
  root: path('.'),
  publicDir: path('./static'),
  build: {
    outDir: path('../../dist/study'),
    emptyOutDir: true,
    target: 'es2023',
    lib: {
      entry: path('./main.ts'),
      formats: ['iife'],
      name: 'study',
      fileName: () => 'study.js',
      cssFileName: 'study',
    },
    rolldownOptions: { checks: { pluginTimings: false } },
    // Of the packages in the page.
    license: { fileName: 'licences.md' },
  },
});

#!/usr/bin/env node
const { main } = await import('../dist/src/cli/main.js').catch((error) => {
  if (error.code !== 'EMFILE' && error.code !== 'ENFILE') throw error;
  // Not even the program can be read, nor what would say so in its own words.
  process.stderr.write('error: too many files are open: raise the limit, ulimit -n [too-many-open-files]\n');
  process.exit(7);
});

// Not by letting the event loop run empty: Node gives signals back to the system before it ends that way.
process.exit(await main(process.argv.slice(2)));

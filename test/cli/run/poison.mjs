// Loaded into every process of a run under test: a picture that ends with the word POISON and a kind does to the job
// process that gets it what crashes of libraries, endless loops and greed do.
import { setTimeout as sleep } from 'node:timers/promises';

const WORD = /POISON:([a-z]+)$/;

/** @type {Record<string, () => unknown>} */
const KINDS = {
  segfault: () => process.kill(process.pid, 'SIGSEGV'),
  hang: () => {
    for (;;);
  },
  heap: () => {
    // More than the heap may hold: V8 ends the process.
    for (const held = []; ; ) held.push(new Array(100_000).fill(held.length));
  },
  memory: async () => {
    // Outside the heap, as pixels are.
    for (const held = []; ; await sleep(20)) held.push(Buffer.alloc(50e6, 1));
  },
  // What ends the whole container ends the worker too.
  container: () => process.kill(process.ppid, 'SIGKILL') && process.kill(process.pid, 'SIGKILL'),
};

if (process.send !== undefined && process.argv.at(-1) === 'process') {
  const on = process.on.bind(process);
  /** @type {(event: string, listener: (...args: unknown[]) => unknown) => NodeJS.Process} */
  const spoilt = (event, listener) =>
    on(event, async (...args) => {
      const bytes = event === 'message' ? /** @type {{ bytes?: Uint8Array }} */ (args[0]).bytes : undefined;
      const kind = bytes && WORD.exec(Buffer.from(bytes.slice(-32)).toString('latin1'))?.[1];
      if (kind !== undefined) await KINDS[kind]?.();
      listener(...args);
    });
  Object.assign(process, { on: spoilt });
}

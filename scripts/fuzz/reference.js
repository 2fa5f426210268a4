import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * What the reference says about a file: `opens` or a code, for reading it, reading it as a prefix, and decoding its first
 * layer, whose integers come as a SHA-256.
 *
 * @typedef {{ whole: string, prefix: string, decoded: string, integers: string | null }} Answer
 */

/**
 * Starts the numpy reference, which reads many files in one process.
 *
 * @param {string} python Interpreter that has the package of `training/`.
 * @param {string} model Folder of the model.
 */
export function openReference(python, model) {
  const cwd = fileURLToPath(new URL('../../training', import.meta.url));
  const args = ['-m', 'dicm_reference', 'batch', '--model', model];
  const program = /[\\/]/.test(python) ? resolve(python) : python;
  const child = spawn(program, args, { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  /** @type {{ answer: (answer: Answer) => void, reject: (reason: Error) => void }[]} */
  const waiting = [];
  const ended = new Promise((finish) => {
    /** @param {string} reason */
    const end = (reason) => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`the reference has ended: ${reason}`));
      finish(undefined);
    };
    child.on('error', ({ message }) => end(message));
    child.on('close', (status, signal) => end(signal ?? `status ${status}`));
  });
  child.stdin.on('error', () => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.answer(JSON.parse(line)));
  return {
    /**
     * Asks about a file; answers come in the order of questions, and many may be waited for.
     *
     * @param {Uint8Array} bytes
     * @returns {Promise<Answer>}
     */
    ask: (bytes) =>
      new Promise((answer, reject) => {
        if (child.exitCode !== null)
          return reject(new Error(`the reference has ended: status ${child.exitCode}`));
        waiting.push({ answer, reject });
        const size = Buffer.alloc(4);
        size.writeUInt32BE(bytes.length);
        child.stdin.write(Buffer.concat([size, bytes]));
      }),
    close() {
      child.stdin.end();
      return ended;
    },
  };
}

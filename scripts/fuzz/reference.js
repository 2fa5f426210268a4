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
 * Another reader, which reads many files in one process.
 *
 * @typedef {object} Witness
 * @property {string} name
 * @property {boolean} sameCodes Whether it is to give the same codes, and not only to refuse the same files.
 * @property {(bytes: Uint8Array) => Promise<Answer>} ask Asks about a file; answers come in the order of questions, and
 *   many may be waited for.
 * @property {() => Promise<unknown>} close
 */

/**
 * Starts the numpy reference.
 *
 * @param {string} python Interpreter that has the package of `training/`.
 * @param {string} model Folder of the model.
 * @returns {Witness}
 */
export function openReference(python, model) {
  const args = ['-m', 'dicm_reference', 'batch', '--model', model];
  // Where several things are wrong with a file, it may name another one.
  return { name: 'the reference', sameCodes: false, ...openBatch(python, args, 'training') };
}

/**
 * Starts the Python package.
 *
 * @param {string} python Interpreter that has the package of `python/`.
 * @param {string} model Folder of the model.
 * @returns {Witness}
 */
export function openPythonReader(python, model) {
  const args = ['tools/answer_batch.py', '--model', model];
  return { name: 'the Python package', sameCodes: true, ...openBatch(python, args, 'python') };
}

/**
 * @param {string} python Interpreter.
 * @param {string[]} args
 * @param {string} folder Where it runs, from the root of the repository.
 */
function openBatch(python, args, folder) {
  const cwd = fileURLToPath(new URL(`../../${folder}`, import.meta.url));
  const program = /[\\/]/.test(python) ? resolve(python) : python;
  const child = spawn(program, args, { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  /** @type {{ answer: (answer: Answer) => void, reject: (reason: Error) => void }[]} */
  const waiting = [];
  const ended = new Promise((finish) => {
    /** @param {string} reason */
    const end = (reason) => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`${args.join(' ')} has ended: ${reason}`));
      finish(undefined);
    };
    child.on('error', ({ message }) => end(message));
    child.on('close', (status, signal) => end(signal ?? `status ${status}`));
  });
  child.stdin.on('error', () => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.answer(JSON.parse(line)));
  return {
    /**
     * @param {Uint8Array} bytes
     * @returns {Promise<Answer>}
     */
    ask: (bytes) =>
      new Promise((answer, reject) => {
        if (child.exitCode !== null)
          return reject(new Error(`${args.join(' ')} has ended: status ${child.exitCode}`));
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

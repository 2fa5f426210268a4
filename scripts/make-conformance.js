// Writes fixtures/conformance: the container-level cases, cases.json for machines and README.md for people.
// Deterministic; test/conformance fails when the committed files differ from what this writes.
//   node scripts/make-conformance.js [FOLDER]
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { CASES, INTEGER_CHECKS, littleEndianInt32 } from './conformance-cases.js';

/** @import { ConformanceCase } from './conformance-expectations.js' */

const FOLDERS = {
  valid:
    'Files every reader opens. Their payloads only fill the place of range-coded streams: the container is what these cases test. `cases.json` states what a reader must find.',
  invalid:
    'Files every reader refuses. Where `cases.json` has `refines`, a reader may report that more general code instead.',
  limits:
    'Files that are well-formed as far as they go and declare more than a reader accepts, with the default limits or those in `cases.json`.',
  prefixes:
    'Files of which only the first layer can be had, or not even that. `expect` says what reading them as a whole gives, `prefix` in it what reading them as a prefix gives: the first layer and the size of its prefix, or an error.',
  digests:
    'Files that every reader opens and that a program which verifies them refuses: `verify` in `expect` says how. In `valid` are files whose digest holds.',
  regressions: 'Files that an implementation once got wrong; each names the mistake.',
};

function integerChecks() {
  return {
    musts: ['DICM-C-04'],
    vectors: INTEGER_CHECKS.map(({ what, z, symbols }) => {
      const check = crc32(Uint8Array.from(littleEndianInt32([...z, ...symbols]))) & 0xffff;
      return { what, z, symbols, check };
    }),
  };
}

/** @param {ConformanceCase} testCase */
function heading(testCase) {
  const { path, musts, what, bytes, expect } = testCase;
  const prefix = expect.prefix === undefined ? '' : ` · as a prefix ${outcome(expect.prefix)}`;
  const verify = expect.verify === undefined ? '' : ` · when verified ${outcome(expect.verify)}`;
  return `### ${path}\n\n${what}\n\n${bytes.length} bytes · ${musts.join(', ')} · ${outcome(expect)}${prefix}${verify}\n`;
}

/** @param {Record<string, any>} expect */
function outcome({ error, code, exit }) {
  return code === undefined ? 'opens' : `\`${code}\` (${error}, exit ${exit})`;
}

function readme() {
  const parts = [
    '# Conformance cases of the container',
    '',
    'Written by `scripts/make-conformance.js` from the text of the [format](../../format-spec/v1/dicm-v1.md) alone; do not edit. Each case names the requirements it tests. `cases.json` has the same for machines:',
    '`path`, `musts`, and `expect`, which is either what a valid file contains or the error, its code and exit status, and where it helps the offset and section that the message must name.',
    '',
  ];
  for (const [folder, about] of Object.entries(FOLDERS)) {
    const cases = CASES.filter(({ path }) => path.startsWith(`${folder}/`));
    parts.push(`## ${folder}`, '', about, '', ...cases.map(heading));
  }
  parts.push(
    '## integer-check.json',
    '',
    'Known answers for the integer check of a tile: hyper-latents, latent symbols, check. DICM-C-04',
  );
  return `${parts.join('\n')}\n`;
}

/** All files of the folder: path relative to it, and content. */
export function conformanceFiles() {
  const files = new Map(CASES.map(({ path, bytes }) => [path, Uint8Array.from(bytes)]));
  if (files.size !== CASES.length) throw new Error('two cases have the same path');
  const cases = CASES.map(({ path, musts, expect }) => ({ path, musts, expect }));
  /** @param {unknown} value */
  const json = (value) => Buffer.from(`${JSON.stringify(value, null, 1)}\n`);
  files.set('cases.json', json({ schema: 'dicm.conformance/1', cases }));
  files.set('integer-check.json', json(integerChecks()));
  files.set('README.md', Buffer.from(readme()));
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = process.argv[2] ?? fileURLToPath(new URL('../fixtures/conformance', import.meta.url));
  const files = conformanceFiles();
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
  process.stdout.write(`${files.size} files\n`);
}

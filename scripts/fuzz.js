// Changes files and looks at what becomes of them: npm run fuzz -- --seconds 60 --seed 1
//
// Each changed file must be refused by name or be what it says: no crash, no damaged file that opens, no integers that
// nobody encoded, no time or memory out of proportion; readers of the same file agree. With --reference PYTHON the numpy
// reference reads files too, and must accept and refuse the same ones; with --reader PYTHON so does the package of
// python/, which must give the same codes. What fails is kept in a folder, with what was done to it; the same seed and
// number make it again. Needs a build (npm run build).
import { ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeCorpus } from './fuzz/corpus.js';
import { openJudge } from './fuzz/judge.js';
import { mutantOf } from './fuzz/mutate.js';
import { openPythonReader, openReference } from './fuzz/reference.js';
import { openSubject, TINY } from './fuzz/subject.js';
import { openWatchdog } from './fuzz/watchdog.js';

/** @import { Verdict } from './fuzz/judge.js' */
/** @import { Mutant } from './fuzz/mutate.js' */
/** @import { Answer, Witness } from './fuzz/reference.js' */

/** After so many files that fail, more of them say nothing new. */
const MOST_FAILURES = 20;

/** Questions to other readers that are on their way at a time. */
const QUESTIONS = 64;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    files: { type: 'string' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    reference: { type: 'string' },
    'reference-files': { type: 'string' },
    reader: { type: 'string' },
  },
});

/**
 * @param {'seconds' | 'files' | 'seed' | 'first' | 'reference-files'} name
 * @param {number} otherwise
 */
function numberOf(name, otherwise) {
  const text = values[name];
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (text.trim() === '' || !(number >= 0)) throw new RangeError(`--${name} takes a number, not ${text}`);
  return number;
}

const [seed, first] = [numberOf('seed', 1), numberOf('first', 0)];
const files = numberOf('files', Infinity);
const seconds = numberOf('seconds', files === Infinity ? 60 : Infinity);
const asked = values.reference === undefined ? 0 : numberOf('reference-files', Infinity);

const folder = mkdtempSync(join(tmpdir(), 'dicm-fuzz-'));
/** The file that is being judged: what is left when the process dies. */
const current = {
  path: join(folder, 'current.dicm'),
  descriptor: openSync(join(folder, 'current.dicm'), 'w'),
};
const subject = await openSubject();
const corpus = await makeCorpus(subject.codec, seed);
const { judge, collisions, costs } = openJudge(subject.codec, subject, corpus);
const reference = values.reference === undefined ? undefined : openReference(values.reference, TINY);
const reader = values.reader === undefined ? undefined : openPythonReader(values.reader, TINY);
const watchdog = openWatchdog(`a file hangs: ${current.path}\n`);

/** @type {Map<string, number>} */
const outcomes = new Map();
let failures = 0;
/** @type {Set<Promise<void>>} */
const questions = new Set();
/** How many files each other reader has agreed on. @type {Map<string, number>} */
const agreed = new Map();

/**
 * Keeps a file that fails, and says what is wrong.
 *
 * @param {number} number
 * @param {Mutant} mutant
 * @param {readonly string[]} problems
 */
function keep(number, { bytes, from, steps, mending }, problems) {
  failures++;
  const path = join(folder, `${seed}-${number}.dicm`);
  writeFileSync(path, bytes);
  const story = [
    ...problems,
    `${from}: ${steps.join('; ')}; mended: ${mending}`,
    `again: npm run fuzz -- --seed ${seed} --first ${number} --files 1`,
  ];
  writeFileSync(`${path}.txt`, `${story.join('\n')}\n`);
  console.error(`${path}\n  ${story.join('\n  ')}`);
}

/**
 * Asks another reader about a file, and compares.
 *
 * @param {Witness} witness
 * @param {number} number
 * @param {Mutant} mutant
 * @param {Verdict} verdict
 */
async function compare(witness, number, mutant, verdict) {
  const problems = differences(verdict, await witness.ask(mutant.bytes), witness);
  if (problems.length > 0) keep(number, mutant, problems);
  else agreed.set(witness.name, (agreed.get(witness.name) ?? 0) + 1);
}

/**
 * Where two readers disagree on what they accept, or on what is wrong with what they refuse.
 *
 * @param {Verdict} verdict
 * @param {Answer} answer
 * @param {Witness} witness
 */
function differences(verdict, answer, { name, sameCodes }) {
  const kinds = /** @type {const} */ (['whole', 'prefix', 'decoded']);
  const ours = { whole: verdict.outcome, prefix: verdict.prefix, decoded: verdict.decoded };
  const found = kinds
    .filter((kind) =>
      sameCodes
        ? ours[kind] !== answer[kind]
        : (ours[kind] === 'opens') !== (answer[kind] === 'opens') || answer[kind] === 'crash',
    )
    .map((kind) => `${kind}: ${ours[kind]} here, ${answer[kind]} in ${name}`);
  if (verdict.integers !== undefined && answer.integers !== null && verdict.integers !== answer.integers) {
    found.push(`${name} decodes other integers`);
  }
  return found;
}

/**
 * @param {Witness | undefined} witness
 * @param {number} files How many it was asked about.
 */
function sayAgreement(witness, files) {
  if (witness !== undefined)
    console.log(`  ${witness.name} agrees on ${agreed.get(witness.name) ?? 0} of ${files} files`);
}

const started = performance.now();
const elapsed = () => (performance.now() - started) / 1000;
let number = first;
for (; number < first + files && elapsed() < seconds && failures < MOST_FAILURES; number++) {
  const mutant = mutantOf(seed, number, corpus);
  writeSync(current.descriptor, mutant.bytes, 0, mutant.bytes.length, 0);
  ftruncateSync(current.descriptor, mutant.bytes.length);
  const verdict = await judge(mutant);
  watchdog.tick();
  const outcome = verdict.outcome === 'opens' ? `${verdict.decoded} (decoded)` : verdict.outcome;
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  if (verdict.problems.length > 0) keep(number, mutant, verdict.problems);
  const askReference = number - first < asked ? reference : undefined;
  for (const witness of [askReference, reader]) {
    if (witness === undefined) continue;
    const question = compare(witness, number, mutant, verdict).finally(() => questions.delete(question));
    questions.add(question);
  }
  if (questions.size >= QUESTIONS) await Promise.race(questions);
  watchdog.tick();
}
await Promise.all(questions);
await watchdog.close();
await reference?.close();
await reader?.close();
await subject.dispose();

const count = number - first;
const sorted = [...outcomes].sort(([, a], [, b]) => b - a).map(([code, times]) => `${code} ${times}`);
// One changed payload in 65,536 passes the integer check once the file checksum is mended: what 16 bits promise.
const expected = collisions.reached / 65536;
const tooMany = collisions.passed > 5 + 5 * expected;
console.log(`seed ${seed}: ${count} files in ${elapsed().toFixed(1)} s, ${failures} failed`);
console.log(`  outcomes: ${sorted.join(', ')}`);
console.log(
  `  integer checks of changed tiles: ${collisions.reached} compared, ${collisions.passed} held ` +
    `(chance: ${expected.toFixed(2)})${tooMany ? ', too many' : ''}`,
);
console.log(
  `  slowest file ${costs.slowestMs.toFixed(0)} ms of CPU time, largest leap of memory ` +
    `${(costs.leapBytes / 2 ** 20).toFixed(0)} MiB, most ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
);
sayAgreement(reference, Math.min(count, asked));
sayAgreement(reader, count);
if (failures > 0 || tooMany) {
  console.error(`failed; kept: ${folder}`);
  process.exitCode = 1;
} else {
  rmSync(folder, { recursive: true });
}

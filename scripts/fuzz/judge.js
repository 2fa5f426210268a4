import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { decodeTile } from '#dicm/codec/coded-layer.js';
import * as container from '#dicm/container/index.js';
import { errorClasses } from '#dicm/error-codes.js';
import { DicmError } from '#dicm/errors.js';
import { sha256 } from '#dicm/platform/node/sha256.js';

/** @import { Codec } from '../../src/index.js' */
/** @import { DicmFile, Field, LayerHeader, TilePayload } from '../../src/container/dicm-file.js' */
/** @import { LatentCodec } from '../../src/latents/latent-codec.js' */
/** @import { Original } from './corpus.js' */
/** @import { Mutant } from './mutate.js' */

/** Classes of errors that a file can be the reason of. A picture of another model's decode id is one of them. */
const FILE_ERRORS = ['FormatError', 'UnsupportedError', 'LimitError'];

/** What a file of some kilobytes may cost; replaced by tests. */
const MOST = {
  /** CPU time, in ms: many times what the slowest takes, with a cold start. */
  cpuMs: 3000,
  /** By how much the memory of the process may leap, in bytes: what the heap grows by anyway, and a picture. */
  leapBytes: 256 * 2 ** 20,
};

/** Every so many files that open, features are decoded too: that takes a network, and more time than all the rest. */
const FEATURES_EVERY = 16;

/**
 * What is done with files: replaced by tests, to see that the judge notices.
 *
 * @typedef {Pick<typeof container,
 *   'readDicm' | 'readInfo' | 'writeDicm' | 'openPrefix' | 'cutPrefix' | 'stripLayer' | 'checkDigest'>} Reader
 */

/**
 * What came of a file.
 *
 * @typedef {object} Verdict
 * @property {string} outcome `opens`, or the code of the error that reading it gave.
 * @property {string} prefix The same for reading it as a prefix.
 * @property {string} decoded `opens` too, or the code that decoding its first layer gave; empty where reading failed.
 * @property {string | undefined} integers SHA-256 of the integers of the first layer, where they were decoded.
 * @property {string[]} problems What should not be, in words.
 */

/**
 * A judge of changed files: each must be refused by name, or be what it says.
 *
 * @param {Codec} codec
 * @param {{ latents: LatentCodec, decodeId: string }} model Of the files that decode.
 * @param {readonly Original[]} corpus
 * @param {Reader} reader
 */
export function openJudge(codec, model, corpus, reader = container, most = MOST) {
  const originals = new Set(corpus.map(({ bytes }) => keyOf(bytes)));
  const prefixes = new Set(corpus.flatMap(({ bytes }) => prefixKey(bytes)));
  const known = new Set(
    corpus.filter(({ decodes }) => decodes).flatMap(({ bytes }) => knownIntegers(model, bytes)),
  );
  /** Integer checks that were compared with integers that are not those of a file of the corpus, and that held. */
  const collisions = { reached: 0, passed: 0 };
  let opened = 0;
  const costs = { slowestMs: 0, leapBytes: 0 };

  /**
   * @param {Mutant} mutant
   * @returns {Promise<Verdict>}
   */
  async function judge({ bytes, mending }) {
    /** @type {string[]} */
    const problems = [];
    const problem = (/** @type {string} */ text) => void problems.push(text);
    const accidental = mending === 'nothing';
    const [cpu, memory] = [process.cpuUsage(), process.resourceUsage().maxRSS];

    const whole = attempt(() => reader.readDicm(bytes), problem);
    const info = attempt(() => reader.readInfo(bytes), problem);
    if (whole.code !== info.code) problem(`readDicm: ${whole.code}, readInfo: ${info.code}`);
    const prefix = checkPrefix(bytes, accidental, whole, problem);
    /** @type {Verdict} */
    const verdict = { outcome: whole.code, prefix, decoded: '', integers: undefined, problems };
    if (whole.value === undefined) await checkRefusal(bytes, whole.code, problem);
    else if (accidental && !originals.has(keyOf(bytes))) problem('a damaged file opens');
    else await checkOpened(bytes, whole.value, info.value?.fields ?? [], verdict, problem);

    const { user, system } = process.cpuUsage(cpu);
    const [elapsedMs, leapBytes] = [(user + system) / 1000, 1024 * (process.resourceUsage().maxRSS - memory)];
    costs.slowestMs = Math.max(costs.slowestMs, elapsedMs);
    costs.leapBytes = Math.max(costs.leapBytes, leapBytes);
    if (elapsedMs > most.cpuMs) problem(`it took ${Math.round(elapsedMs)} ms of CPU time`);
    if (leapBytes > most.leapBytes)
      problem(`it took ${Math.round(leapBytes / 2 ** 20)} MiB more than any before`);
    return verdict;
  }

  /**
   * What opens as a whole opens as a prefix; by accident nothing else does but what begins as a file of the corpus.
   *
   * @param {Uint8Array} bytes
   * @param {boolean} accidental
   * @param {Attempt<DicmFile>} whole
   * @param {(text: string) => void} problem
   */
  function checkPrefix(bytes, accidental, whole, problem) {
    const { value: prefix, code } = attempt(() => reader.openPrefix(bytes), problem);
    if (whole.value !== undefined && prefix === undefined) problem(`opens, but not as a prefix: ${code}`);
    if (prefix === undefined || prefix.provedBy === 'file-checksum') return code;
    const part = attempt(() => reader.cutPrefix(bytes), problem).value;
    if (part?.length !== prefix.prefixBytes) problem('cutPrefix cuts elsewhere');
    if (part === undefined) return code;
    if (accidental && !prefixes.has(keyOf(part))) problem('a damaged first layer opens as a prefix');
    const again = attempt(() => reader.openPrefix(part), problem).value;
    if (!isDeepStrictEqual(again?.file, prefix.file))
      problem('a prefix by itself is another than in its file');
    return code;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {string} code
   * @param {(text: string) => void} problem
   */
  async function checkRefusal(bytes, code, problem) {
    const verified = await attemptAsync(() => codec.verify(bytes), problem);
    if (verified !== code) problem(`reading it gives ${code}, verify ${verified}`);
  }

  /**
   * @param {Uint8Array} bytes
   * @param {DicmFile} file
   * @param {readonly Field[]} fields
   * @param {Verdict} verdict
   * @param {(text: string) => void} problem
   */
  async function checkOpened(bytes, file, fields, verdict, problem) {
    checkStructure(bytes, file, fields, problem);
    const digest = await attemptAsync(() => reader.checkDigest(bytes, sha256), problem);
    const { header, tiles, layers = [] } = file;
    const [first, ...others] = [{ ...header, tiles }, ...layers].map((layer) => decode(layer, problem));
    verdict.decoded = first?.code ?? '';
    verdict.integers = first?.code === 'opens' ? first.hash : undefined;
    const verified = await attemptAsync(() => codec.verify(bytes), problem);
    // The model is one of the other profile, whatever its integers are.
    const proved = header.profile === 'semantic' ? verdict.decoded : 'model-missing';
    const expected = digest === 'opens' ? proved : digest;
    if (verified !== expected) problem(`verify says ${verified} where it should say ${expected}`);
    for (const other of others) if (other.code === '') problem('a further layer was not looked at');
    if (verified === 'opens' && opened++ % FEATURES_EVERY === 0) await checkFeatures(bytes, problem);
  }

  /**
   * @param {Uint8Array} bytes
   * @param {DicmFile} file
   * @param {readonly Field[]} fields
   * @param {(text: string) => void} problem
   */
  function checkStructure(bytes, file, fields, problem) {
    const written = attempt(() => reader.writeDicm(file), problem, ['UsageError']).value;
    const again = written && attempt(() => reader.readDicm(written), problem).value;
    if (!isDeepStrictEqual(again, file)) problem('written again it is another file');
    let end = 0;
    for (const field of fields) {
      if (field.offset !== end || field.bytes < 1)
        problem(`field ${field.name} lies at ${field.offset}, not ${end}`);
      end = field.offset + field.bytes;
    }
    if (end !== bytes.length) problem(`the fields end at ${end} of ${bytes.length}`);
    for (const { profile } of file.layers ?? []) {
      const stripped = attempt(() => reader.stripLayer(bytes, container.layerNameOf(profile)), problem).value;
      const left = stripped && attempt(() => reader.readDicm(stripped), problem).value;
      if (!isDeepStrictEqual(left?.tiles, file.tiles)) problem('without its view the first layer is another');
    }
  }

  /**
   * Decodes the integers of a layer of the model at hand, and compares them with those that were encoded.
   *
   * @param {LayerHeader & { tiles: TilePayload[] }} layer
   * @param {(text: string) => void} problem
   */
  function decode(layer, problem) {
    if (layer.decodeId !== model.decodeId) return { code: 'model-missing', hash: '' };
    const all = createHash('sha256');
    for (const index of layer.tiles.keys()) {
      const { code, value } = attempt(() => integersOf(model.latents, layer, index), problem);
      if (code === 'integer-mismatch') collisions.reached++;
      if (value === undefined) return { code, hash: '' };
      all.update(value);
      if (known.has(hashOf(value))) continue;
      collisions.reached++;
      collisions.passed++;
    }
    return { code: 'opens', hash: all.digest('hex') };
  }

  /**
   * @param {Uint8Array} bytes
   * @param {(text: string) => void} problem
   */
  async function checkFeatures(bytes, problem) {
    const first = container.readInfo(bytes).header.profile;
    if (first !== 'semantic') return;
    const { y } = await codec.decodeLatents(bytes);
    if (!y.data.every(Number.isFinite)) problem('a latent is no finite number');
    try {
      const { data } = await codec.decodeFeatures(bytes);
      if (!data.every(Number.isFinite)) problem('a feature is no finite number');
    } catch (error) {
      if (!(error instanceof DicmError && error.code === 'bad-features')) throw error;
    }
  }

  return { judge, collisions, costs };
}

/**
 * @template T
 * @typedef {{ code: string, value?: T }} Attempt
 */

/**
 * Tries something with a file. An error that is not the file's is a problem.
 *
 * @template T
 * @param {() => T} action
 * @param {(text: string) => void} problem
 * @param {readonly string[]} more Further classes of errors that may be.
 * @returns {Attempt<T>}
 */
function attempt(action, problem, more = []) {
  try {
    return { code: 'opens', value: action() };
  } catch (error) {
    return { code: codeOf(error, problem, more) };
  }
}

/**
 * @param {() => Promise<unknown>} action
 * @param {(text: string) => void} problem
 */
async function attemptAsync(action, problem) {
  try {
    await action();
    return 'opens';
  } catch (error) {
    return codeOf(error, problem, []);
  }
}

/**
 * @param {unknown} error
 * @param {(text: string) => void} problem
 * @param {readonly string[]} more
 */
function codeOf(error, problem, more) {
  if (error instanceof DicmError) {
    const { code, name } = error;
    const listed = Object.entries(errorClasses).find(([one]) => one === name)?.[1].codes;
    const expected = [...FILE_ERRORS, ...more].includes(name) || code === 'model-missing';
    if (!expected || listed === undefined || !Object.hasOwn(listed, code))
      problem(`${name} ${code}: ${error.message}`);
    return code;
  }
  problem(`an error that is no DicmError: ${error instanceof Error ? error.stack : String(error)}`);
  return 'crash';
}

/**
 * Bytes of all integers of a tile, hyper-latents first.
 *
 * @param {LatentCodec} latents
 * @param {LayerHeader & { tiles: TilePayload[] }} layer
 * @param {number} index
 */
function integersOf(latents, layer, index) {
  const { hyper, latent } = decodeTile(latents, layer, index);
  return Buffer.concat([bytesOf(hyper.symbols), bytesOf(latent.symbols)]);
}

/**
 * @param {{ latents: LatentCodec }} model
 * @param {Uint8Array} bytes
 */
function knownIntegers({ latents }, bytes) {
  const { header, tiles, layers = [] } = container.readDicm(bytes);
  return [{ ...header, tiles }, ...layers].flatMap((layer) =>
    layer.tiles.map((_, index) => hashOf(integersOf(latents, layer, index))),
  );
}

/** @param {Int32Array} values */
function bytesOf({ buffer, byteOffset, byteLength }) {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** @param {Uint8Array} bytes */
function hashOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @param {Uint8Array} bytes */
function keyOf(bytes) {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/**
 * The prefix of a file that has one, or begins with one.
 *
 * @param {Uint8Array} bytes
 */
function prefixKey(bytes) {
  try {
    return [keyOf(container.cutPrefix(bytes))];
  } catch (error) {
    if (error instanceof DicmError) return [];
    throw error;
  }
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { addDigest, joinLayers, readDicm, readInfo, writeDicm } from '#dicm/container/index.js';
import { DicmError } from '#dicm/errors.js';
import { Mulberry32 } from '#dicm/evaluation/mulberry32.js';
import { sha256 } from '#dicm/platform/node/sha256.js';

/** @import { Codec } from '../../src/index.js' */
/** @import { Field, SectionInfo, TilePlace } from '../../src/container/dicm-file.js' */

/**
 * A file that is changed.
 *
 * @typedef {object} Original
 * @property {string} name
 * @property {Uint8Array} bytes
 * @property {boolean} decodes Whether its integers can be decoded: it was written with the model at hand.
 * @property {readonly Field[]} fields Where what lies in it; nothing for a file that is refused.
 * @property {readonly SectionInfo[]} sections
 * @property {readonly TilePlace[]} tiles Of all layers.
 */

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** Sizes of fresh pictures, in pixels: one latent, odd ones, several hyper-latents, two tiles. */
const SIZES = /** @type {const} */ ([
  [1, 1],
  [17, 33],
  [48, 32],
  [64, 64],
  [130, 40],
  [530, 20],
]);

/**
 * The files to change: the fixtures, and fresh ones of a codec with metadata, layers and digests.
 *
 * @param {Codec} codec
 * @param {number} seed
 * @returns {Promise<Original[]>}
 */
export async function makeCorpus(codec, seed) {
  const draw = new Mulberry32(seed);
  /** @type {Original[]} */
  const corpus = [];
  for (const [width, height] of SIZES) {
    const quality = 1 + draw.below(100);
    const { bytes } = await codec.encode(await drawPicture(draw, width, height), {
      quality,
      maxSide: 'none',
    });
    const name = `fresh ${width} x ${height}, quality ${quality}`;
    for (const [kind, variant] of Object.entries(await variantsOf(bytes, draw))) {
      corpus.push(describe(`${name}${kind}`, variant, true));
    }
  }
  // Whole files only: of parts that were cut from files which are not among them, whole ones might be put together.
  for (const folder of ['conformance/valid', 'conformance/digests', 'released']) {
    for (const file of readdirSync(join(FIXTURES, folder)).sort()) {
      if (!file.endsWith('.dicm')) continue;
      corpus.push(
        describe(`${folder}/${file}`, new Uint8Array(readFileSync(join(FIXTURES, folder, file))), false),
      );
    }
  }
  return corpus;
}

/**
 * A file as it is, and with everything that can stand around its tiles.
 *
 * @param {Uint8Array} bytes
 * @param {Mulberry32} draw
 * @returns {Promise<Record<string, Uint8Array>>}
 */
async function variantsOf(bytes, draw) {
  const file = readDicm(bytes);
  const data = (/** @type {number} */ length) => Uint8Array.from({ length }, () => draw.below(256));
  const metadata = writeDicm({
    ...file,
    ancillary: [
      { tag: 0x02, name: 'icc', data: data(40) },
      { tag: 0x03, name: 'exif', data: data(9) },
      { tag: 0x1a, name: '', data: data(200) },
    ],
  });
  // No model has this view: its integers are those of the first layer, and are compared all the same.
  const view = writeDicm({ ...file, header: { ...file.header, profile: 'perceptual' } });
  const layered = joinLayers(metadata, view);
  return {
    '': bytes,
    ', with metadata': metadata,
    ', with a view layer': joinLayers(bytes, view),
    ', with a view layer, metadata and a digest': (await addDigest(layered, sha256)).bytes,
  };
}

/**
 * @param {string} name
 * @param {Uint8Array} bytes
 * @param {boolean} decodes
 * @returns {Original}
 */
function describe(name, bytes, decodes) {
  try {
    const { fields, sections, layers } = readInfo(bytes);
    return { name, bytes, decodes, fields, sections, tiles: layers.flatMap(({ tiles }) => tiles) };
  } catch (error) {
    if (!(error instanceof DicmError)) throw error;
    return { name, bytes, decodes, fields: [], sections: [], tiles: [] };
  }
}

/**
 * A picture as PNG: a gradient and some noise.
 *
 * @param {Mulberry32} draw
 * @param {number} width
 * @param {number} height
 */
async function drawPicture(draw, width, height) {
  const slopes = Array.from({ length: 6 }, () => draw.below(9) - 4);
  const pixels = Buffer.alloc(3 * width * height);
  for (let i = 0; i < pixels.length; i++) {
    const [colour, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const value = 128 + (slopes[colour] ?? 0) * x + (slopes[3 + colour] ?? 0) * y + draw.below(40);
    pixels[i] = Math.max(0, Math.min(255, value));
  }
  return new Uint8Array(
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
}

// Draws docs/overview.png: a photograph, where its bits went, and what was found in the file.
// node scripts/overview.js [PHOTOGRAPH] [--quality Q]; needs a build and the released model.
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { drawOverlay, openCodec } from '#dicm/index.js';
import { loadPicture } from '#dicm/platform/node/pictures/load-picture.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quality: { type: 'string', default: '40' } },
});
const photograph =
  positionals[0] ?? fileURLToPath(new URL('../fixtures/images/chelsea.png', import.meta.url));
const HEIGHT = 240;
const GAP = 16;

/** @import { BitReport } from '../src/index.js' */

/** @param {string} text */
const escapeXml = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/**
 * Bits of each latent position as a grey-to-yellow map, light where much was spent.
 *
 * @param {BitReport} report
 * @param {number} width
 */
async function bitsPicture(report, width) {
  const most = report.positionBits.reduce((a, b) => Math.max(a, b));
  const least = report.positionBits.reduce((a, b) => Math.min(a, b));
  const pixels = Buffer.alloc(report.positionBits.length * 3);
  report.positionBits.forEach((bits, i) => {
    const t = (bits - least) / Math.max(most - least, 1e-9);
    pixels.set([255 * Math.min(1, 1.6 * t), 255 * t * t * 0.9, 90 * (1 - t) + 20], i * 3);
  });
  const raw = { width: report.width, height: report.height, channels: /** @type {const} */ (3) };
  return sharp(pixels, { raw }).resize(width, HEIGHT, { fit: 'fill', kernel: 'nearest' }).png().toBuffer();
}

const codec = await openCodec();
try {
  const { bytes, bpp } = await codec.encode(photograph, { quality: Number(values.quality) });
  const found = await codec.analyze(bytes, { tasks: ['classify', 'segment'], top: 3 });
  const { predictions = [], detections = [] } = found;
  const report = await codec.measureBits(bytes);
  const picture = await loadPicture(photograph, { maxSide: 'none' });
  const width = Math.round((picture.width / picture.height) * HEIGHT);
  const raw = { width: picture.width, height: picture.height, channels: /** @type {const} */ (3) };
  const photo = await sharp(picture.data, { raw }).resize(width, HEIGHT).png().toBuffer();
  const drawn = await drawOverlay({ ...found, detections }, { source: photograph });
  const objects = await sharp(drawn).resize(width, HEIGHT).png().toBuffer();
  const answers = predictions.map(
    ({ label, score }, i) => `
    <rect x="0" y="${102 + 50 * i}" width="${Math.max(3, 250 * score)}" height="14" fill="#0072b2"/>
    <text x="0" y="${94 + 50 * i}" font-size="20" fill="#222">${escapeXml(label)}</text>
    <text x="262" y="${115 + 50 * i}" font-size="17" fill="#222">${score.toFixed(2)}</text>`,
  );
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="${HEIGHT}" font-family="sans-serif">
    <text x="0" y="26" font-size="24" font-weight="bold" fill="#222">${bytes.length} bytes</text>
    <text x="0" y="54" font-size="17" fill="#555">${bpp.toFixed(3)} bit per pixel, read as features:</text>
    ${answers.join('')}</svg>`;
  const total = 3 * width + 320 + 5 * GAP;
  await sharp({ create: { width: total, height: HEIGHT + 2 * GAP, channels: 3, background: '#ffffff' } })
    .composite([
      { input: photo, left: GAP, top: GAP },
      { input: await bitsPicture(report, width), left: width + 2 * GAP, top: GAP },
      { input: objects, left: 2 * width + 3 * GAP, top: GAP },
      { input: Buffer.from(text), left: 3 * width + 4 * GAP, top: GAP },
    ])
    .png({ palette: true })
    .toFile(fileURLToPath(new URL('../docs/overview.png', import.meta.url)));
  console.log(`docs/overview.png: ${basename(photograph)}, ${bytes.length} bytes, ${predictions[0]?.label}`);
} finally {
  await codec.dispose();
}

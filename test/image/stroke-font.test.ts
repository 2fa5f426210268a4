import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { textToSvg, textWidth } from '../../src/image/stroke-font.js';

const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));

/** Pixels of a line of text, dark on white, with space around it. */
async function render(text: string, capHeight: number) {
  const [width, height] = [Math.ceil(textWidth(text, capHeight) + 2 * capHeight), 3 * capHeight];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#fff"/>${textToSvg(text, capHeight, capHeight, capHeight, '#000')}</svg>`;
  const data = await sharp(Buffer.from(svg)).greyscale().raw().toBuffer();
  const dark = (x: number, y: number) => data[y * width + x]! < 128;
  const xs = Array.from({ length: width }, (_, x) => x).filter((x) =>
    Array.from({ length: height }, (_, y) => y).some((y) => dark(x, y)),
  );
  return { data, width, height, left: xs[0] ?? 0, right: xs.at(-1) ?? 0 };
}

describe('strokes', () => {
  test('every printable character has a picture of its own', async () => {
    const seen = new Map<string, string>();
    for (const character of ASCII) {
      const { data, width } = await render(character, 28);
      const key = `${width} ${data.toString('base64')}`;
      expect(seen.get(key), `${character} looks like ${seen.get(key)}`).toBeUndefined();
      seen.set(key, character);
    }
  });

  test('what is drawn stays within the width that is promised', async () => {
    for (const character of ASCII.slice(1)) {
      const { left, right } = await render(character, 28);
      expect(left, character).toBeGreaterThanOrEqual(26);
      expect(right, character).toBeLessThanOrEqual(28 + textWidth(character, 28) + 1);
    }
  });

  test('width goes with height', () => {
    expect(textWidth('person 0.91', 20)).toBeCloseTo(2 * textWidth('person 0.91', 10), 9);
    expect(textWidth('', 10)).toBe(0);
  });

  test('accents are dropped, other scripts become boxes, and nothing gets into the markup', () => {
    expect(textToSvg('é', 0, 0, 10, 'red')).toBe(textToSvg('e', 0, 0, 10, 'red'));
    expect(textToSvg('犬', 0, 0, 10, 'red')).toBe(textToSvg('猫', 0, 0, 10, 'red'));
    expect(textToSvg('constructor', 0, 0, 10, 'red')).not.toContain('function');
    expect(textToSvg('</g><script>&', 0, 0, 10, 'red')).not.toMatch(/script|&/);
  });
});

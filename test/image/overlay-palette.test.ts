import { describe, expect, test } from 'vitest';
import { assignStyles, textColourOn } from '../../src/image/overlay-palette.js';

type Colour = readonly [number, number, number];

// Machado, Oliveira, Fernandes 2009, severity 1: what people with each colour blindness see, in linear RGB.
const SEEN_BY: Record<string, readonly Colour[]> = {
  anyone: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopes: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopes: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopes: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const linear = (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const dot = (row: Colour, colour: readonly number[]) => row.reduce((sum, w, i) => sum + w * colour[i]!, 0);

/** CIE L*a*b* of a colour as seen with some vision. */
function lab(colour: Colour, vision: readonly Colour[]): number[] {
  const rgb = colour.map((value) => linear(value / 255));
  const seen = vision.map((row) => Math.min(1, Math.max(0, dot(row, rgb))));
  const x = dot([0.4124, 0.3576, 0.1805], seen) / 0.9505;
  const y = dot([0.2126, 0.7152, 0.0722], seen);
  const z = dot([0.0193, 0.1192, 0.9505], seen) / 1.089;
  const [fx, fy, fz] = [x, y, z].map((t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116)) as [
    number,
    number,
    number,
  ];
  return [116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)];
}

describe('styles', () => {
  const seven = [...assignStyles([0, 1, 2, 3, 4, 5, 6]).values()].map(({ colour }) => colour);

  test.each(Object.keys(SEEN_BY))('seven colours are told apart by %s', (who) => {
    const seen = seven.map((colour) => lab(colour, SEEN_BY[who]!));
    for (let i = 0; i < seen.length; i++) {
      for (let j = 0; j < i; j++) {
        // Ten is several times what can just be noticed.
        expect(Math.hypot(...seen[i]!.map((value, c) => value - seen[j]![c]!))).toBeGreaterThan(10);
      }
    }
  });

  test('a category keeps its colour unless it is taken', () => {
    const alone = assignStyles([8]).get(8)!.colour;
    const [first, second] = [...assignStyles([8, 15, 8]).values()];
    expect(first!.colour).toEqual(alone);
    expect(assignStyles([15]).get(15)!.colour).toEqual(alone);
    expect(second!.colour).not.toEqual(alone);
  });

  test('the eighth category of a picture has another outline', () => {
    const styles = [...assignStyles(Array.from({ length: 20 }, (_, i) => i + 1)).values()];
    expect(new Set(styles.map((style) => JSON.stringify(style))).size).toBe(20);
    expect(styles.slice(0, 7).every(({ dashes }) => dashes.length === 0)).toBe(true);
    expect(styles[7]!.dashes).not.toEqual([]);
  });

  test('any number is a category', () => {
    expect([...assignStyles([-3, 0, 1e9]).values()].every(({ colour }) => colour.length === 3)).toBe(true);
  });

  test('text on every colour has the contrast that WCAG asks of normal text', () => {
    for (const colour of seven) {
      const luminance = dot(
        [0.2126, 0.7152, 0.0722],
        colour.map((value) => linear(value / 255)),
      );
      const contrast =
        textColourOn(colour) === 'black' ? (luminance + 0.05) / 0.05 : 1.05 / (luminance + 0.05);
      expect(contrast).toBeGreaterThan(4.5);
    }
  });
});

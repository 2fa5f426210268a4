/** How the objects of a category are drawn. */
export interface CategoryStyle {
  /** Red, green, blue. */
  readonly colour: readonly [number, number, number];
  /** Lengths of dashes and gaps of its outline, in widths of the line; empty for a solid one. */
  readonly dashes: readonly number[];
}

/**
 * The colours of Okabe and Ito (https://jfly.uni-koeln.de/color/) but black, in an order that sets neighbours apart:
 * people with any form of colour blindness can tell them from each other.
 */
const COLOURS: readonly CategoryStyle['colour'][] = [
  [230, 159, 0],
  [86, 180, 233],
  [213, 94, 0],
  [0, 158, 115],
  [204, 121, 167],
  [240, 228, 66],
  [0, 114, 178],
];

/** Seven more such colours do not exist, so from the eighth category of a picture on the outlines differ. */
const DASHES: readonly CategoryStyle['dashes'][] = [[], [5, 2.5], [1.5, 2], [6, 2, 1.5, 2]];

/**
 * Gives every category of a picture a style of its own, as far as there are any. A category has the same colour in
 * all pictures unless an earlier one of the picture has taken it.
 *
 * @param categoryIds - In order of precedence; may repeat.
 */
export function assignStyles(categoryIds: readonly number[]): Map<number, CategoryStyle> {
  const styles = new Map<number, CategoryStyle>();
  let taken = new Set<number>();
  for (const id of categoryIds) {
    if (styles.has(id)) continue;
    if (taken.size === COLOURS.length) taken = new Set();
    let index = ((id % COLOURS.length) + COLOURS.length) % COLOURS.length;
    while (taken.has(index)) index = (index + 1) % COLOURS.length;
    taken.add(index);
    const round = Math.floor(styles.size / COLOURS.length) % DASHES.length;
    styles.set(id, { colour: COLOURS[index]!, dashes: DASHES[round]! });
  }
  return styles;
}

/** Black or white: whichever has the higher contrast on a colour (WCAG 2.2, relative luminance). */
export function textColourOn([red, green, blue]: CategoryStyle['colour']): 'black' | 'white' {
  const linear = (value: number) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  return (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) ? 'black' : 'white';
}

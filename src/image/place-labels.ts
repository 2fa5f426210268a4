/** A rectangle, in pixels. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Finds a place for the label of every box: on its upper edge if that is free and inside the picture, else inside
 * it, below it, or further down along it. Earlier boxes choose first.
 *
 * @param boxes - What the labels belong to.
 * @param sizes - Width and height of each label.
 * @returns Places inside the picture as far as they fit into it. Labels lie over each other only where there is no
 *   free place along the box.
 */
export function placeLabels(
  boxes: readonly Rectangle[],
  sizes: readonly { width: number; height: number }[],
  picture: { width: number; height: number },
): Rectangle[] {
  const placed: Rectangle[] = [];
  boxes.forEach((box, i) => {
    const { width, height } = sizes[i]!;
    const x = within(box.x, picture.width - width);
    const candidates = [box.y - height, box.y, box.y + box.height, box.y + box.height - height];
    for (let y = box.y + height; y + height < box.y + box.height; y += height) candidates.push(y);
    const places = candidates
      .filter((y) => y >= 0 && y + height <= picture.height)
      .map((y) => ({ x, y, width, height }));
    const free = places.find((place) => !placed.some((other) => overlap(place, other)));
    placed.push(free ?? places[0] ?? { x, y: within(box.y, picture.height - height), width, height });
  });
  return placed;
}

function within(value: number, most: number): number {
  return Math.max(0, Math.min(value, most));
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return (
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height - 1e-6 && b.y < a.y + a.height - 1e-6
  );
}

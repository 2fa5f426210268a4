import type { DecodedPicture } from 'dicm/browser';

/** Paints a picture in its own size; how large it is shown is for styles to say. */
export function paintPicture(canvas: HTMLCanvasElement, { data, width, height }: DecodedPicture): void {
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    pixels.data[to] = data[from]!;
    pixels.data[to + 1] = data[from + 1]!;
    pixels.data[to + 2] = data[from + 2]!;
    pixels.data[to + 3] = 255;
  }
  canvas.getContext('2d')!.putImageData(pixels, 0, 0);
}

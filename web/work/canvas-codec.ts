import { defaultMaxSide, fitSize } from 'dicm/browser';

/** A photograph in the size in which files of it are compared. */
export interface FittedPicture {
  /**
   * Encodes it with an encoder of the browser.
   *
   * @param type - Of media, for example `image/jpeg`.
   * @param quality - 0 to 100.
   * @returns `undefined` where the browser does not write that type.
   */
  encode(type: string, quality: number): Promise<Uint8Array | undefined>;
}

/** Fits a photograph as dicm does: oriented, 288 pixels on the longer side, white behind what is transparent. */
export async function fitPhotograph(photograph: Blob): Promise<FittedPicture> {
  const whole = await createImageBitmap(photograph);
  const { width, height } = fitSize(whole.width, whole.height, defaultMaxSide);
  const fitted = await createImageBitmap(whole, {
    resizeWidth: width,
    resizeHeight: height,
    resizeQuality: 'high',
  });
  whole.close();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext('2d')!;
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.drawImage(fitted, 0, 0);
  fitted.close();
  return {
    encode: async (type, quality) => {
      const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, quality / 100));
      // A browser that cannot write a type writes PNG.
      if (blob === null || blob.type !== type) return undefined;
      return new Uint8Array(await blob.arrayBuffer());
    },
  };
}

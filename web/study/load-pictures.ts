/** The address of a picture of the site, relative to the page. */
export function pictureAddress(file: string): string {
  return `pictures/${file}.png`;
}

/** Loads and decodes pictures, so that all of them can be shown at once. */
export function loadPictures(files: readonly string[]): Promise<readonly HTMLImageElement[]> {
  return Promise.all(
    files.map(async (file) => {
      const image = new Image();
      image.alt = '';
      image.draggable = false;
      image.src = pictureAddress(file);
      await image.decode();
      return image;
    }),
  );
}

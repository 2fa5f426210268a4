/** What belongs together of the files that came at once. */
export interface FilePair {
  readonly name: string;
  readonly photograph?: File;
  readonly dicm?: File;
}

/** Files by what they are, and those of no kind that the page shows. */
export interface PairedFiles {
  readonly pairs: readonly FilePair[];
  readonly passedOver: readonly File[];
}

/** Kinds of pictures that a browser may be able to read; it says so itself if it is not. */
const PICTURE = /\.(jpe?g|jpe|jfif|png|webp|gif|avif|svg|bmp|tiff?|heic|jxl)$/i;
const DICM = /\.dicm$/i;

/**
 * Puts a photograph and the .dicm file of the same name, up to the extension, beside each other: `cat.jpg` and
 * `cat.dicm`, or `cat.jpg.dicm`. Where several photographs have the name, only the first has the file.
 */
export function pairFiles(files: readonly File[]): PairedFiles {
  const [dicms, photographs, passedOver]: [Map<string, File>, File[], File[]] = [new Map(), [], []];
  const single: File[] = [];
  for (const file of files) {
    if (DICM.test(file.name)) {
      const stem = stemOf(file.name);
      if (dicms.has(stem)) single.push(file);
      else dicms.set(stem, file);
    } else if (PICTURE.test(file.name) || file.type.startsWith('image/')) photographs.push(file);
    else passedOver.push(file);
  }
  const pairs: FilePair[] = photographs.map((photograph) => {
    const stem = [photograph.name, stemOf(photograph.name)].find((name) => dicms.has(name));
    const dicm = stem === undefined ? undefined : dicms.get(stem);
    if (stem !== undefined) dicms.delete(stem);
    return { name: photograph.name, photograph, ...(dicm && { dicm }) };
  });
  for (const dicm of [...dicms.values(), ...single]) pairs.push({ name: dicm.name, dicm });
  return { pairs, passedOver };
}

/** `3 .txt, 1 .zip`: what was passed over, by kind, the most frequent first. */
export function countKinds(files: readonly File[]): string {
  const counts = new Map<string, number>();
  for (const { name } of files) {
    const kind = /\.[^.]+$/.exec(name)?.[0].toLowerCase() ?? 'without extension';
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted.map(([kind, count]) => `${count} ${kind}`).join(', ');
}

function stemOf(name: string): string {
  return name.replace(/\.[^.]+$/, '');
}

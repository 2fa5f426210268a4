/**
 * Turns at the image library. Its errors and warnings go into one list of the process, whatever thread they come from:
 * with several pictures in work the reason of one turns up in the error of another, or nowhere. So pictures are read
 * beside each other, and one that fails is read once more while no other is, for its own reason.
 */
let beside = 0;
let alone = false;
const waiting: { readonly alone: boolean; start(): void }[] = [];

/** Runs what reads a picture beside others that do. Not to be called from within itself. */
export async function besideOthers<T>(work: () => Promise<T>): Promise<T> {
  await turn(false);
  try {
    return await work();
  } finally {
    beside--;
    next();
  }
}

/** Runs what reads a picture while no other is read. Not to be called from within itself, or from the above. */
export async function withNoOther<T>(work: () => Promise<T>): Promise<T> {
  await turn(true);
  try {
    return await work();
  } finally {
    alone = false;
    next();
  }
}

function turn(wantsAlone: boolean): Promise<void> {
  return new Promise((start) => {
    waiting.push({ alone: wantsAlone, start });
    next();
  });
}

/** Starts whatever may start, in the order of arrival, so that nobody waits for ever. */
function next(): void {
  for (let first = waiting[0]; first !== undefined && !alone; first = waiting[0]) {
    if (first.alone && beside > 0) return;
    waiting.shift();
    if (first.alone) alone = true;
    else beside++;
    first.start();
  }
}

/** Lines of the library's log that repeat that something went wrong, and do not say what. */
const GENERIC = [
  /^Warning treated as error/,
  /read error$/,
  /^error in tile/,
  /^source: bad seek/,
  /^read gave \d+ warnings$/,
  /^Unknown error/,
  /^(wbuffer_write|system error)/,
];

/** Name of the operation that speaks: `tiff2vips: `, `VipsJpeg: `. */
const OPERATION = /^(Vips\w+|vips\w+|\w+2vips|\w+load(_\w+)?|webp|heif): /;

/**
 * The line of an error of the image library that says what happened. It hands over its whole log: what happened first
 * at the top, and what stopped it, with the reason, at the end.
 */
export function reasonOf(error: Error): string {
  const lines = error.message
    .split('\n')
    .map((line) =>
      line
        .replace(/^Input (file|buffer) has corrupt header: /, '')
        .replace(OPERATION, '')
        .trim(),
    )
    .filter((line) => line !== '' && !/corrupt header:$/.test(line));
  const telling = lines.filter((line) => !GENERIC.some((pattern) => pattern.test(line)));
  return telling.at(-1) ?? lines.at(-1) ?? 'the image library gives no reason';
}

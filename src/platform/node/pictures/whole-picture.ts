import { ResourceError } from '../../../errors.js';
import type { PictureFormat } from '../../../image/picture-format.js';
import { type DecodedPixels, type Decoding, decodePixels, type FailOn } from './decode-pixels.js';
import { checkJpeg, type JpegReport } from './jpeg-scans.js';
import { besideOthers, reasonOf, withNoOther } from './library-turns.js';
import type { PictureFile } from './picture-file.js';
import { findPngDamage } from './png-chunks.js';
import { SampleRefusal } from './sample-meaning.js';
import { missingPieces, shortOfPixels, type TiffDirectory } from './tiff-directory.js';

/** A picture that is not all there; the message goes on after its name. */
export class PictureDamage extends Error {}

/** What to read, and how. */
export interface WholePicture {
  readonly format: PictureFormat | undefined;
  readonly tiff: TiffDirectory | undefined;
  readonly decoding: Decoding;
  /** Reads what can be read of a damaged picture. */
  readonly tolerateDamage: boolean;
}

/** Pixels, and what is to be said about them. */
interface ReadPixels {
  /** [height][width][3] */
  readonly data: Uint8Array;
  readonly notes: readonly string[];
}

/** A TIFF file larger than this is not copied to clean its directory. */
const MOST_COPIED_BYTES = 2 ** 30;

/** What was found out about a picture that the library does not take without a word. */
type Verdict =
  | { readonly whole: DecodedPixels; readonly notes: readonly string[] }
  | { readonly damage: string };

/** Formats of which the library gives the part before the damage. */
const PARTLY_READ = new Set(['jpeg', 'png', 'gif', 'tiff']);

/**
 * Decodes a picture and makes sure that all of it is there. The image library (libvips 8.18) has four degrees of strictness,
 * and none of them alone is right. What they do, by trial with pictures that were cut, zeroed, changed by a bit, or lost
 * bytes in the middle:
 *
 * - `none` reads whatever it can, without a word in the error.
 * - `truncated` and `error` refuse cut files of every format, changed bytes in PNG and AVIF, which have checksums or notice
 *   by themselves, and broken strips of TIFF. They accept broken and missing *tiles* of TIFF as black, and any damage in
 *   the middle of a JPEG or GIF.
 * - `warning` refuses these too; of JPEG only what makes libjpeg warn (see `checkJpeg`). It takes some harmless files
 *   for damaged: bytes before a marker or an odd Adobe segment in a JPEG, and in a TIFF every tag in the wrong order or
 *   of the wrong length. Oddities of PNG (profiles, gamma, checksums of text), of ICC profiles and of WebP do not matter
 *   to it, nor do bytes after the end.
 * - Damage in the middle of WebP, of uncompressed TIFF and single wrong values in JPEG, GIF or LZW show nowhere: these
 *   formats have no checksums. WebP and AVIF that are cut are refused by all degrees, so nothing of them can be read.
 *
 * So it is `warning` first. What that refuses is looked at once more, alone: a TIFF with its directory cleaned of what
 * does not concern pixels, a JPEG by its blocks and by what libjpeg says. A JPEG that lacks only its end marker is whole.
 *
 * @throws PictureDamage; ResourceError
 * @throws Error of the image library
 */
export async function readWhole(file: PictureFile, picture: WholePicture): Promise<ReadPixels> {
  const { format, tiff, decoding, tolerateDamage } = picture;
  const decode = (failOn: FailOn) => decodePixels(file.input, failOn, decoding);
  // The blocks are counted while the library decodes in a thread of its own.
  const jpegReport =
    format?.reads === 'jpeg'
      ? file.read(0, file.sizeBytes).then((bytes) => checkJpeg(bytes, nextTurn))
      : undefined;
  // Awaited below in any case; an error of the library must not leave this one without a listener.
  jpegReport?.catch(() => undefined);
  let verdict: Verdict;
  try {
    // Known without reading anything: a short file may claim much.
    const short = tiff === undefined ? undefined : await shortOfPixels(tiff, file.sizeBytes);
    if (short !== undefined) throw new PictureDamage(short);
    const strict = await besideOthers(() => decode('warning'));
    const jpeg = await jpegReport;
    verdict =
      jpeg?.damage === undefined ? { whole: strict, notes: jpegNotes(jpeg) } : { damage: jpeg.damage };
  } catch (error) {
    if (error instanceof SampleRefusal || error instanceof ResourceError) throw error;
    verdict =
      error instanceof PictureDamage
        ? { damage: error.message }
        : await withNoOther(() => judge(file, picture, decode, jpegReport));
  }
  if ('whole' in verdict) return { data: verdict.whole.data, notes: verdict.notes };
  const partly = PARTLY_READ.has(format?.reads ?? '');
  if (!tolerateDamage || !partly) {
    const advice =
      partly && !tolerateDamage ? '; tolerateDamage (--tolerate-damage) reads what is there' : '';
    throw new PictureDamage(`is damaged: ${verdict.damage}${advice}`);
  }
  try {
    const { data } = await besideOthers(() => decode('none'));
    return { data, notes: [`damaged: ${verdict.damage}; what could be read was taken`] };
  } catch (error) {
    if (error instanceof ResourceError) throw error;
    throw new PictureDamage(`is damaged, and nothing of it can be read: ${verdict.damage}`);
  }
}

/** Finds out, while no other picture is read, whether one that the library has a word about is damaged. */
async function judge(
  file: PictureFile,
  { format, tiff, decoding }: WholePicture,
  decode: (failOn: FailOn) => Promise<DecodedPixels>,
  jpegReport: Promise<JpegReport> | undefined,
): Promise<Verdict> {
  let failure: Error;
  try {
    return { whole: await decode('warning'), notes: jpegNotes(await jpegReport) };
  } catch (error) {
    if (error instanceof ResourceError) throw error;
    failure = error as Error;
  }
  const reason = reasonOf(failure);
  if (jpegReport !== undefined) return judgeJpeg(await jpegReport, reason, decode);
  if (tiff !== undefined) {
    const missing = await missingPieces(tiff, file.sizeBytes);
    if (missing !== undefined) return { damage: missing };
    // The library tells its own strictness about a warning from an error.
    if (!/^Warning treated as error/m.test(failure.message)) return { damage: reason };
    // The surplus sample has a note of its own.
    const harmless = /ExtraSamples/.test(reason) ? [] : [`${reason}: does not concern pixels`];
    if (file.sizeBytes > MOST_COPIED_BYTES) {
      return {
        whole: await decode('error'),
        notes: [`${reason}: tiles were not checked, the file is too large`],
      };
    }
    try {
      const plain = await tiff.plainCopy(decoding.meaning.surplus);
      return {
        whole: await decodePixels(plain, 'warning', decoding),
        notes: harmless,
      };
    } catch (error) {
      if (error instanceof ResourceError) throw error;
      const other = reasonOf(error as Error);
      // Sizes that are missing are worked out; strips that then are not there are errors to the library.
      if (!/ByteCounts.* calculating/.test(other)) return { damage: other };
      return { whole: await decode('error'), notes: [`${other}: does not concern pixels`] };
    }
  }
  if (format?.reads === 'png') return { damage: (await findPngDamage(file)) ?? reason };
  return { damage: reason };
}

const NO_END_MARKER = 'the end marker of the JPEG is missing; every pixel is there';

/**
 * Whether what libjpeg warns about concerns no pixel, if it warns of nothing else: an Adobe segment it does not know, a newer
 * JFIF, or bytes between the segments before the first scan.
 */
function isHarmless(reason: string, { strayInHeader }: JpegReport): boolean {
  return /Adobe color transform|JFIF/.test(reason) || (strayInHeader && /extraneous bytes/.test(reason));
}

/** libjpeg hands out its first warning and the number of all. */
async function judgeJpeg(
  jpeg: JpegReport,
  reason: string,
  decode: (failOn: FailOn) => Promise<DecodedPixels>,
): Promise<Verdict> {
  if (jpeg.damage !== undefined) return { damage: jpeg.damage };
  const lenient = await decode('none').catch(() => undefined);
  if (lenient === undefined) return { damage: reason };
  const numbers = lenient.warnings.map((warning) =>
    Number(/read gave (\d+) warnings/.exec(warning)?.[1] ?? 0),
  );
  const onlyOne = Math.max(...numbers, 0) <= 1;
  if (!jpeg.endMarker) {
    if (jpeg.blocksCounted) return { whole: lenient, notes: [NO_END_MARKER] };
    if (!jpeg.refined) return { damage: 'it ends before its last scans' };
    return onlyOne ? { whole: lenient, notes: [NO_END_MARKER] } : { damage: 'it ends within its last scan' };
  }
  if (jpeg.blocksCounted || (onlyOne && isHarmless(reason, jpeg))) {
    const notes = [`${reason}: does not concern pixels`];
    return { whole: lenient, notes: [...notes, ...jpegNotes(jpeg)] };
  }
  return { damage: reason.replace(/^Corrupt JPEG data: /, '') };
}

function jpegNotes(jpeg: JpegReport | undefined): string[] {
  return jpeg?.refined === false
    ? ['the last scans are not in the JPEG: the picture is coarser than it was made']
    : [];
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

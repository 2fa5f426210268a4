import type { Metadata } from 'sharp';
import { CAMERA_RAW, type PictureFormat } from '../../../image/picture-format.js';
import { describeBoxColours } from './avif-colours.js';
import type { PictureFile } from './picture-file.js';
import { describePngColours } from './png-chunks.js';
import { TAG, type TiffDirectory } from './tiff-directory.js';

/** What the samples of a picture mean, where that is not for the image library to say. */
export interface SampleMeaning {
  /** Whether samples are floating-point numbers, from 0 for black to 1 for white. */
  readonly float: boolean;
  /** Whether there is an additional sample that is no alpha, although the image library would take it for one. */
  readonly surplus: boolean;
  /** What cannot be taken at its meaning, in words. */
  readonly notes: readonly string[];
}

/** A picture whose samples cannot be taken at their meaning: the result would be useless. */
export class SampleRefusal extends Error {
  readonly advice: string;

  /**
   * @param reason - Of the picture: `has samples of 32 bits`.
   * @param advice - What to do.
   */
  constructor(reason: string, advice: string) {
    super(reason);
    this.advice = advice;
  }
}

/**
 * Looks at what the samples of a picture mean, where the image library would take them for something else: it reads
 * samples as unsigned integers, the first additional one as alpha, and all colours that have no profile as sRGB.
 *
 * @param tiff - What its directory says, if it is a TIFF file.
 */
export async function readSampleMeaning(
  file: PictureFile,
  format: PictureFormat | undefined,
  metadata: Metadata,
  tiff: SampleMeaning | undefined,
): Promise<SampleMeaning> {
  const notes: string[] = [];
  if (format?.reads === 'png') notes.push(...(await describePngColours(file)));
  if (format?.reads === 'avif' && metadata.icc === undefined) notes.push(...(await describeBoxColours(file)));
  if (metadata.icc !== undefined && !isProfile(metadata.icc)) {
    notes.push('the colour profile is damaged and was not applied: colours are taken as if there were none');
  } else if (metadata.space === 'cmyk' && metadata.icc === undefined) {
    notes.push(
      'CMYK without a colour profile: converted by a common one, colours may differ from what was meant',
    );
  }
  if (tiff === undefined) return { float: false, surplus: false, notes };
  if (tiff.float && metadata.icc !== undefined) notes.push('the colour profile was not applied to numbers');
  return { ...tiff, notes: [...tiff.notes, ...notes] };
}

/** Whether bytes are an ICC profile as far as its header tells: size and signature (ICC.1, section 7.2). */
function isProfile(bytes: Uint8Array): boolean {
  if (bytes.length < 132) return false;
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return size <= bytes.length && Buffer.from(bytes.subarray(36, 40)).toString('latin1') === 'acsp';
}

/** Values of PhotometricInterpretation: how many samples are colours; others are refused or raw files. */
const COLOURS: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3 };

/** What to do about samples that are no unsigned integers of up to 16 bits. */
export const TO_UNSIGNED = 'convert it to 8 or 16 unsigned bits a sample first';

/**
 * What the samples of a TIFF file mean (TIFF 6.0; ExtraSamples, SampleFormat: sections 18 and 19). To be asked before the
 * library, which refuses some kinds with words of its own.
 *
 * @throws SampleRefusal
 */
export async function readTiffMeaning(tiff: TiffDirectory): Promise<SampleMeaning> {
  const samples = (await tiff.number(TAG.samples)) ?? 1;
  const photometric = (await tiff.number(TAG.photometric)) ?? (samples < 3 ? 1 : 2);
  if (await isCameraRaw(tiff, photometric))
    throw new SampleRefusal(`is ${CAMERA_RAW.name}`, CAMERA_RAW.advice!);
  const bits = Math.max(...((await tiff.numbers(TAG.bits)) ?? [1]));
  const [kind, ...kinds] = (await tiff.numbers(TAG.sampleFormat)) ?? [1];
  const colours = COLOURS[photometric];
  if (colours === undefined) {
    throw new SampleRefusal(
      `has colours of a kind that is not read, PhotometricInterpretation ${photometric}`,
      TO_UNSIGNED,
    );
  }
  if (photometric === 8 && bits === 8)
    throw new SampleRefusal('has L*a*b* colours in 8 bits', 'convert it to RGB first');
  const compression = await tiff.number(TAG.compression);
  if (photometric === 6 && compression !== 6 && compression !== 7) {
    throw new SampleRefusal('has YCbCr colours that are not coded as JPEG', 'convert it to RGB first');
  }
  if (kinds.some((other) => other !== kind))
    throw new SampleRefusal('has samples of several kinds', TO_UNSIGNED);
  if (kind === 2)
    throw new SampleRefusal(
      `has signed samples of ${bits} bits, in which no value is known to be white`,
      TO_UNSIGNED,
    );
  if (kind === 5 || kind === 6) throw new SampleRefusal('has complex numbers as samples', TO_UNSIGNED);
  if (kind === 3 && (bits !== 32 || photometric > 2 || photometric === 0)) {
    throw new SampleRefusal(`has floating-point samples of ${bits} bits in this form`, TO_UNSIGNED);
  }
  if (kind !== 3 && bits > 16) throw new SampleRefusal(`has samples of ${bits} bits`, TO_UNSIGNED);
  const extra = samples - colours;
  if (extra > 1) {
    throw new SampleRefusal(
      `has ${samples} samples a pixel, more than ${colours === 1 ? 'grey' : 'the colours'} and one alpha`,
      'keep only those that make the picture',
    );
  }
  const notes: string[] = [];
  const [meansAlpha = 0] = extra === 1 ? ((await tiff.numbers(TAG.extraSamples)) ?? []) : [1];
  if (meansAlpha === 0) {
    notes.push(`the last of ${samples} samples a pixel is not said to be alpha and was left out`);
  }
  if (kind === 3) {
    notes.push('floating-point samples taken as 0 for black to 1 for white');
  }
  return { float: kind === 3, surplus: meansAlpha === 0, notes };
}

/**
 * Whether a TIFF file is a camera's raw file, of which the library would take the small preview for the picture: DNG, a
 * mosaic of colour filters, or a first picture that says it is a reduced one with the others below it (NEF, ARW and more).
 */
async function isCameraRaw(tiff: TiffDirectory, photometric: number): Promise<boolean> {
  if (photometric === 32803 || photometric === 34892) return true;
  if (tiff.has(TAG.dngVersion)) return true;
  const reduced = (((await tiff.number(TAG.kind)) ?? 0) & 1) === 1;
  return reduced && tiff.has(TAG.subDirectories);
}

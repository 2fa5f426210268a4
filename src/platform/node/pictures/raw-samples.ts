import { SampleRefusal, TO_UNSIGNED } from './sample-meaning.js';

/** By so much samples may leave their range: what a filter leaves at an edge. Beyond, they are on another scale. */
const RANGE_TOLERANCE = 0.01;

/**
 * The colours of pixels without their last sample.
 *
 * @param samples - [pixels][channels], 4 channels or 2.
 * @returns [pixels][3]
 */
export function keepColours(samples: Uint8Array, channels: number): Uint8Array {
  const pixels = samples.length / channels;
  const colours = new Uint8Array(pixels * 3);
  const step = channels < 3 ? 0 : 1;
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) colours[3 * i + c] = samples[channels * i + c * step]!;
  }
  return colours;
}

/**
 * The colours of pixels in floating point, 0 to 1, as 0 to 255; on white where they are transparent.
 *
 * @param samples - [pixels][channels]: grey or colours, and perhaps one sample more.
 * @param surplus - Whether that sample is no alpha.
 * @returns [pixels][3]
 * @throws SampleRefusal when samples are on another scale: a picture of them would be black, white, or neither.
 */
export function floatColours(samples: Float32Array, channels: number, surplus: boolean): Uint8Array {
  const grey = channels < 3;
  const used = grey ? 1 : 3;
  const alphaAt = channels === used || surplus ? undefined : used;
  const pixels = samples.length / channels;
  const colours = new Uint8Array(pixels * 3);
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < pixels; i++) {
    const alpha = alphaAt === undefined ? 1 : samples[channels * i + alphaAt]!;
    for (let c = 0; c < 3; c++) {
      const value = samples[channels * i + (grey ? 0 : c)]!;
      if (!Number.isFinite(value * alpha)) {
        throw new SampleRefusal('has floating-point samples that are no numbers', TO_UNSIGNED);
      }
      if (value < least) least = value;
      if (value > most) most = value;
      const onWhite = value * alpha + (1 - alpha);
      colours[3 * i + c] = Math.round(255 * Math.min(1, Math.max(0, onWhite)));
    }
  }
  if (least < -RANGE_TOLERANCE || most > 1 + RANGE_TOLERANCE) {
    const range = `${Number(least.toPrecision(4))} to ${Number(most.toPrecision(4))}`;
    throw new SampleRefusal(
      `has floating-point samples from ${range}, where 0 is black and 1 is white`,
      'scale them, or convert it to 8 or 16 unsigned bits a sample first',
    );
  }
  return colours;
}

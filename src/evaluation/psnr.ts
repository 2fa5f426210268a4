import { UsageError } from '../errors.js';

/**
 * Peak signal-to-noise ratio of 8-bit samples in decibels: 10 log10(255^2 / MSE), the squared error averaged over all
 * samples of all channels. Of RGB this is the figure of learned compression (CompressAI, Kodak), which video coding's
 * figure for luma does not compare with.
 *
 * @returns Infinity for samples that are the same.
 * @throws UsageError `length-mismatch`
 */
export function psnr(reference: Uint8Array, test: Uint8Array): number {
  if (reference.length !== test.length || reference.length === 0) {
    throw new UsageError(
      'length-mismatch',
      `two pictures to compare have ${reference.length} and ${test.length} samples; give as many of both`,
    );
  }
  let sum = 0;
  for (let i = 0; i < reference.length; i++) sum += (reference[i]! - test[i]!) ** 2;
  return 10 * Math.log10((255 ** 2 * reference.length) / sum);
}

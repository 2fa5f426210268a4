import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BackendError } from '../../errors.js';
import { findProgram, runProgram, withFiles } from '../codecs/external-program.js';
import type { CodecHooks, Pixels } from '../codecs/picture-codec.js';
import { writePixmap } from '../codecs/portable-pixmap.js';

/** libjxl's program for comparisons, which Debian has in libjxl-devtools; it says no version. */
const PROGRAM = 'butteraugli_main';

/** Butteraugli by its program. */
export interface Butteraugli {
  /** Identifies its figures: a hash of the program. */
  readonly id: string;
  /**
   * Distance of two pictures of one size, 0 for the same: the 3-norm of the differences over the picture, as its authors
   * compare codecs. The largest difference, which the program says too, is that of one place.
   *
   * @throws BackendError `program-failed`
   */
  distance(reference: Pixels, test: Pixels, hooks: CodecHooks): Promise<number>;
}

/**
 * Looks for Butteraugli.
 *
 * @param searchPath - Folders to look in, as in `$PATH`.
 * @returns What is missing where it is not there.
 */
export async function findButteraugli(
  searchPath: string,
): Promise<Butteraugli | { readonly reason: string }> {
  const path = await findProgram(PROGRAM, searchPath);
  if (path === undefined) return { reason: `no ${PROGRAM} on the PATH (Debian has it in libjxl-devtools)` };
  const hash = createHash('sha256').update(await readFile(path));
  return {
    id: hash.digest('hex').slice(0, 16),
    distance: (reference, test, hooks) =>
      withFiles(async ({ write }) => {
        const [a, b] = [
          await write('a.ppm', writePixmap(reference)),
          await write('b.ppm', writePixmap(test)),
        ];
        const { stdout } = await runProgram(path, [a, b, '--pnorm', '3'], { signal: hooks.signal });
        const said = /^3-norm: ([\d.e+-]+)$/m.exec(stdout)?.[1];
        if (said === undefined || !Number.isFinite(Number(said))) {
          throw new BackendError(
            'program-failed',
            `${PROGRAM} said no 3-norm: ${stdout.trim().slice(0, 200)}`,
          );
        }
        return Number(said);
      }),
  };
}

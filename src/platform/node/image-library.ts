import { BackendError } from '../../errors.js';
import { nameShortage } from '../../shortage.js';

/** What brings the native part of the image library, for messages. */
const ADVICE =
  'Its native part is an optional package, which npm leaves out with --omit=optional: ' +
  'npm install --include=optional sharp brings it';

/**
 * Loads a module that needs the image library.
 *
 * @throws BackendError `no-image-library` where it was left out, or does not load here
 * @throws ResourceError
 */
export async function withImageLibrary<Module>(load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    const shortage = nameShortage(cause);
    if (shortage !== cause || !isAboutLibrary(cause)) throw shortage;
    throw new BackendError(
      'no-image-library',
      `the image library sharp cannot be loaded on ${process.platform}-${process.arch}, so pictures can be neither read nor ` +
        `drawn; .dicm files can be decoded and analysed all the same. ${ADVICE}`,
      [],
      { cause },
    );
  }
}

/** What `dicm doctor` says about the image library. */
export interface ImageLibraryProbe {
  /** Whether pictures can be read and drawn. */
  readonly ok: boolean;
  /** Why not; or what it is built on. */
  readonly reason: string;
  readonly version?: string;
}

/** Loads the image library and says whether that works. */
export async function probeImageLibrary(): Promise<ImageLibraryProbe> {
  try {
    const { default: sharp } = await withImageLibrary(() => import('sharp'));
    return { ok: true, reason: `libvips ${sharp.versions.vips}`, version: sharp.versions.sharp };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return { ok: false, reason: error.message };
  }
}

/** The library's own words where its native part is missing; Node's where the library is. */
function isAboutLibrary(cause: unknown): boolean {
  const { message, code } = cause as NodeJS.ErrnoException;
  if (/could not load the "sharp" module/i.test(message)) return true;
  return (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && message.includes('sharp');
}

import { DicmError, ResourceError } from './errors.js';

/** Codes of the system, with the limit that was met and what to do. */
const OPEN_FILES: Readonly<Record<string, string>> = {
  EMFILE: 'the limit of this process on open files, `ulimit -n`, is used up; raise it (`ulimit -n 4096`)',
  ENFILE: "the system's limit on open files, fs.file-max, is used up; close other programs, raise it",
};

const FEWER_JOBS = 'or take fewer files at a time (`--jobs 1`)';

const LESS_MEMORY =
  'fit pictures to fewer pixels (`maxSide`, `--max-side`), take fewer files at a time (`--jobs 1`), or lower `maxSourcePixels`, ' +
  '`maxHeldPixels` or `maxArrayBytes` (`limits`, `--limit NAME=NUMBER`), so that what is too large here is refused';

const MORE_ADDRESSES =
  'where `ulimit -v` is set, WebAssembly needs 20 GiB of addresses, or NODE_OPTIONS=--disable-wasm-trap-handler';

/**
 * What V8, Node, WebAssembly, the native libraries and the system say when memory cannot be had, or more of it than an
 * array or a string can be. A negative length is none of these, but somebody's mistake.
 */
const OUT_OF_MEMORY = [
  /^Array buffer allocation failed/,
  /^Invalid typed array length: [1-9]/,
  /^Invalid array (buffer )?length/,
  /^Invalid string length/,
  /^(Map|Set) maximum size exceeded/,
  /^Cannot create a string longer than/,
  /^The value of "(size|length)" is out of range\..* Received [1-9]/,
  /^WebAssembly\.(Memory|Memory\.grow|instantiate|Instance)\(\): .*(allocate|grow|memory size exceeded|out of memory)/i,
  /^Aborted\(OOM\)/,
  /\bout of memory\b/i,
  /cannot allocate memory/i,
  /not enough memory/i,
  /failed to allocate memory/i,
  /insufficient memory/i,
  /memory allocation failed/i,
  // Not where a decoder finds that a file claims too much.
  /memory allocation error(?!: security)/i,
  /failed to map segment/i,
  /\b(std::)?bad_alloc\b|\bbad allocation\b/i,
  /\bOOM when allocating\b/,
  /RESOURCE_EXHAUSTED/,
];

/** What says that no thread or program can be started: a limit on their number, or memory. */
const TOO_MANY_THREADS = [
  /creating thread: resource temporarily unavailable/i,
  /^spawn .*EAGAIN/,
  /pthread_create/,
];

/** What the loader of native libraries says, which gives no code. */
const TOO_MANY_FILES = [/too many open files/i];

/**
 * The error for what a machine ran out of, memory, open files or threads, whoever noticed it: so that no input, output or program
 * is blamed for it. Everything else comes back as it is.
 *
 * @param error - Anything that was thrown.
 */
export function nameShortage(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DicmError) return error;
  const { code, message, syscall } = error as Error & { code?: unknown; syscall?: unknown };
  // The system says by a code what it lacks; in its words stands the name of a file, which may be any.
  const isCoded = syscall !== undefined && code !== 'EAGAIN';
  const said = (patterns: readonly RegExp[]) => (isCoded ? undefined : lineSaying(message, patterns));
  const openFiles = OPEN_FILES[String(code)] ?? (said(TOO_MANY_FILES) && OPEN_FILES.EMFILE);
  if (openFiles !== undefined) {
    return new ResourceError('too-many-open-files', `too many files are open: ${openFiles}, ${FEWER_JOBS}`, {
      cause: error,
    });
  }
  const threads = said(TOO_MANY_THREADS);
  if (threads !== undefined) {
    return new ResourceError(
      'too-many-threads',
      `no further thread or program can be started (${threads}): the limit on their number, \`ulimit -u\`, or memory is used up; ` +
        'take fewer files at a time (`--jobs 1`), with fewer threads (`--threads 1`), or raise the limit',
      { cause: error },
    );
  }
  const memory = code === 'ENOMEM' ? message : said(OUT_OF_MEMORY);
  return memory === undefined ? error : outOfMemory(memory, error);
}

/**
 * The error for memory that cannot be had.
 *
 * @param said - What noticed it, in its own words.
 */
export function outOfMemory(said: string, cause?: Error): ResourceError {
  // It reserves 8 GiB of addresses and more for each memory, where nothing of it is used yet.
  const advice = /^WebAssembly/.test(said) ? `${MORE_ADDRESSES}; ${LESS_MEMORY}` : LESS_MEMORY;
  return new ResourceError('out-of-memory', `there is not enough memory (${said}); ${advice}`, {
    cause,
  });
}

/** The line of a message that says one of these things. */
function lineSaying(message: string, patterns: readonly RegExp[]): string | undefined {
  const lines = message.split('\n').map((line) => line.trim());
  return lines.find((line) => patterns.some((pattern) => pattern.test(line)));
}

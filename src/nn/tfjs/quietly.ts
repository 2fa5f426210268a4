/**
 * Runs `load` with the console's notices switched off: TensorFlow.js greets when it is imported, recommends other
 * packages, and warns that kernels shared by two of its packages are registered twice.
 *
 * @param warned - Takes what was warned of: the reason, where a backend does not start.
 */
export async function quietly<T>(load: () => Promise<T>, warned: string[] = []): Promise<T> {
  const { log, info, warn } = console;
  const silent = () => {};
  Object.assign(console, { log: silent, info: silent, warn: (text: unknown) => warned.push(String(text)) });
  try {
    return await load();
  } finally {
    Object.assign(console, { log, info, warn });
  }
}

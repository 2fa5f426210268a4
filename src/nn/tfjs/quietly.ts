/**
 * Runs `load` with the console's notices switched off: TensorFlow.js greets when it is imported, recommends other
 * packages, and warns that kernels shared by two of its packages are registered twice.
 */
export async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const { log, info, warn } = console;
  const silent = () => {};
  Object.assign(console, { log: silent, info: silent, warn: silent });
  try {
    return await load();
  } finally {
    Object.assign(console, { log, info, warn });
  }
}

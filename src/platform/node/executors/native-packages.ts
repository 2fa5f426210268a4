/**
 * Imports a CommonJS package by name. The name comes as a value, so that the compiler does not insist on finding
 * packages that are optional. Node detects most names a CommonJS module exports, but not all ways to export them;
 * the module itself is then the default export.
 *
 * @param exported - a name the module must have
 */
export async function importCommonJs<T extends object>(packageName: string, exported: keyof T): Promise<T> {
  const imported = (await import(packageName)) as T & { default?: T };
  return exported in imported ? imported : imported.default!;
}

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

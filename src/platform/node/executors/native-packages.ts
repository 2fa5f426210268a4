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

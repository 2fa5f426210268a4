/** All files of fixtures/conformance: path relative to it, and content. */
export function conformanceFiles(): Map<string, Uint8Array>;

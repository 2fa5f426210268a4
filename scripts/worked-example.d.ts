import type { DicmInfo } from '../src/container/dicm-file.js';

/**
 * The page about one file.
 *
 * @param name - Path of the file from the repository root.
 * @param bytes - The file.
 * @param info - What `readInfo` says about it.
 */
export function workedExample(name: string, bytes: Uint8Array, info: DicmInfo): string;

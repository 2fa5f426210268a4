import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FormatError, UsageError } from '../errors.js';
import type { Study } from './study-format.js';

/** Name of the file that says which picture is which. */
const STUDY_FILE = 'study.json';

/**
 * Finds the `study.json` that results belong to: in the folder of one of them, or above it.
 *
 * @throws UsageError `study-missing`
 */
export async function findStudy(results: readonly string[]): Promise<string> {
  for (const result of results) {
    let folder = dirname(resolve(result));
    for (;;) {
      const path = join(folder, STUDY_FILE);
      if ((await readFile(path).catch(() => undefined)) !== undefined) return path;
      const above = dirname(folder);
      if (above === folder) break;
      folder = above;
    }
  }
  throw new UsageError(
    'study-missing',
    `no ${STUDY_FILE} is in the folders of the results or above them; name that of the study with --study`,
  );
}

/** @throws FormatError `file-missing`, `file-unreadable`, `bad-study-file` */
export async function readStudy(path: string): Promise<Study> {
  const study = (await readJson(path, 'bad-study-file')) as Partial<Study> | null;
  if (study?.schema !== 'dicm.study/1' || typeof study.id !== 'string') {
    throw new FormatError(
      'bad-study-file',
      `${path}: expected a study of dicm.study/1, found ${nameOf(study)}; give the ${STUDY_FILE} that dicm study make wrote`,
    );
  }
  return study as Study;
}

/**
 * Reads a file of JSON.
 *
 * @param code - Of the error where it is none.
 * @throws FormatError `file-missing`, `file-unreadable`, and `code`
 */
export async function readJson(path: string, code: 'bad-study-file' | 'bad-study-result'): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new FormatError(
      isMissing ? 'file-missing' : 'file-unreadable',
      `${path}: ${isMissing ? 'no such file' : (cause as Error).message}`,
      {},
      { cause },
    );
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(code, `${path}: no JSON: ${(cause as Error).message}`, {}, { cause });
  }
}

/** What a value is, for messages: its schema where it has one. */
export function nameOf(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'schema' in value) return String(value.schema);
  return value === null || Array.isArray(value) || typeof value !== 'object'
    ? `${JSON.stringify(value)?.slice(0, 40)}`
    : 'an object without a schema';
}

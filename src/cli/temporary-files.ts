import { rmSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { nameOfBytes, toPath } from './file-names.js';

const SUFFIX = '.tmp-dicm';

/** A file that is written to at least once in this time is not left over, whoever writes it. */
const LEFT_OVER_AFTER_MS = 60 * 60 * 1000;

/** Of other machines' processes nobody here knows whether they are gone. */
const FOREIGN_AFTER_MS = 24 * LEFT_OVER_AFTER_MS;

/** Letters of the output's name that a temporary one shows: a name has at most 255 bytes, a letter up to four. */
const SHOWN_LETTERS = 40;

/** Temporary files that exist at this moment. */
const unfinished = new Set<string>();

/** Folders that this run has looked through. */
const tidied = new Set<string>();

/** Removes every temporary file at once; safe inside a signal handler. */
export function removeUnfinishedFiles(): void {
  for (const path of unfinished) rmSync(toPath(path), { force: true });
  unfinished.clear();
}

/**
 * Lends a name, in the folder of `target`, under which a file is written before it gets its own. The file is removed
 * afterwards, if it is still there, and after an interruption. The name says which process writes it, so that a later run
 * can tell a file that was left over from one that is being written.
 */
export async function withTemporary<R>(target: string, write: (path: string) => Promise<R>): Promise<R> {
  const folder = dirname(target);
  const shown = Array.from(basename(target)).slice(0, SHOWN_LETTERS).join('');
  // Chance only avoids accidents; that the file is a new one is what opening it with `wx` makes sure of.
  const chance = Math.random().toString(36).slice(2, 8);
  const path = join(folder, `.${shown}.${machine()}-${process.pid}-${chance}${SUFFIX}`);
  await tidy(folder);
  unfinished.add(path);
  try {
    return await write(path);
  } finally {
    await rm(toPath(path), { force: true }).catch(() => undefined);
    unfinished.delete(path);
  }
}

/** Removes what processes that were killed have left in a folder, once a run. What cannot be removed stays. */
async function tidy(folder: string): Promise<void> {
  if (tidied.has(folder)) return;
  tidied.add(folder);
  const names = await readdir(toPath(folder), { encoding: 'buffer' }).catch(() => []);
  for (const bytes of names) {
    const name = nameOfBytes(bytes);
    if (!name.startsWith('.') || !name.endsWith(SUFFIX)) continue;
    const path = toPath(join(folder, name));
    const status = await stat(path).catch(() => undefined);
    if (status?.isFile() && isLeftOver(name, Date.now() - status.mtimeMs)) {
      await rm(path, { force: true }).catch(() => undefined);
    }
  }
}

/**
 * Whether a temporary file is of no use to anybody any more.
 *
 * @param ageMs - Time since it was written to.
 */
export function isLeftOver(name: string, ageMs: number): boolean {
  if (ageMs < LEFT_OVER_AFTER_MS) return false;
  // Names of version 0.3.0 did not say who writes them.
  const [, place, pid] = /\.([0-9a-f]{6})-(\d+)-\w+\.tmp-dicm$/.exec(name) ?? [];
  if (place === undefined) return true;
  return place === machine() ? !isRunning(Number(pid)) : ageMs >= FOREIGN_AFTER_MS;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process may not be signalled, but is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Tells the machines apart that write into a shared folder: a hash (FNV-1a) of the machine's name, 6 digits. */
function machine(): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(hostname())) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 8).toString(16).padStart(6, '0');
}

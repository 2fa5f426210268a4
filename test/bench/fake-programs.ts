import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/**
 * A folder with shell scripts in place of codecs' programs, removed after the tests of the file.
 *
 * @param scripts - Script by name. Inside, `option X "$@"` prints the value after the argument X.
 * @returns The folder, for a PATH.
 */
export function fakePrograms(scripts: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'dicm-fake-'));
  mkdirSync(folder, { recursive: true });
  const option = 'option() { want=$1; shift; while [ "$1" != "$want" ]; do shift; done; printf %s "$2"; }';
  for (const [name, body] of Object.entries(scripts)) {
    const path = join(folder, name);
    writeFileSync(
      path,
      `#!/bin/sh\n${option}\ncase "$*" in --version|-h|--help) echo "${name} 1.2.3"; exit;; esac\n${body}\n`,
    );
    chmodSync(path, 0o755);
  }
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Shell that prints bytes, for fake programs. */
export function printBytes(bytes: readonly number[]): string {
  return `printf '${bytes.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}'`;
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/link-tensorflow.js', import.meta.url));
const link = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });

test.skipIf(process.platform === 'win32')(
  'the link script says in one line what is wrong and changes nothing',
  () => {
    const empty = mkdtempSync(join(tmpdir(), 'dicm-link-'));
    try {
      for (const [args, message] of [
        [[empty], 'c_api.h does not exist'],
        [['--python', join(empty, 'python')], 'cannot be run'],
        [[empty, empty], 'one folder at most'],
      ] as const) {
        const { status, stdout, stderr } = link(...args);
        expect(status).toBe(1);
        expect(stdout).toBe('');
        expect(stderr).toMatch(/^link-tensorflow: [^\n]+\n$/);
        expect(stderr).toContain(message);
      }
    } finally {
      rmSync(empty, { recursive: true });
    }
  },
);

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.js';
import { fakeTerminal } from './fake-terminal.js';
import { scratchFolder } from './run-cli.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
const folder = scratchFolder();

async function completion(shell: string): Promise<string> {
  const terminal = fakeTerminal();
  expect(await main(['completion', shell], terminal)).toBe(0);
  expect(terminal.written.stderr).toBe('');
  return terminal.written.stdout;
}

const has = (shell: string) => spawnSync(shell, ['--version']).error === undefined;
const place = (shell: string) => join(folder, `dicm.${shell}`);

beforeAll(async () => {
  for (const shell of SHELLS) writeFileSync(place(shell), await completion(shell));
  writeFileSync(join(folder, 'photo one.jpg'), '');
  writeFileSync(join(folder, 'bits.txt'), '');
  mkdirSync(join(folder, 'photos'));
});

/** Every command, and the options that its help names: what must be found again. */
const helpFolder = join(import.meta.dirname, 'help');
const helps = readdirSync(helpFolder).map((name) => {
  const text = readFileSync(join(helpFolder, name), 'utf8');
  const options = text.match(/(?<=^ {2}(?:-\w, )?)--[a-z-]+/gm) ?? [];
  return { command: name.replace('.txt', '').replaceAll('-', ' '), options };
});

describe.each(SHELLS)('completion of %s', (shell) => {
  test('knows every command and every option of it', () => {
    const script = readFileSync(place(shell), 'utf8');
    const at = {
      bash: (path: string) => `'${path}')`,
      zsh: (path: string) => `'${path}')`,
      fish: (path: string) => `__dicm_at ${path}'`,
    };
    for (const { command, options } of helps) {
      const lines = script.split('\n').filter((line) => line.includes(at[shell](command)));
      expect(lines.length, command).toBeGreaterThan(0);
      for (const option of options) {
        const written = shell === 'fish' ? `-l ${option.slice(2)} ` : option;
        expect(
          lines.some((line) => line.includes(written)),
          `${command} ${option}`,
        ).toBe(true);
      }
    }
    expect(helps.length).toBeGreaterThan(18);
  });

  test.skipIf(!has(shell))('is a script that the shell takes', () => {
    const { status, stderr } = spawnSync(shell, ['-n', place(shell)], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });
});

/** What is offered for a line, by the words of it; of a word in progress the last is the beginning. */
const OFFERS: readonly [string, readonly string[]][] = [
  ['dicm enc', ['encode']],
  ['dicm encode --max-s', ['--max-side']],
  ['dicm --json encode --target-b', ['--target-bpp', '--target-bytes']],
  ['dicm encode --backend ', ['auto', 'onnx', 'tensorflow', 'wasm']],
  ['dicm encode --backend=w', ['wasm']],
  ['dicm analyze d', ['detect']],
  ['dicm analyze classify --to', ['--top']],
  ['dicm inspect bit', ['bits.txt', 'bitstream']],
  ['dicm completion ', ['bash', 'fish', 'zsh']],
  ['dicm help verif', ['verify']],
  ['dicm models ', ['export']],
];

test.skipIf(!has('bash')).each(OFFERS)('bash offers for %j: %j', (line, offers) => {
  // Readline takes = for a word of its own.
  const words = line
    .replace('=', ' = ')
    .split(' ')
    .map((word) => `'${word}'`);
  const program = `source '${place('bash')}'; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}
_dicm; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', program], { cwd: folder, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(
    stdout
      .split('\n')
      .filter((word) => word !== '')
      .sort(),
  ).toEqual(offers);
});

test.skipIf(!has('bash'))(
  'bash is left to complete names of files where they are wanted, spaces and all',
  () => {
    const spec = spawnSync('bash', ['-c', `source '${place('bash')}'; complete -p dicm`], {
      encoding: 'utf8',
    });
    expect(spec.stdout).toBe('complete -o default -F _dicm dicm\n');
    for (const line of ['dicm encode pho', 'dicm encode -o ', 'dicm encode -- --q']) {
      const words = line.split(' ').map((word) => `'${word}'`);
      const program = `source '${place('bash')}'; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}
_dicm; echo "\${#COMPREPLY[@]}"`;
      expect(spawnSync('bash', ['-c', program], { cwd: folder, encoding: 'utf8' }).stdout).toBe('0\n');
    }
  },
);

test.skipIf(!has('fish')).each(OFFERS)('fish offers for %j: %j', (line, offers) => {
  const program = `source '${place('fish')}'; complete -C '${line}'`;
  const { stdout } = spawnSync('fish', ['--no-config', '-c', program], { cwd: folder, encoding: 'utf8' });
  const words = stdout.split('\n').map((offer) => offer.split('\t')[0]!.replace(/^--backend=/, ''));
  expect(words.filter((word) => word !== '').sort()).toEqual(offers);
});

test('a shell that is not known is an error that names those that are', async () => {
  const terminal = fakeTerminal();
  expect(await main(['completion', 'tcsh'], terminal)).toBe(2);
  expect(terminal.written.stderr).toMatch(/Allowed choices are bash, zsh, fish/);
});

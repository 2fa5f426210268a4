import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './run-cli.js';

const helpFolder = join(import.meta.dirname, 'help');
const help = readdirSync(helpFolder).map((name) => readFileSync(join(helpFolder, name), 'utf8'));
const options = new Set(help.flatMap((text) => text.match(/(?<=^ {2}(?:-\w, )?)--[a-z-]+/gm) ?? []));

describe.each(['docs/cli.md', 'docs/dicm.1.md'])('%s', (path) => {
  const text = readFileSync(join(ROOT, path), 'utf8').replaceAll('\\--', '--');

  test('names every option there is, and no other', () => {
    expect(options.size).toBeGreaterThan(15);
    const named = new Set(text.match(/--[a-z]+(-[a-z]+)*/g));
    // The short form is enough in the summary of usage.
    const missing = [...options].filter((option) => !named.has(option) && !isShortInSummary(option, text));
    expect(missing).toEqual([]);
    expect([...named].filter((option) => !options.has(option))).toEqual([]);
  });

  test('names every exit code', () => {
    for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 70, 130])
      expect(text).toMatch(new RegExp(`(^|[ |])${code} `, 'm'));
  });
});

function isShortInSummary(option: string, text: string): boolean {
  const short: Record<string, string> = {
    '--output': '-o',
    '--quality': '-q',
    '--recursive': '-r',
    '--force': '-f',
  };
  const letter = short[option];
  return letter !== undefined && text.includes(`\`${letter}\``);
}

test('the table of JSON schemas names all that the sources write', () => {
  const text = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8');
  const folders = [
    'src/cli',
    'src/cli/commands',
    'src/cli/jobs',
    'src/bench',
    'src/bench/view',
    'src/study',
  ].map((name) => join(ROOT, name));
  const sources = folders.flatMap((folder) =>
    readdirSync(folder).flatMap((name) =>
      name.endsWith('.ts') ? [readFileSync(join(folder, name), 'utf8')] : [],
    ),
  );
  const schemas = new Set(
    sources.flatMap((source) => source.match(/(?<=(?:schema:|SCHEMA =) ')dicm\.[a-z-]+\/\d/g) ?? []),
  );
  const listed = text.match(/(?<=^\| `)dicm\.[a-z-]+\/\d(?=` \|)/gm);
  expect(new Set(listed)).toEqual(schemas);
});

import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);

function text(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

/** Every requirement that a JSON file of a fixtures folder cites. */
function cited(folder: string): Set<string> {
  const ids = new Set<string>();
  for (const name of readdirSync(new URL(folder, root))) {
    if (!name.endsWith('.json')) continue;
    const file = JSON.parse(text(`${folder}/${name}`)) as {
      musts?: string[];
      vectors?: { musts: string[] }[];
    };
    for (const id of file.musts ?? []) ids.add(id);
    for (const vector of file.vectors ?? []) for (const id of vector.musts) ids.add(id);
  }
  return ids;
}

test.each([
  ['format-spec/v1/entropy-coding.md', /^- \[(DICM-E-\d\d)\]/gm],
  ['format-spec/v1/hyper-synthesis.md', /^- \[(DICM-S-\d\d)\]/gm],
])('every requirement of %s has a known answer, and no answer cites another', (path, definition) => {
  const defined = [...text(path).matchAll(definition)].map((match) => match[1]!);
  expect(new Set(defined).size).toBe(defined.length);
  expect(defined.length).toBeGreaterThan(10);
  const prefix = defined[0]!.slice(0, 7);
  const ids = [...cited('fixtures/entropy'), ...cited('fixtures/hyper-synthesis')];
  expect([...new Set(ids.filter((id) => id.startsWith(prefix)))].sort()).toEqual(defined.sort());
});

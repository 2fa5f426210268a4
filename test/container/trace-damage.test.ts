import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readInfo } from '../../src/container/read-info.js';
import { traceDamage } from '../../src/container/trace-damage.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { anyLayeredFile, layeredFile, sampleFile } from './samples.js';

const INVALID = join(import.meta.dirname, '../../fixtures/conformance/invalid');

/** Asserts that fields follow each other from the start of the file to where it breaks. */
function checkFields(bytes: Uint8Array): void {
  const { fields, brokenAt } = traceDamage(bytes)!;
  let next = 0;
  for (const { offset, bytes: size } of fields) {
    expect(offset).toBe(next);
    next += size;
  }
  expect(next).toBe(brokenAt);
  expect(brokenAt).toBeLessThanOrEqual(bytes.length);
}

test('a whole file has no damage', () => {
  expect(traceDamage(writeDicm(layeredFile()))).toBeUndefined();
});

test('a cut file is followed to the section that is not all there', () => {
  const whole = writeDicm(sampleFile({ width: 600, height: 400 }));
  const [, second] = readInfo(whole).sections;
  const trace = traceDamage(whole.subarray(0, second!.offset + 9))!;
  expect(trace.error.code).toBe('truncated');
  expect(trace.brokenAt).toBe(second!.offset);
  expect(trace.fields.at(-1)!.name).toBe('tile 0 integer check');
});

test('where only the checksum does not hold, every field is listed', () => {
  const bytes = writeDicm(sampleFile());
  bytes[40]! ^= 1;
  const trace = traceDamage(bytes)!;
  expect(trace).toMatchObject({ error: { code: 'crc-mismatch' }, brokenAt: bytes.length });
  expect(trace.fields.at(-1)).toMatchObject({
    name: 'file checksum',
    value: expect.stringMatching(/not hold/),
  });
});

test('a changed length is where the listing stops', () => {
  const bytes = writeDicm(sampleFile());
  const [tile] = readInfo(bytes).sections;
  bytes[tile!.offset + 1] = 0x7f;
  expect(traceDamage(bytes)!.brokenAt).toBe(tile!.offset);
});

test('no .dicm file at all breaks at once', () => {
  expect(traceDamage(new TextEncoder().encode('no picture'))).toMatchObject({ fields: [], brokenAt: 0 });
});

describe('of any damage', () => {
  test('fields have neither gap nor overlap', () => {
    fc.assert(
      fc.property(anyLayeredFile, fc.nat(), fc.integer({ min: 1, max: 255 }), (file, at, change) => {
        const bytes = writeDicm(file);
        bytes[at % bytes.length]! ^= change;
        checkFields(bytes);
        checkFields(bytes.subarray(0, at % bytes.length));
      }),
    );
  });

  test.each(readdirSync(INVALID).filter((name) => name.endsWith('.dicm')))('%s is traced', (name) => {
    checkFields(new Uint8Array(readFileSync(join(INVALID, name))));
  });
});

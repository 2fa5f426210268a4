import { FormatError, type IndexEntry } from '../index.js';

/** What an index holds of a file, without where the file is. */
export type IndexContent = Omit<IndexEntry, 'path' | 'modifiedMs'>;

/** Scores from which on classes and objects are kept. */
export interface KeptScores {
  readonly minClassScore: number;
  readonly minObjectScore: number;
}

/** A line of `dicm run results` that an index can be made of. */
export interface IndexLine extends KeptScores {
  /** Path or address of the file. */
  readonly file: string;
  readonly content: IndexContent;
}

const SCHEMA = 'dicm.indexed/1';

/** What an index holds of a file as JSON: `dicm.indexed/1` (docs/cli.md). The vector's int8 stand as base64. */
export function indexRecord(
  { sha256, vector, classes, objects, ...sizes }: IndexContent,
  scores: KeptScores,
): Record<string, unknown> {
  const { values, space } = vector;
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return {
    schema: SCHEMA,
    ...sizes,
    sha256: Buffer.from(sha256).toString('hex'),
    vector: { space, values: bytes.toString('base64') },
    classes: classes.map(({ index, score }) => ({ index, score })),
    objects: objects.map(({ categoryId, score, box }) => ({ categoryId, score, box })),
    ...scores,
  };
}

/**
 * Reads a line of `dicm run results`.
 *
 * @param where - File and number of the line, for errors.
 * @returns undefined for lines of other schemas: of what else was done, or left out.
 * @throws FormatError `bad-results`
 */
export function parseIndexLine(line: string, where: string): IndexLine | undefined {
  const wrong = (what: string) =>
    new FormatError('bad-results', `${where}: ${what}; expected lines of dicm run results`);
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch (cause) {
    throw new FormatError(
      'bad-results',
      `${where} is no JSON: expected lines of dicm run results`,
      {},
      { cause },
    );
  }
  if (!isRecord(record) || typeof record.schema !== 'string')
    throw wrong('it is no result, which has a schema');
  if (record.schema !== SCHEMA) return undefined;
  const number = (of: Record<string, unknown>, key: string): number => {
    const value = of[key];
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw wrong(`${key} is ${JSON.stringify(value)}, which is no number`);
  };
  const text = (of: Record<string, unknown>, key: string, form: RegExp): string => {
    const value = of[key];
    if (typeof value === 'string' && form.test(value)) return value;
    throw wrong(`${key} is ${JSON.stringify(value)?.slice(0, 40)}, which is not of the form ${form.source}`);
  };
  const list = (key: string): Record<string, unknown>[] => {
    const value = (record as Record<string, unknown>)[key];
    if (Array.isArray(value) && value.every(isRecord)) return value;
    throw wrong(`${key} is no list of objects`);
  };
  if (!isRecord(record.vector)) throw wrong('vector is no object');
  const values = Buffer.from(text(record.vector, 'values', /^[A-Za-z0-9+/]+={0,2}$/), 'base64');
  return {
    file: text(record, 'file', /./),
    minClassScore: number(record, 'minClassScore'),
    minObjectScore: number(record, 'minObjectScore'),
    content: {
      ...{ bytes: number(record, 'bytes'), quality: number(record, 'quality') },
      ...{ width: number(record, 'width'), height: number(record, 'height') },
      ...{ codedWidth: number(record, 'codedWidth'), codedHeight: number(record, 'codedHeight') },
      sha256: new Uint8Array(Buffer.from(text(record, 'sha256', /^[0-9a-f]{64}$/), 'hex')),
      vector: {
        space: text(record.vector, 'space', /./),
        values: Int8Array.from(values, (byte) => (byte << 24) >> 24),
      },
      classes: list('classes').map((of) => ({ index: number(of, 'index'), score: number(of, 'score') })),
      objects: list('objects').map((of) => {
        if (!isRecord(of.box)) throw wrong('an object has no box');
        const { box } = of;
        return {
          ...{ categoryId: number(of, 'categoryId'), score: number(of, 'score') },
          box: {
            ...{ x: number(box, 'x'), y: number(box, 'y') },
            ...{ width: number(box, 'width'), height: number(box, 'height') },
          },
        };
      }),
    },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

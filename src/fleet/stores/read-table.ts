import { FormatError } from '../../errors.js';
import { importOptional } from '../../platform/node/optional-package.js';

/** Whether a list is a table rather than lines. */
export function isTableName(name: string): boolean {
  return /\.(csv|parquet)$/i.test(name);
}

/**
 * Reads one column of a table.
 *
 * @param name - Of the file, which says by its end what it is.
 * @param column - Name of the column; the first one unless given.
 * @throws FormatError `bad-table`; BackendError `missing-package`
 */
export async function readTable(name: string, bytes: Uint8Array, column?: string): Promise<string[]> {
  const isCsv = /\.csv$/i.test(name);
  const { columns, values } = isCsv
    ? await readCsv(name, bytes, column)
    : await readParquet(name, bytes, column);
  if (values === undefined) {
    const known = columns.slice(0, 20).join(', ');
    throw new FormatError('bad-table', `${name} has no column ${column}; it has ${known}`);
  }
  const bad = values.findIndex((value) => typeof value !== 'string' || value === '');
  if (bad !== -1) throw new FormatError('bad-table', `${name}: row ${bad + 1} names no file`);
  return values as string[];
}

interface Column {
  readonly columns: readonly string[];
  /** Undefined where there is no such column. */
  readonly values: readonly unknown[] | undefined;
}

async function readCsv(name: string, bytes: Uint8Array, column: string | undefined): Promise<Column> {
  const { parse } = await importOptional<typeof import('csv-parse/sync')>(
    'csv-parse/sync',
    'Lists in CSV',
    'csv-parse',
  );
  let rows: string[][];
  try {
    rows = parse(Buffer.from(bytes), { bom: true, skip_empty_lines: true });
  } catch (error) {
    throw new FormatError(
      'bad-table',
      `${name} is no CSV: ${(error as Error).message}`,
      {},
      { cause: error },
    );
  }
  const [columns = [], ...rest] = rows;
  const at = column === undefined ? 0 : columns.indexOf(column);
  return { columns, values: at === -1 ? undefined : rest.map((row) => row[at]) };
}

async function readParquet(name: string, bytes: Uint8Array, column: string | undefined): Promise<Column> {
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema } = await importOptional<
    typeof import('hyparquet')
  >('hyparquet', 'Lists in Parquet');
  try {
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const columns = parquetSchema(await parquetMetadataAsync(file)).children.map(
      ({ element }) => element.name,
    );
    const wanted = column ?? columns[0] ?? '';
    if (!columns.includes(wanted)) return { columns, values: undefined };
    const rows = await parquetReadObjects({ file, columns: [wanted] });
    return { columns, values: rows.map((row) => row[wanted] as unknown) };
  } catch (error) {
    throw new FormatError(
      'bad-table',
      `${name} cannot be read: ${(error as Error).message}`,
      {},
      { cause: error },
    );
  }
}

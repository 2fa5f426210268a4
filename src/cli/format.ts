import { printable } from '../printable.js';

/**
 * `12,345 B`: exact, because sizes are what this program is about. `toLocaleString` would do the same, but loads
 * its locale data for 12 ms.
 *
 * @param bytes - A whole number of at least 0.
 */
export function formatBytes(bytes: number): string {
  return `${String(bytes).replace(/\B(?=(\d{3})+$)/g, ',')} B`;
}

/** `384 x 256`. */
export function formatSize(width: number, height: number): string {
  return `${width} x ${height}`;
}

/** Time that something will still take, as well as it can be guessed: `12 s`, `15 min`, `2.5 h`. */
export function formatTimeLeft(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : formatDuration(1000 * seconds);
}

/** `12.3 s`, `15 min`, `2.5 h`. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 90) return `${seconds.toFixed(1)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** How many names stand in a message. */
const NAMED_AT_MOST = 10;

/** `a, b, c`; of many the first ten and how many more there are. */
export function nameSome(names: readonly string[]): string {
  const more = names.length - NAMED_AT_MOST;
  const first = names.slice(0, NAMED_AT_MOST).join(', ');
  return more > 0 ? `${first} and ${more} more` : first;
}

/**
 * Lines up columns with two spaces between them. Columns of numbers are aligned to the right. A cell is one line, whatever
 * is in it.
 *
 * @param rows - Cells; all rows of one length.
 * @param rightAligned - Numbers of the columns to align to the right.
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  rightAligned: readonly number[] = [],
): string {
  const cells = rows.map((row) => row.map(printable));
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          rightAligned.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

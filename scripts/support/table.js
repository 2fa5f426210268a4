/**
 * Lays rows out as an aligned Markdown table.
 *
 * @param {string[]} header
 * @param {(string | number)[][]} rows numbers are aligned to the right
 */
export function table(header, rows) {
  const cells = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, i) => Math.max(3, ...cells.map((row) => row[i]?.length ?? 0)));
  const numeric = header.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
  /** @param {string[]} row */
  const line = (row) =>
    `| ${row.map((c, i) => (numeric[i] ? c.padStart(widths[i] ?? 0) : c.padEnd(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((w, i) => `${'-'.repeat(w + (numeric[i] ? 1 : 2))}${numeric[i] ? ':' : ''}`).join('|')}|`;
  return [line(header), rule, ...cells.slice(1).map(line)].join('\n');
}

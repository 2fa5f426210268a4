// Writes docs/errors.md from the table of errors in src/error-codes.ts; a test compares it with the committed page.
//   npm run build && node scripts/make-error-page.js
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @import { errorClasses } from '../src/error-codes.js' */

/**
 * The page: a section for each class of errors, a row for each code.
 *
 * @param {typeof errorClasses} classes
 */
export function errorPage(classes) {
  const lines = [
    '# Errors',
    '',
    '<!-- Written by scripts/make-error-page.js from src/error-codes.ts. -->',
    '',
    'Every error of the library is a `DicmError` of one of these classes and has a stable `code`. The command line prints',
    'the code with `--json`, and its exit status is the one of the class ([docs/cli.md](cli.md#exit-codes)).',
    '',
    'Two codes that `--json` prints belong to no class: `interrupted` (exit 130), and `internal-error` (exit 70), which is',
    'a bug: please report it.',
  ];
  for (const [name, { exitCode, about, codes }] of Object.entries(classes)) {
    lines.push('', `## ${name}`, '', `Exit code ${exitCode}. ${about}`, '');
    lines.push('| code | meaning, and what to do |', '|---|---|');
    for (const [code, meaning] of Object.entries(codes)) lines.push(`| \`${code}\` | ${meaning} |`);
  }
  return `${lines.join('\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { errorClasses } = await import('#dicm/error-codes.js');
  writeFileSync(fileURLToPath(new URL('../docs/errors.md', import.meta.url)), errorPage(errorClasses));
}

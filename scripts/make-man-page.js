// Writes dist/dicm.1, the man page that the package installs, from docs/dicm.1.md: a part of npm run build. The source is
// written in the few forms of Markdown that the conversion knows, and others are refused: a title, headings, paragraphs,
// terms with their definition, indented examples, **bold**, *italic*.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The page in the macros of man(7).
 *
 * @param {string} source
 * @param {string} version Of the program, for the footer.
 */
export function manPage(source, version) {
  const [title = '', ...blocks] = source.trim().split(/\n{2,}/);
  const [, name, section, program, manual] = /^% (\w+)\((\d)\) (\w+) \| (.+)$/.exec(title) ?? [];
  if (name === undefined) throw new SyntaxError(`no title: ${title}`);
  const head = [
    '.\\" Written by scripts/make-man-page.js from docs/dicm.1.md.',
    `.TH ${name} ${section} "" "${program} ${version}" "${manual}"`,
  ];
  const body = blocks.flatMap(block).join('\n');
  // A heading begins a paragraph by itself.
  return `${[...head, body.replaceAll(/^(\.SH .*)\n\.PP$/gm, '$1')].join('\n')}\n`;
}

/** @param {string} text */
function block(text) {
  if (/^# /.test(text)) return [`.SH "${text.slice(2)}"`];
  const definition = /^(.+)\n: {3}([^\n]+)$/.exec(text);
  if (definition?.[1] !== undefined && definition[2] !== undefined) {
    return ['.TP', inline(definition[1]), inline(definition[2])];
  }
  if (text.split('\n').every((line) => line.startsWith('    '))) {
    return ['.PP', '.EX', ...text.split('\n').map((line) => literal(line.slice(4))), '.EE'];
  }
  if (/\n|^[#>|:`~]|^[-+*] |^\d+\. /.test(text)) throw new SyntaxError(`a form that is not known: ${text}`);
  return ['.PP', inline(text)];
}

/**
 * A line of text with its emphasis.
 *
 * @param {string} text
 */
function inline(text) {
  const parts = text.split(/(\*\*.+?\*\*|\*.+?\*)/);
  const marked = parts.map((part) => {
    if (part.startsWith('**')) return `\\fB${characters(part.slice(2, -2))}\\fR`;
    if (part.startsWith('*')) return `\\fI${characters(part.slice(1, -1))}\\fR`;
    if (/[*`]|\]\(/.test(part.replace(/\\./g, '')))
      throw new SyntaxError(`a form that is not known: ${part}`);
    return characters(part);
  });
  return control(marked.join(''));
}

/**
 * Text with what roff would take for something else written out; a backslash makes the next character plain in Markdown.
 *
 * @param {string} text
 */
function characters(text) {
  return text
    .replace(/\\([^\w\s])/g, '$1')
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq');
}

/** @param {string} line */
function literal(line) {
  return control(characters(line));
}

/**
 * A line that begins with a control character is text all the same.
 *
 * @param {string} line
 */
function control(line) {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  /** @param {string} path */
  const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
  const page = manPage(read('docs/dicm.1.md'), JSON.parse(read('package.json')).version);
  mkdirSync(new URL('../dist', import.meta.url), { recursive: true });
  writeFileSync(new URL('../dist/dicm.1', import.meta.url), page);
}

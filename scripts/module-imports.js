// Finds the modules a TypeScript or JavaScript source names, and the few shapes of export that the layer rules
// care about. A scanner, not a parser: it blanks comments and the insides of strings, which is all it takes to
// read import and export statements.

/**
 * One module named by a source; `specifier` is undefined when its name is not a string literal.
 *
 * @typedef {{ specifier: string | undefined, line: number, kind: 'import' | 'export' | 'dynamic' }} ModuleImport
 */

const REGEX_MAY_FOLLOW =
  /(?:^|[=(,:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|do|else|void|delete|await|yield))\s*$/;

/**
 * Source with comments blanked, and strings, templates and regular expressions emptied but of equal length.
 *
 * @param {string} source
 */
export function blankLiterals(source) {
  const out = source.split('');
  /** @type {(from: number, to: number) => void} */
  const blank = (from, to) => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  /** @type {{ at: number, end: number, text: string }[]} */
  const strings = [];
  let i = 0;
  /** @type {number[]} Depths of braces at which a template's ${ } ends. */
  const templates = [];
  let depth = 0;
  /** @type {(start: number) => number} */
  const skipTemplate = (start) => {
    let j = start;
    while (j < source.length && source[j] !== '`') {
      if (source[j] === '\\') j++;
      else if (source[j] === '$' && source[j + 1] === '{') {
        templates.push(depth);
        blank(start, j);
        return j + 2;
      }
      j++;
    }
    blank(start, j);
    return j + 1;
  };
  while (i < source.length) {
    const two = source.slice(i, i + 2);
    const char = source[i];
    if (two === '//') {
      const end = source.indexOf('\n', i);
      blank(i, end < 0 ? source.length : end);
      i = end < 0 ? source.length : end;
    } else if (two === '/*') {
      const end = source.indexOf('*/', i + 2);
      const stop = end < 0 ? source.length : end + 2;
      blank(i, stop);
      i = stop;
    } else if (char === "'" || char === '"') {
      let end = i + 1;
      while (end < source.length && source[end] !== char && source[end] !== '\n')
        end += source[end] === '\\' ? 2 : 1;
      strings.push({ at: i, end, text: source.slice(i + 1, end) });
      blank(i + 1, end);
      i = end + 1;
    } else if (char === '`') {
      i = skipTemplate(i + 1);
    } else if (char === '{') {
      depth++;
      i++;
    } else if (char === '}') {
      if (templates.length > 0 && templates.at(-1) === depth) {
        templates.pop();
        i = skipTemplate(i + 1);
      } else {
        depth--;
        i++;
      }
    } else if (char === '/' && REGEX_MAY_FOLLOW.test(out.slice(Math.max(0, i - 40), i).join(''))) {
      let end = i + 1;
      for (let inClass = false; end < source.length && source[end] !== '\n'; end++) {
        if (source[end] === '\\') end++;
        else if (source[end] === '[') inClass = true;
        else if (source[end] === ']') inClass = false;
        else if (source[end] === '/' && !inClass) break;
      }
      blank(i + 1, end);
      i = end + 1;
    } else i++;
  }
  return { code: out.join(''), strings };
}

/**
 * Modules that `source` imports, re-exports from, or imports dynamically.
 *
 * @param {string} source
 */
export function findImports(source) {
  const { code, strings } = blankLiterals(source);
  const textAt = new Map(strings.map(({ at, text }) => [at, text]));
  /** @type {ModuleImport[]} */
  const found = [];
  const statement = /(?<![\w$.])(import|export)\b(?!\s*[(.])([^'";()=]*?\bfrom\s*|\s*)(?=['"])/g;
  for (const match of code.matchAll(statement)) {
    const kind = match[1] === 'export' ? 'export' : 'import';
    if (kind === 'export' && !/\bfrom\s*$/.test(match[2] ?? '')) continue;
    const at = match.index + match[0].length;
    found.push({ specifier: textAt.get(at), line: lineAt(source, match.index), kind });
  }
  for (const match of code.matchAll(/(?<![\w$.])(?:import|require)\s*\(\s*/g)) {
    const at = match.index + match[0].length;
    found.push({ specifier: textAt.get(at), line: lineAt(source, match.index), kind: 'dynamic' });
  }
  // `typeof import('x')` and `import('x').T` are types, but they name a module all the same.
  return found.sort((a, b) => a.line - b.line);
}

/**
 * Where `source` uses what only Node has without importing it.
 *
 * @param {string} source
 */
export function findHostGlobals(source) {
  const globals = /(?<![\w$.])(?:process|Buffer|setImmediate|NodeJS)\b(?!\s*\??:)/g;
  return [...blankLiterals(source).code.matchAll(globals)].map((match) => ({
    name: match[0],
    line: lineAt(source, match.index),
  }));
}

/**
 * Which shapes of export a source has, for the rules on defaults and barrels.
 *
 * @param {string} source
 */
export function findExportShapes(source) {
  const { code } = blankLiterals(source);
  return {
    hasDefault:
      /(?<![\w$.])export\s+default\b/.test(code) || /(?<![\w$.])export\s*\{[^}]*\bas\s+default\b/.test(code),
    hasStar: /(?<![\w$.])export\s+(?:type\s+)?\*/.test(code),
    reexports: /(?<![\w$.])export\s+(?:type\s+)?(?:\{[^}]*\}|\*(?:\s+as\s+\w+)?)\s*from\b/.test(code),
  };
}

/** @param {string} source @param {number} index */
function lineAt(source, index) {
  return source.slice(0, index).split('\n').length;
}

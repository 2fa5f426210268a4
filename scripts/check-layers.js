// Checks that dependencies run downwards only (scripts/layers.js has the rules): reads the import statements of src/
// and exits with 1 when one breaks a rule, when files import each other in a circle, or when a rule allows what no
// file does.
//   node scripts/check-layers.js
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCircles } from './import-circles.js';
import { BRIDGES, ENTRIES, LAYERS, PAGE_IMPORTS, STUDY_PAGE_IMPORTS } from './layers.js';
import { findExportShapes, findHostGlobals, findImports } from './module-imports.js';

/** @import { Layer } from './layers.js' */
/** @import { ModuleImport } from './module-imports.js' */
/** @typedef {ReadonlyMap<string, string>} Sources Path from the repository root, with forward slashes, to source. */
/** @typedef {Readonly<Record<string, Layer>>} Layers */

/**
 * The part of src/ a file belongs to, or undefined for a file of none.
 *
 * @param {string} path
 * @param {Layers} layers
 */
function partOf(path, layers) {
  const below = path.replace(/^src\//, '').replace(/\.ts$/, '');
  const parts = Object.keys(layers).filter((name) => below === name || below.startsWith(`${name}/`));
  return parts.sort((a, b) => b.length - a.length)[0];
}

/**
 * The file of the repository that a relative import names.
 *
 * @param {string} path
 * @param {string} specifier
 */
function targetOf(path, specifier) {
  return posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
}

/**
 * @param {string} path
 * @param {string} target
 * @param {Layers} layers
 */
function checkInternal(path, target, layers) {
  const [from, to] = [partOf(path, layers), partOf(target, layers)];
  if (from === undefined || to === undefined || from === to) return undefined;
  const { uses, files } = /** @type {Layer} */ (layers[from]);
  if (files?.includes(target)) return undefined;
  const order = Object.keys(layers);
  if (order.indexOf(to) < order.indexOf(from)) return `${from} imports ${to}, which lies above it`;
  if (uses !== 'below' && !uses.includes(to)) {
    return `${from} imports ${to}, but may import only ${uses.join(', ') || 'itself'} (scripts/layers.js)`;
  }
  return undefined;
}

/**
 * @param {string} path
 * @param {Layer | undefined} layer
 */
function mayUseHost(path, layer) {
  return layer?.host === true || layer?.host?.test(path) === true;
}

/**
 * @param {string} path
 * @param {string} specifier
 * @param {Layers} layers
 */
function checkExternal(path, specifier, layers) {
  const part = partOf(path, layers);
  if (part === undefined) return undefined;
  if (specifier.startsWith('node:')) {
    const allowed = mayUseHost(path, layers[part]);
    return allowed ? undefined : `imports ${specifier}, but this file of ${part} must run without Node`;
  }
  const owners = Object.keys(layers).filter((name) => layers[name]?.packages?.test(specifier));
  if (owners.length === 0) return `imports the package ${specifier}, which no part is allowed to`;
  return owners.includes(part)
    ? undefined
    : `${part} imports ${specifier}, but only ${owners.join(' and ')} may`;
}

/**
 * @param {string} path
 * @param {ModuleImport} found
 * @param {Sources} files
 * @param {Layers} layers
 */
function checkImport(path, { specifier, kind }, files, layers) {
  if (specifier === undefined) {
    // An executor is looked up by name or by address at run time; nobody else has a reason to.
    return ['platform/node', 'platform/web'].includes(partOf(path, layers) ?? '') && kind === 'dynamic'
      ? undefined
      : 'imports a module whose name is not a literal';
  }
  if (!specifier.startsWith('.')) return checkExternal(path, specifier, layers);
  if (!specifier.endsWith('.js')) return `imports ${specifier}: relative imports end in .js`;
  const target = targetOf(path, specifier);
  if (!target.startsWith('src/')) return `imports ${specifier}, which lies outside src/`;
  if (!files.has(target)) return `imports ${target}, which does not exist`;
  return checkInternal(path, target, layers);
}

/**
 * What one file does that its own text shows.
 *
 * @param {string} path
 * @param {string} source
 * @param {Layers} layers
 */
function checkShape(path, source, layers) {
  const violations = [];
  const part = partOf(path, layers);
  if (part === undefined) violations.push(`${path}: belongs to no part of src/ that is known`);
  else if (!mayUseHost(path, layers[part])) {
    for (const { name, line } of findHostGlobals(source)) {
      violations.push(`${path}:${line}: uses ${name}, but this file of ${part} must run without Node`);
    }
  }
  const shapes = findExportShapes(source);
  const isEntry = ENTRIES.includes(path);
  if (shapes.hasDefault) violations.push(`${path}: has a default export`);
  if (shapes.hasStar) violations.push(`${path}: re-exports everything; name what is public`);
  if (shapes.reexports && !isEntry) violations.push(`${path}: re-exports, which only entries may`);
  if (path.endsWith('/index.ts') && !isEntry) violations.push(`${path}: is an index file`);
  return violations;
}

/**
 * The files of src/ that each file imports, types included.
 *
 * @param {Sources} files
 */
function importGraph(files) {
  /** @type {Map<string, string[]>} */
  const graph = new Map();
  for (const [path, source] of files) {
    const targets = findImports(source)
      .map(({ specifier }) => (specifier?.startsWith('.') ? targetOf(path, specifier) : ''))
      .filter((target) => files.has(target));
    graph.set(path, targets);
  }
  return graph;
}

/**
 * Only a bridge knows both networks and container.
 *
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @param {Layers} layers
 */
function checkMeeting(graph, layers) {
  return Object.keys(layers)
    .filter((part) => !BRIDGES.includes(part))
    .filter((part) => {
      const targets = [...graph].filter(([path]) => partOf(path, layers) === part).flatMap(([, to]) => to);
      const known = new Set(targets.map((target) => partOf(target, layers)));
      return known.has('networks') && known.has('container');
    })
    .map((part) => `src/${part}: imports both networks and container, which only ${BRIDGES.join(', ')} may`);
}

/**
 * Checks sources against the layer rules.
 *
 * @param {Sources} files
 * @returns {string[]} One line for every violation.
 */
export function checkLayers(files, layers = LAYERS) {
  const violations = [];
  for (const [path, source] of files) {
    for (const found of findImports(source)) {
      const problem = checkImport(path, found, files, layers);
      if (problem !== undefined) violations.push(`${path}:${found.line}: ${problem}`);
    }
    violations.push(...checkShape(path, source, layers));
  }
  const graph = importGraph(files);
  const circles = findCircles(graph).map(
    (circle) => `${circle[0]}: imports itself in a circle: ${[...circle, circle[0]].join(' -> ')}`,
  );
  return [...violations, ...checkMeeting(graph, layers), ...circles];
}

/**
 * Checks the page: it is a user of the library like any other, so it imports the public entries and its own files. The page
 * of studies, below it, shares a study's form with `src/study` instead.
 *
 * @param {Sources} files Below web/.
 * @returns {string[]} One line for every violation.
 */
export function checkPage(files) {
  const violations = [];
  for (const [path, source] of files) {
    const others = path.startsWith('web/study/') ? STUDY_PAGE_IMPORTS : PAGE_IMPORTS;
    for (const { specifier = '?', line } of findImports(source)) {
      const isOwn =
        specifier.startsWith('.') && posix.join(posix.dirname(path), specifier).startsWith('web/');
      if (isOwn || others.test(specifier)) continue;
      violations.push(
        `${path}:${line}: imports ${specifier}, but the page may import only its own files and the library`,
      );
    }
    if (findExportShapes(source).reexports) violations.push(`${path}: re-exports, which only entries may`);
  }
  return violations;
}

/**
 * Checks the rules themselves: that they allow upwards nothing, and nothing that no file does.
 *
 * @param {Sources} files
 * @returns {string[]} One line for every rule to change.
 */
export function checkRules(files, layers = LAYERS) {
  const order = Object.keys(layers);
  const graph = importGraph(files);
  return order.flatMap((part) => {
    const own = [...files].filter(([path]) => partOf(path, layers) === part);
    if (own.length === 0) return [`scripts/layers.js: no file belongs to ${part}`];
    const layer = /** @type {Layer} */ (layers[part]);
    const targets = new Set(own.flatMap(([path]) => graph.get(path) ?? []));
    const parts = new Set([...targets].map((target) => partOf(target, layers)));
    const uses = layer.uses === 'below' ? [] : layer.uses;
    const needsHost = own.some(
      ([, source]) =>
        findHostGlobals(source).length > 0 ||
        findImports(source).some(({ specifier }) => specifier?.startsWith('node:')),
    );
    return [
      ...uses
        .filter((to) => order.indexOf(to) <= order.indexOf(part))
        .map((to) => `${part} may import ${to}, which does not lie below it`),
      ...uses.filter((to) => !parts.has(to)).map((to) => `${part} may import ${to}, and no file of it does`),
      ...(layer.files ?? [])
        .filter((file) => !targets.has(file))
        .map((file) => `${part} may import ${file}, and no file of it does`),
      ...(layer.host !== undefined && !needsHost ? [`${part} may use Node, and no file of it does`] : []),
    ].map((problem) => `scripts/layers.js: ${problem}`);
  });
}

/**
 * Reads the sources of the page.
 *
 * @param {string} root
 */
export function readPage(root) {
  /** @type {Map<string, string>} */
  const files = new Map();
  for (const entry of readdirSync(join(root, 'web'), { recursive: true, withFileTypes: true })) {
    const path = posix
      .join(entry.parentPath.slice(root.length).replaceAll('\\', '/'), entry.name)
      .replace(/^\//, '');
    if (entry.isFile() && path.endsWith('.ts') && !path.endsWith('.config.ts')) {
      files.set(path, readFileSync(join(root, path), 'utf8'));
    }
  }
  return files;
}

/**
 * Reads the sources below src/ that the rules apply to.
 *
 * @param {string} root
 */
export function readSources(root) {
  /** @type {Map<string, string>} */
  const files = new Map();
  for (const entry of readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })) {
    const path = posix
      .join(entry.parentPath.slice(root.length).replaceAll('\\', '/'), entry.name)
      .replace(/^\//, '');
    // Another language, and build output.
    if (/^src\/\w+\/(assembly|generated)\//.test(path)) continue;
    if (entry.isFile() && path.endsWith('.ts')) files.set(path, readFileSync(join(root, path), 'utf8'));
  }
  // Build output that a clean checkout does not have, named so that importing it is no error.
  files.set('src/wasm/generated/tile-core-wasm.ts', '');
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
  const sources = readSources(root);
  const violations = [...checkLayers(sources), ...checkRules(sources), ...checkPage(readPage(root))];
  for (const violation of violations) process.stderr.write(`${violation}\n`);
  if (violations.length > 0) process.exitCode = 1;
}

// Checks that dependencies run downwards only (docs/architecture.md): reads the import statements of src/ and
// exits with 1 when one breaks a rule.
//   node scripts/check-layers.js
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findExportShapes, findImports } from './module-imports.js';

/** Every part of src/, from the top down. A part may import from itself and from parts below it. */
const ORDER = [
  'cli',
  'index',
  'bench',
  'session',
  'evaluation',
  'tasks',
  'codec',
  'image',
  'model',
  'networks',
  'nn',
  'hyperprior',
  'entropy',
  'container',
  'bytes',
  'platform',
  'geometry',
  'tensor',
  'limits',
  'errors',
];

/** Parts that may import only these parts besides themselves, where the order alone would allow more. */
const ONLY = {
  cli: ['index'],
  evaluation: ['tasks', 'limits', 'errors'],
  tasks: ['model', 'networks', 'nn', 'tensor', 'limits', 'errors'],
  image: ['container', 'bytes', 'geometry', 'limits', 'errors'],
  model: ['platform', 'tensor', 'errors'],
  networks: ['nn', 'geometry', 'tensor', 'errors'],
  nn: ['bytes', 'tensor', 'errors'],
  hyperprior: ['bytes', 'geometry', 'tensor', 'errors'],
  entropy: ['bytes', 'errors'],
  container: ['bytes', 'geometry', 'limits', 'errors'],
  bytes: ['errors'],
  platform: ['errors'],
  geometry: [],
  tensor: [],
  limits: ['errors'],
  errors: [],
};

/**
 * Files that cli may import besides src/index.ts, through which all of it is public: what `dicm inspect` needs,
 * whose start would otherwise load the whole library.
 */
const CLI_STARTS_WITH = [
  'src/container/index.ts',
  'src/errors.ts',
  'src/limits.ts',
  'src/codec/shortest-quality.ts',
  'src/session/inventory.ts',
];

/** Packages and the one part that may import them. */
const PACKAGES = [
  [/^sharp$/, 'image'],
  [/^(@tensorflow\/|onnxruntime)/, 'nn'],
  [/^(commander|cli-progress|tinyglobby)$/, 'cli'],
];

/** Parts that run anywhere: nothing of Node, no package. */
const PURE = [
  'evaluation',
  'tasks',
  'model',
  'networks',
  'entropy',
  'container',
  'bytes',
  'geometry',
  'geometry',
  'tensor',
  'limits',
  'errors',
];

/** The only files that may consist of re-exports. */
const ENTRIES = ['src/index.ts', 'src/container/index.ts'];

/** The part of src/ a file belongs to: its folder, or its own name. */
function partOf(path) {
  return path.split('/')[1].replace(/\.ts$/, '');
}

function checkInternal(path, target, files) {
  const [from, to] = [partOf(path), partOf(target)];
  if (!files.has(target)) return `imports ${target}, which does not exist`;
  if (from === to || (from === 'cli' && CLI_STARTS_WITH.includes(target))) return undefined;
  if (ORDER.indexOf(to) < ORDER.indexOf(from)) return `${from} imports ${to}, which lies above it`;
  if (ONLY[from] !== undefined && !ONLY[from].includes(to)) {
    return `${from} imports ${to}, but may import only ${ONLY[from].join(', ') || 'itself'}`;
  }
  return undefined;
}

function checkExternal(path, specifier) {
  const part = partOf(path);
  if (PURE.includes(part))
    return `${part} imports ${specifier}, but must run without packages and without Node`;
  if (specifier.startsWith('node:')) return undefined;
  const owner = PACKAGES.find(([pattern]) => pattern.test(specifier))?.[1];
  if (owner === undefined) return `imports the package ${specifier}, which no part is allowed to`;
  return part === owner ? undefined : `${part} imports ${specifier}, but only ${owner} may`;
}

function checkImport(path, { specifier, kind }, files) {
  if (specifier === undefined) {
    // An executor's package is looked up by name at run time; nobody else has a reason to.
    return partOf(path) === 'nn' && kind === 'dynamic'
      ? undefined
      : 'imports a module whose name is not a literal';
  }
  if (!specifier.startsWith('.')) return checkExternal(path, specifier);
  if (!specifier.endsWith('.js')) return `imports ${specifier}: relative imports end in .js`;
  const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
  if (!target.startsWith('src/')) return `imports ${specifier}, which lies outside src/`;
  return checkInternal(path, target, files);
}

/** Only codec/ knows both networks and container. */
function checkMeeting(imports) {
  const known = new Map();
  for (const { from, to } of imports) known.set(from, (known.get(from) ?? new Set()).add(to));
  return [...known]
    .filter(([from, to]) => !['codec', 'index'].includes(from) && to.has('networks') && to.has('container'))
    .map(([from]) => `src/${from}: imports both networks and container, which only codec may`);
}

/**
 * Checks sources against the layer rules.
 *
 * @param {ReadonlyMap<string, string>} files - Path from the repository root, with forward slashes, to source.
 * @returns {string[]} One line for every violation.
 */
export function checkLayers(files) {
  const violations = [];
  const edges = [];
  for (const [path, source] of files) {
    if (!ORDER.includes(partOf(path))) violations.push(`${path}: belongs to no part of src/ that is known`);
    for (const found of findImports(source)) {
      const problem = checkImport(path, found, files);
      if (problem !== undefined) violations.push(`${path}:${found.line}: ${problem}`);
      if (found.specifier?.startsWith('.')) {
        edges.push({ from: partOf(path), to: partOf(posix.join(posix.dirname(path), found.specifier)) });
      }
    }
    const shapes = findExportShapes(source);
    if (shapes.hasDefault) violations.push(`${path}: has a default export`);
    if (shapes.hasStar) violations.push(`${path}: re-exports everything; name what is public`);
    if (shapes.reexports && !ENTRIES.includes(path))
      violations.push(`${path}: re-exports, which only entries may`);
    if (path.endsWith('/index.ts') && !ENTRIES.includes(path)) violations.push(`${path}: is an index file`);
  }
  return [...violations, ...checkMeeting(edges)];
}

/** Reads the sources below src/ that the rules apply to. */
export function readSources(root) {
  const files = new Map();
  for (const entry of readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })) {
    const path = posix
      .join(entry.parentPath.slice(root.length).replaceAll('\\', '/'), entry.name)
      .replace(/^\//, '');
    // Another language, and build output.
    if (/^src\/hyperprior\/(assembly|generated)\//.test(path)) continue;
    if (entry.isFile() && path.endsWith('.ts')) files.set(path, readFileSync(join(root, path), 'utf8'));
  }
  // Build output that a clean checkout does not have, named so that importing it is no error.
  files.set('src/hyperprior/generated/hyper-synthesis-wasm.ts', '');
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = checkLayers(
    readSources(fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')),
  );
  for (const violation of violations) process.stderr.write(`${violation}\n`);
  if (violations.length > 0) process.exitCode = 1;
}

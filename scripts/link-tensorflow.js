/**
 * Makes @tensorflow/tfjs-node-gpu usable with a TensorFlow that is already on this machine, where the package's own
 * download is blocked or too old for the installed CUDA. Its addon needs nothing but TensorFlow's stable C API, which
 * the library inside a Python wheel has as well.
 *
 *   node scripts/link-tensorflow.js                    the TensorFlow of python3 (or of $PYTHON)
 *   node scripts/link-tensorflow.js --python PATH      the TensorFlow of another Python
 *   node scripts/link-tensorflow.js FOLDER             a folder with include/ and lib/libtensorflow.*, as Google
 *                                                      publishes it, or the folder of a Python package
 *   --force                                            build again even where nothing has changed
 *
 * Puts links to headers and libraries into the package's deps/ and builds the addon from source, which needs a C++
 * compiler, make and Python. Running it again changes nothing. To be repeated after `npm ci`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const packageName = '@tensorflow/tfjs-node-gpu';
const isMac = process.platform === 'darwin';

try {
  main();
} catch (error) {
  console.error(`link-tensorflow: ${messageOf(error)}`);
  process.exitCode = 1;
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { python: { type: 'string' }, force: { type: 'boolean', default: false } },
  });
  if (positionals.length > 1) throw new Error('give one folder at most');
  if (process.platform === 'win32') {
    throw new Error('Windows is not supported: the wheel has no import library to link against');
  }
  const folder = positionals[0] ?? pythonTensorFlow(values.python ?? process.env.PYTHON ?? 'python3');
  const library = findLibrary(resolve(folder));
  console.log(`TensorFlow: ${library.main}`);

  const target = packageFolder();
  const changed = linkAll(target, library);
  const addon = builtAddon(target);
  if (addon !== undefined && !changed && !values.force) {
    console.log(`nothing to do: ${addon} is built against it`);
  } else {
    build(target, library.folder);
    console.log(`built ${builtAddon(target)}`);
  }
  console.log(report(target));
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * What a program that failed wrote, or why it was not started.
 *
 * @param {unknown} error
 */
function outputOf(error) {
  const { stdout, stderr } = /** @type {{ stdout?: string, stderr?: string }} */ (error);
  return stderr === undefined ? messageOf(error) : `${stdout}${stderr}`;
}

/**
 * Folder of Python's tensorflow package, found without importing it.
 *
 * @param {string} python
 */
function pythonTensorFlow(python) {
  const code =
    "import importlib.util as u; s = u.find_spec('tensorflow'); print(s.submodule_search_locations[0] if s else '')";
  let found;
  try {
    found = execFileSync(python, ['-c', code], { encoding: 'utf8' }).trim();
  } catch (error) {
    throw new Error(`${python} cannot be run: ${messageOf(error).split('\n', 1)[0]}`);
  }
  if (found === '') {
    throw new Error(`${python} has no tensorflow; install it (pip install tensorflow-cpu) or give a folder`);
  }
  return found;
}

/** @typedef {{ include: string, folder: string, main: string, framework: string }} Library */

/**
 * Finds the two libraries and the headers below a folder.
 *
 * @param {string} folder
 * @returns {Library}
 */
function findLibrary(folder) {
  const include = join(folder, 'include');
  const header = join(include, 'tensorflow', 'c', 'c_api.h');
  if (!existsSync(header)) throw new Error(`${header} does not exist`);
  for (const place of [folder, join(folder, 'lib')]) {
    /** @param {RegExp} pattern */
    const find = (pattern) =>
      (existsSync(place) ? readdirSync(place) : []).find((name) => pattern.test(name));
    const main = isMac
      ? find(/^libtensorflow(_cc)?\.2\.dylib$/)
      : (find(/^libtensorflow\.so\.2$/) ?? find(/^libtensorflow_cc\.so\.2$/));
    const framework = find(
      isMac ? /^libtensorflow_framework\.2\.dylib$/ : /^libtensorflow_framework\.so\.2$/,
    );
    if (main !== undefined && framework !== undefined) {
      return { include, folder: place, main: join(place, main), framework: join(place, framework) };
    }
  }
  throw new Error(`${folder} has no libtensorflow and libtensorflow_framework, version 2`);
}

function packageFolder() {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`));
  } catch {
    throw new Error(
      `${packageName} is not installed; npm ci --ignore-scripts installs it without its download`,
    );
  }
}

/**
 * Makes deps/include and deps/lib point to the library; tells whether anything was different.
 *
 * @param {string} target
 * @param {Library} library
 */
function linkAll(target, library) {
  const lib = join(target, 'deps', 'lib');
  mkdirSync(lib, { recursive: true });
  // The names the linker looks for. What the addon loads later is the library's own name, found through the
  // run path that build() adds.
  const names = isMac
    ? { 'libtensorflow.2.dylib': library.main, 'libtensorflow_framework.2.dylib': library.framework }
    : { 'libtensorflow.so': library.main, 'libtensorflow_framework.so': library.framework };
  let changed = link(join(target, 'deps', 'include'), library.include);
  for (const [name, path] of Object.entries(names)) changed = link(join(lib, name), path) || changed;
  return changed;
}

/**
 * Makes one symbolic link; tells whether it was different.
 *
 * @param {string} path
 * @param {string} to
 */
function link(path, to) {
  const present = lstatSync(path, { throwIfNoEntry: false });
  if (present?.isSymbolicLink() && readlinkSync(path) === to) return false;
  if (present !== undefined) rmSync(path, { recursive: true });
  symlinkSync(to, path);
  console.log(`linked ${path} -> ${to}`);
  return true;
}

/** @param {string} target @param {string} libraryFolder */
function build(target, libraryFolder) {
  const fromPackage = createRequire(join(target, 'package.json'));
  const builder = fromPackage.resolve('@mapbox/node-pre-gyp/bin/node-pre-gyp');
  const options = ['install', '--build-from-source'];
  // With Node's own headers beside it there is nothing to download.
  const nodeFolder = dirname(dirname(process.execPath));
  if (existsSync(join(nodeFolder, 'include', 'node', 'node_api.h'))) options.push(`--nodedir=${nodeFolder}`);
  // The library's own folder comes first in the run path: it finds its neighbours, CUDA's among them, relative to
  // where it was loaded from.
  const flags = [process.env.LDFLAGS ?? '', `-Wl,-rpath,${libraryFolder}`].join(' ').trim();
  console.log('building the addon');
  try {
    execFileSync(process.execPath, [builder, ...options], {
      cwd: target,
      env: { ...process.env, LDFLAGS: flags },
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
  } catch (error) {
    throw new Error(`the addon could not be built:\n${outputOf(error)}`);
  }
  if (builtAddon(target) === undefined) throw new Error('the build left no addon');
}

/** @param {string} target */
function builtAddon(target) {
  const folder = join(target, 'lib');
  const versions = existsSync(folder) ? readdirSync(folder) : [];
  return versions
    .map((version) => join(folder, version, 'tfjs_binding.node'))
    .find((path) => existsSync(path));
}

/**
 * Loads the addon in another process and says what it finds.
 *
 * @param {string} target
 */
function report(target) {
  const code = `
    const util = require('node:util');
    util.isNullOrUndefined = (value) => value == null;
    util.isArray = Array.isArray;
    const tf = require(${JSON.stringify(target)});
    const sum = tf.sum(tf.matMul(tf.ones([8, 8]), tf.ones([8, 8]))).dataSync()[0];
    if (sum !== 512) throw new Error('a matrix product came out wrong: ' + sum);
    console.log('it loads and computes on the ' + (tf.backend().isUsingGpuDevice ? 'GPU' : 'CPU'));`;
  try {
    return execFileSync(process.execPath, ['-e', code], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
    })
      .trim()
      .split('\n')
      .at(-1);
  } catch (error) {
    throw new Error(`the addon does not load:\n${outputOf(error)}`);
  }
}

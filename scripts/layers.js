// The layers of src/ (docs/architecture.md), as data: what scripts/check-layers.js holds the sources to. A new part is
// a row here.

/**
 * What one part of src/ may do. A part is a folder or a file of src/, named without `.ts`; a folder inside a part that
 * has a row of its own (`platform/node`) is a part of its own.
 *
 * @typedef {object} Layer
 * @property {readonly string[] | 'below'} uses Parts it may import from; `below` is every part that stands below it. A
 *   part that is named here and not used is an error.
 * @property {readonly string[]} [files] Single files it may import besides, whatever part they belong to.
 * @property {RegExp} [packages] Packages that it may import.
 * @property {true | RegExp} [host] It runs on Node only and may use it: all of it, or the files whose path matches. Every
 *   other part runs without it: no `node:` module, no `process`, no `Buffer`, no `setImmediate`.
 */

/**
 * Every part of src/, from the top down: a part may import only from parts below it.
 *
 * @type {Readonly<Record<string, Layer>>}
 */
export const LAYERS = {
  cli: {
    uses: ['index', 'fleet'],
    // What `dicm inspect`, `strip` and `cut` need, whose start would otherwise load the whole library; all of it but
    // the hash and the names of categories is public through index.
    files: [
      'src/container/dicm-file.ts',
      'src/container/digest.ts',
      'src/container/open-prefix.ts',
      'src/container/profiles.ts',
      'src/container/read-info.ts',
      'src/container/strip-layer.ts',
      'src/errors.ts',
      'src/limits.ts',
      'src/near-name.ts',
      'src/printable.ts',
      'src/shortage.ts',
      'src/codec/shortest-quality.ts',
      'src/platform/node/inventory.ts',
      'src/platform/node/regular-file.ts',
      'src/platform/node/sha256.ts',
      'src/tasks/objects/category-names.ts',
    ],
    packages: /^(commander|cli-progress|tinyglobby)$/,
    host: true,
  },
  index: { uses: 'below' },
  study: {
    uses: ['bench', 'platform/node', 'session', 'codec', 'evaluation', 'errors', 'shortage', 'printable'],
    // What is drawn for a rater is drawn in the page too.
    host: /\/(analyse-study|build-study|open-study-codecs|prepare-picture|read-study|site-files)/,
  },
  bench: { uses: 'below', host: true },
  fleet: {
    uses: ['platform/node', 'errors'],
    packages:
      /^(@nats-io\/(transport-node|jetstream)|prom-client|@aws-sdk\/client-s3|tar-stream|hyparquet|csv-parse\/sync)$/,
    host: true,
  },
  search: {
    uses: ['platform/node', 'tasks', 'errors', 'near-name'],
    // A search through all pairs lets others have a turn.
    host: /find-duplicates/,
  },
  'platform/node': {
    uses: 'below',
    packages: /^(sharp|@tensorflow\/tfjs-.*|onnxruntime-node)$/,
    host: true,
  },
  web: { uses: 'below' },
  'web-worker': { uses: ['platform/web'] },
  'platform/web': {
    uses: 'below',
    packages: /^@tensorflow\/tfjs-(core|backend-wasm)$/,
  },
  session: { uses: 'below' },
  codec: { uses: 'below' },
  evaluation: { uses: ['tasks', 'errors'] },
  profiles: { uses: 'below' },
  tasks: { uses: ['model', 'networks', 'nn', 'geometry', 'tensor', 'limits', 'errors', 'near-name'] },
  latents: {
    uses: ['nn', 'hyperprior', 'entropy', 'container', 'wasm', 'tensor', 'geometry', 'shortage', 'errors'],
  },
  model: { uses: ['platform', 'container', 'geometry', 'tensor', 'errors'] },
  platform: { uses: ['image', 'nn'] },
  image: { uses: ['geometry', 'limits'] },
  networks: { uses: ['nn', 'geometry', 'tensor'] },
  nn: {
    uses: ['bytes', 'tensor', 'shortage', 'errors'],
    packages: /^@tensorflow\/tfjs-core$/,
  },
  hyperprior: { uses: ['geometry', 'tensor', 'errors'] },
  entropy: { uses: ['errors'] },
  container: { uses: ['bytes', 'geometry', 'limits', 'errors'] },
  bytes: { uses: ['errors'] },
  wasm: { uses: [] },
  geometry: { uses: [] },
  tensor: { uses: [] },
  limits: { uses: ['near-name', 'errors'] },
  shortage: { uses: ['errors'] },
  errors: { uses: ['error-codes'] },
  'error-codes': { uses: [] },
  'near-name': { uses: [] },
  printable: { uses: [] },
};

/** Parts that know both networks and container; everything else knows one of them at the most. */
export const BRIDGES = ['codec', 'profiles'];

/** The only files that may re-export. */
export const ENTRIES = ['src/index.ts', 'src/web.ts', 'src/container/index.ts'];

/** What the page (web/) may import besides its own files: what any page could. */
export const PAGE_IMPORTS = /^dicm\/(browser|container)$/;

/**
 * What the page of studies (web/study/) may import besides files of web/: the one library it is built on, how a study and
 * its results are written, and the order that `dicm study analyse` can draw anew.
 */
export const STUDY_PAGE_IMPORTS = /^(jspsych|\.\.\/\.\.\/src\/study\/(study-format|draw-trials)\.js)$/;

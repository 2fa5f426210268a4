/** The worker that `openCodec({ worker })` of `dicm/browser` runs a codec in: a script, not a module to import from. */

import { serveCodec, type WorkerScope } from './platform/web/worker/serve-codec.js';

serveCodec(globalThis as unknown as WorkerScope);

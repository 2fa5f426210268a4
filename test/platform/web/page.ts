import { loadPicture } from '../../../src/platform/web/load-picture.js';
import * as dicm from '../../../src/web.js';

// The page of serve-library.ts: what tests run in it takes the library from here.
Object.assign(globalThis, { dicm, loadPicture });

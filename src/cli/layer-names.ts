import type { Profile } from '../container/dicm-file.js';

/** What users call the layer of a profile: by what it is for, not by what it rebuilds. */
export const LAYER_NAMES: Readonly<Record<Profile, string>> = { semantic: 'machine', perceptual: 'view' };

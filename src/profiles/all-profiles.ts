import type { Profile as ProfileName } from '../container/profiles.js';
import { machine } from './machine.js';
import type { Profile } from './profile.js';
import { view } from './view.js';

const PROFILES: Readonly<Record<ProfileName, Profile>> = { semantic: machine, perceptual: view };

/** The profile that a header or a manifest names. */
export function profileNamed(name: ProfileName): Profile {
  return PROFILES[name];
}

import { machine } from './machine.js';
import type { Profile } from './profile.js';
import { view } from './view.js';

/** The profile that a header or a manifest names. */
export function profileNamed(name: Profile['name']): Profile {
  return name === 'semantic' ? machine : view;
}

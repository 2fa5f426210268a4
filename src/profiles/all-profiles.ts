import { machine } from './machine.js';
import type { Profile } from './profile.js';
import { view } from './view.js';

/** The profile that a header or a manifest names. */
export function profileNamed(name: Profile['name']): Profile {
  return name === 'semantic' ? machine : view;
}

/** The profile of a layer by the name that people have for it. */
export function profileOfLayer(layer: Profile['layer']): Profile {
  return layer === 'machine' ? machine : view;
}

/** The layers that a file may have, in the order in which it has them. */
export const layerNames: readonly Profile['layer'][] = [machine.layer, view.layer];

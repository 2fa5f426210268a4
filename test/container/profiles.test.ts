import { expect, test } from 'vitest';
import { LAYER_NAMES, layerNameOf, PROFILES, profileOfLayer } from '../../src/container/profiles.js';

test('profiles have the numbers of the format, and each a layer that people name', () => {
  expect(PROFILES).toEqual(['semantic', 'perceptual']);
  expect(LAYER_NAMES).toEqual(['machine', 'view']);
  expect(PROFILES.map(layerNameOf)).toEqual(LAYER_NAMES);
  expect(LAYER_NAMES.map(profileOfLayer)).toEqual(PROFILES);
});

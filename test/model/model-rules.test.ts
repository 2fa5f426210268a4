import { expect, test } from 'vitest';
import { parseManifest } from '../../src/model/manifest.js';
import { checkManifest, useOf } from '../../src/model/model-rules.js';
import { profileNamed } from '../../src/profiles/all-profiles.js';
import { machine } from '../../src/profiles/machine.js';
import { view } from '../../src/profiles/view.js';
import { TENSOR_USES } from '../../src/tensor.js';
import { loadFolder } from './load-folder.js';
import { TINY } from './tiny-copies.js';

const { manifest, tensors } = await loadFolder(TINY);

/** Checks the tiny model's tensors against its manifest with some fields changed. */
function checkWith(
  changes: Record<string, unknown>,
  found: ReadonlyMap<string, { shape: readonly number[] }> = tensors,
) {
  const { architecture = {}, detection = {}, ...rest } = changes as Record<string, object>;
  const changed = {
    ...manifest,
    ...rest,
    architecture: { ...manifest.architecture, ...architecture },
    detection: { ...manifest.detection!, ...detection },
  };
  const parsed = parseManifest(JSON.stringify(changed), 'm');
  const loaded = { uses: new Set(TENSOR_USES), paths: new Set(parsed.earlierDecodePaths) };
  checkManifest(parsed, found, profileNamed(parsed.profile), loaded, 'm');
}

test('a manifest that says what its tensors are', () => {
  expect(() => checkWith({})).not.toThrow();
});

test.each([
  [{ architecture: { latentChannels: 48 } }, 'architecture.latentChannels is 48, but gain.log2 makes it 32'],
  [{ architecture: { hyperChannels: 15 } }, 'architecture.hyperChannels is 15, but hs.in.weight makes it 16'],
  [{ architecture: { qualityLevels: 7 } }, 'architecture.qualityLevels is 7, but gain.log2 makes it 8'],
  [{ architecture: { tileSize: 256 } }, 'architecture.tileSize is 256, but tiles of a file have 512'],
  [{ architecture: { classes: 10 } }, 'architecture.classes is 10, but tail.fc.weight makes it 1000'],
  [
    { detection: { categories: [{ id: 1, name: 'cat' }] } },
    'the number of detection.categories is 1, but heads.level2.classes.weight makes it 20',
  ],
  [{ detection: { maskChannels: 7 } }, 'detection.maskChannels is 7, but heads.mask.up.weight makes it 8'],
  [{ profile: 'perceptual' }, 'profile is perceptual, but tail.fc.weight is a tensor of another profile'],
  [
    { earlierDecodePaths: [{ decodeId: 'a'.repeat(64), prefix: 'decode-a.' }] },
    'architecture.latentChannels is 32, but decode-a.gain.log2 makes it 0',
  ],
])('a manifest that lies: %j', (changes, message) => {
  expect(() => checkWith(changes)).toThrow(
    expect.objectContaining({ name: 'ModelError', code: 'bad-manifest', message: `m: ${message}` }),
  );
});

test('heads that the manifest has and the tensors have not', () => {
  const without = new Map([...tensors].filter(([name]) => !name.startsWith('heads.')));
  expect(() => checkWith({}, without)).toThrow(
    /detection.categories is 20, but the model has no tensor heads/,
  );
});

test('what tensors are for', () => {
  const names = [
    'hs.in.bias',
    'gain.log2',
    'gain.log2_inverse',
    'ga.x',
    'tail.fc.weight_scale',
    'heads.x',
    'new.x',
  ];
  expect(names.map((name) => useOf(machine, name))).toEqual([
    'entropy',
    'entropy',
    'synthesis',
    'encoder',
    'tail',
    'heads',
    undefined,
  ]);
  expect(names.map((name) => useOf(view, name))).toEqual([
    'entropy',
    'entropy',
    'synthesis',
    'encoder',
    undefined,
    undefined,
    undefined,
  ]);
});

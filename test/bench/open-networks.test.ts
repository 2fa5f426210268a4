import { expect, test, vi } from 'vitest';
import { openBenchNetworks } from '../../src/bench/contenders/open-networks.js';
import { loadModel } from '../../src/model/load-model.js';
import { openBackend } from '../../src/platform/node/executors/open-backend.js';
import { loadPicture } from '../../src/platform/node/pictures/load-picture.js';
import { CHELSEA, openTiny, TINY_MODEL } from '../session/helpers.js';

vi.mock('../../src/platform/node/executors/open-backend.js', { spy: true });
vi.mock('../../src/model/load-model.js', { spy: true });

test('model and executor are opened once for files and for pixels', async () => {
  const networks = await openBenchNetworks('classify', { model: TINY_MODEL, backend: 'wasm' });
  const picture = await loadPicture(CHELSEA, { maxSide: 48 });
  const { bytes } = await networks.codec.encode(CHELSEA, { maxSide: 48 });
  await networks.codec.classify(bytes);
  const { ranking } = await networks.pixels.analyze(picture, {});
  await networks.dispose();
  expect(vi.mocked(openBackend)).toHaveBeenCalledTimes(1);
  expect(vi.mocked(loadModel)).toHaveBeenCalledTimes(1);

  const codec = await openTiny();
  const { predictions } = await codec.analyzePicture(picture, { tasks: ['classify'], top: 5 });
  expect(ranking).toEqual(predictions!.map(({ index }) => index));
});

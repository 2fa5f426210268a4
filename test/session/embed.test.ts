import { expect, test } from 'vitest';
import { loadFolder } from '../model/load-folder.js';
import { CHELSEA, openTiny, photo, TINY_MODEL } from './helpers.js';

test('the embedding is what the classifier reads: its last layer, computed by hand, gives the scores', async () => {
  const codec = await openTiny();
  const { tensors } = await loadFolder(TINY_MODEL);
  const [weight, bias] = [tensors.get('tail.fc.weight')!, tensors.get('tail.fc.bias')!];
  const [classes, channels] = [weight.shape[0]!, weight.shape[1]!];
  const small = (await codec.encode(CHELSEA, { quality: 50 })).bytes;
  const tiled = (await codec.encode(await photo(600, 530), { maxSide: 'none', quality: 10 })).bytes;
  for (const file of [small, tiled]) {
    const { embedding, header, model } = await codec.embed(file);
    expect(embedding).toHaveLength(channels);
    expect(header.decodeId).toBe(model.decodeId);
    const logits = Array.from({ length: classes }, (_, row) => {
      const weights = weight.data.subarray(row * channels, (row + 1) * channels);
      return embedding.reduce((sum, value, i) => sum + value * weights[i]!, bias.data[row]!);
    });
    const largest = Math.max(...logits);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
    const { predictions } = await codec.classify(file, { top: classes });
    expect(predictions).toHaveLength(classes);
    for (const { index, score } of predictions) {
      expect(score).toBeCloseTo(Math.exp(logits[index]! - largest) / total, 5);
    }
  }
});

test('every task at once says what each says alone', async () => {
  const codec = await openTiny();
  const { bytes } = await codec.encode(CHELSEA, { quality: 50 });
  const detect = { minScore: 0.05, maxDetections: 5 };
  const all = await codec.analyze(bytes, { tasks: ['classify', 'detect', 'segment', 'embed'], detect });
  expect(all.predictions).toEqual((await codec.classify(bytes)).predictions);
  expect(all.embedding).toEqual((await codec.embed(bytes)).embedding);
  expect(all.detections).toEqual((await codec.segment(bytes, detect)).detections);
  const pixels = await codec.analyzePixels(CHELSEA, { tasks: ['embed'] });
  expect(pixels.embedding).toHaveLength(all.embedding!.length);
  expect(pixels.embedding).not.toEqual(all.embedding);
});

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ModelError } from '../../errors.js';
import { lpipsDistance } from '../../evaluation/lpips-distance.js';
import { readSafetensors } from '../../model/safetensors.js';
import { StoredTensor } from '../../model/stored-tensor.js';
import { squeezeFeatures, squeezePoints } from '../../networks/lpips/squeeze-features.js';
import type { Backend, FeatureMap } from '../../nn/backend.js';
import { checkShape, tensorNamed } from '../../nn/layer.js';
import { readRegularFile, UnreadableFile } from '../../platform/node/regular-file.js';
import type { Tensor } from '../../tensor.js';
import type { Pixels } from '../codecs/picture-codec.js';

/** SqueezeNet 1.1 with torchvision's tensor names, and the linear heads of LPIPS v0.1. */
const FILES = { trunk: 'squeezenet1_1.safetensors', heads: 'lpips_squeeze_v0.1_linear.safetensors' };

/** LPIPS "squeeze", ready to compare pictures. */
export interface Lpips {
  /** Identifies its figures: a hash of its weights. */
  readonly id: string;
  /**
   * How different two pictures of one size look, 0 for the same. Features of the first are kept as long as it is held by
   * someone, since it is compared with many.
   */
  distance(reference: Pixels, test: Pixels): Promise<number>;
  dispose(): Promise<void>;
}

/**
 * Opens LPIPS with weights from a folder: they are not this project's, and no part of it.
 *
 * @throws ModelError `bad-lpips` where a file cannot be read or is another network's.
 */
export async function openLpips(folder: string, backend: Backend): Promise<Lpips> {
  const trunk = await readTensors(folder, FILES.trunk);
  const heads = await readTensors(folder, FILES.heads);
  try {
    const weights = squeezePoints.map((_, point) => headOf(heads.tensors, point));
    const network = await backend.compile(squeezeFeatures, trunk.tensors);
    const featuresOf = async (picture: Pixels): Promise<FeatureMap[]> => {
      const points = await network.run({ rgb: mapOf(picture) });
      return squeezePoints.map((name) => points[name]);
    };
    const known = new WeakMap<Pixels, Promise<FeatureMap[]>>();
    return {
      id: createHash('sha256').update(trunk.sha256).update(heads.sha256).digest('hex').slice(0, 16),
      distance: async (reference, test) => {
        const features = known.get(reference) ?? featuresOf(reference);
        known.set(reference, features);
        return lpipsDistance(await features, await featuresOf(test), weights);
      },
      dispose: () => network.dispose(),
    };
  } catch (cause) {
    if (!(cause instanceof ModelError)) throw cause;
    throw new ModelError('bad-lpips', `${folder} has no LPIPS "squeeze": ${cause.message}`, { cause });
  }
}

async function readTensors(folder: string, name: string) {
  const path = join(folder, name);
  let file: Uint8Array;
  try {
    file = await readRegularFile(path);
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    throw new ModelError('bad-lpips', `${path} ${cause.message}`, { cause });
  }
  try {
    const raw = readSafetensors(file, path);
    const tensors = new Map<string, Tensor>([...raw].map(([key, one]) => [key, new StoredTensor(one)]));
    return { tensors, sha256: createHash('sha256').update(file).digest() };
  } catch (cause) {
    throw new ModelError('bad-lpips', (cause as Error).message, { cause });
  }
}

function headOf(heads: ReadonlyMap<string, Tensor>, point: number): Float32Array {
  const name = `lin${point}.weight`;
  const head = tensorNamed(heads, name);
  checkShape(name, head, [-1]);
  return head.data as Float32Array;
}

function mapOf({ width, height, data }: Pixels): FeatureMap {
  return { width, height, channels: 3, data: Float32Array.from(data, (value) => value / 255) };
}

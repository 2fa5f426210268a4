import { findModel } from '../model/find-model.js';
import { loadModel } from '../model/load-model.js';
import { headsNetwork, tailNetwork } from '../networks/task-network.js';
import type { Network } from '../nn/backend.js';
import { buildGraph } from '../nn/onnx/build-graph.js';
import type { Platform } from '../platform/platform.js';
import { profileNamed } from '../profiles/all-profiles.js';

/** A network of a model as a file that other programs run. */
export interface OnnxFile {
  /** Without folders: `features.onnx`. */
  name: string;
  /** The whole model, weights included: 8-bit and 16-bit ones as they are stored. */
  bytes: Uint8Array;
  /** Channels of each input; all are float32 [1, height, width, channels]. */
  inputs: Record<string, number>;
  /** Names of the outputs: images like the inputs, or [1, values]. */
  outputs: string[];
}

/**
 * Writes the networks behind the latents of a model as ONNX files (operator set 20): `features`, from y^ to f3, `tail`, from f3
 * to its layers, the embedding and the logits, and `heads`, from those layers to boxes and masks; of a model of the view's
 * profile `picture`, from y^ to RGB. Each is written when it is asked for.
 *
 * @param choice - Name of a model, or its folder; the one to encode with unless given.
 * @throws ModelError `model-missing`, and what a damaged model gives
 */
export async function* exportOnnx(
  platform: Platform,
  choice?: string,
): AsyncGenerator<OnnxFile, void, undefined> {
  const query = choice === undefined ? {} : await platform.readModelChoice(choice);
  const { source } = await findModel(platform, query);
  const { manifest, tensors, decodeId, renderId } = await loadModel(source, platform.sha256, profileNamed);
  const { name, version, licence } = manifest;
  const profile = profileNamed(manifest.profile);
  const networks: Record<string, Network> =
    profile.result === 'features'
      ? {
          features: profile.synthesis.network,
          tail: tailNetwork,
          ...(manifest.detection !== undefined && { heads: headsNetwork }),
        }
      : { picture: profile.synthesis.network };
  for (const [network, built] of Object.entries(networks)) {
    const metadata = { name, version, decodeId, renderId, licence, network };
    const { model, inputs, outputs } = buildGraph(built, tensors, { embedWeights: true, metadata });
    const channels = Object.entries(inputs).map(([input, spec]) => [input, spec.channels] as const);
    yield {
      name: `${network}.onnx`,
      bytes: model,
      inputs: Object.fromEntries(channels),
      outputs: [...outputs],
    };
  }
}

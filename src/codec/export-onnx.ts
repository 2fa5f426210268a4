import { findModel } from '../model/find-model.js';
import { loadModel } from '../model/load-model.js';
import { headsNetwork, tailNetwork } from '../networks/task-network.js';
import type { Network } from '../nn/backend.js';
import { buildGraph } from '../nn/onnx/build-graph.js';
import { OPSET_VERSION } from '../nn/onnx/graph.js';
import type { Platform } from '../platform/platform.js';
import { profileNamed } from '../profiles/all-profiles.js';

/** A network of a model as a file that other programs run; or, last, the list of these files. */
export interface OnnxFile {
  /** Without folders: `features.onnx`; of the list `graphs.json`. */
  name: string;
  /** The whole model, weights included: 8-bit and 16-bit ones as they are stored. */
  bytes: Uint8Array;
  /** Channels of each input; all are float32 [1, height, width, channels]. None of the list. */
  inputs: Record<string, number>;
  /** Names of the outputs: images like the inputs, or [1, values]. None of the list. */
  outputs: string[];
}

/** Name of the file by which a reader knows that the others are whole, and of the model it wants. */
const GRAPHS_FILE = 'graphs.json';

/**
 * Writes the networks behind the latents of a model as ONNX files (operator set 20): `features`, from y^ to f3, `tail`, from f3
 * to its layers, the embedding and the logits, and `heads`, from those layers to boxes and masks; of a model of the view's
 * profile `picture`, from y^ to RGB. Each is written when it is asked for. The last file, `graphs.json`, says of which model
 * the others are, and what is in them (docs/cli.md).
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
  const model = await loadModel(source, platform.sha256, profileNamed);
  // The list vouches for it.
  await model.checkRenderId();
  const { manifest, tensors } = model;
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
  const graphs: object[] = [];
  for (const [network, built] of Object.entries(networks)) {
    const { decodeId, renderId } = model;
    const metadata = { name, version, decodeId, renderId, licence, network };
    const graph = buildGraph(built, tensors, { embedWeights: true, metadata });
    const channels = Object.entries(graph.inputs).map(([input, spec]) => [input, spec.channels] as const);
    const [inputs, outputs] = [Object.fromEntries(channels), [...graph.outputs]];
    const [file, bytes] = [`${network}.onnx`, graph.model];
    graphs.push({ file, bytes: bytes.length, sha256: await platform.sha256([bytes]), inputs, outputs });
    yield { name: file, bytes, inputs, outputs };
  }
  const { decodeId, renderId } = manifest;
  const list = {
    schema: 'dicm.graphs/1',
    name,
    version,
    decodeId,
    renderId,
    licence,
    opset: OPSET_VERSION,
    graphs,
  };
  const bytes = new TextEncoder().encode(`${JSON.stringify(list, null, 2)}\n`);
  yield { name: GRAPHS_FILE, bytes, inputs: {}, outputs: [] };
}

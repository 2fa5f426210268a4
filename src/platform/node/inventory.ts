import type { ModelIdentity } from '../../session/codec.js';

/** A model that is installed. */
export interface InstalledModel extends ModelIdentity {
  /** Folder it lies in. */
  folder: string;
  version: string;
  description: string;
  licence: string;
  /** Size of its weights. */
  weightsBytes: number;
  /** Whether encoders use it when no other is named. */
  isDefault: boolean;
}

/**
 * Lists the installed models from their manifests; no weights are read.
 *
 * @param path - A model folder or a folder of such; the usual places unless given.
 * @throws ModelError `bad-manifest`
 */
export async function listInstalledModels(path?: string): Promise<InstalledModel[]> {
  const { findModel, listModels } = await import('../../model/find-model.js');
  const { nodePlatform } = await import('./node-platform.js');
  const models = await listModels(nodePlatform, path);
  const chosen = models.length === 0 ? undefined : await findModel(nodePlatform, { path });
  return models.map(({ source, manifest }) => ({
    name: manifest.name,
    decodeId: manifest.decodeId.slice(0, 8),
    renderId: manifest.renderId.slice(0, 4),
    folder: source.where,
    version: manifest.version,
    description: manifest.description,
    licence: manifest.licence,
    weightsBytes: manifest.weights.reduce((sum, { bytes }) => sum + bytes, 0),
    isDefault: source.where === chosen?.source.where,
  }));
}

/**
 * Reads a model completely and recomputes its hashes and ids.
 *
 * @throws ModelError when the model is damaged or incomplete
 */
export async function checkInstalledModel(folder: string): Promise<void> {
  const { loadModel } = await import('../../model/load-model.js');
  const { modelFolder } = await import('./model-folders.js');
  const { nodePlatform } = await import('./node-platform.js');
  const { openHyperpriorCodec } = await import('../../latents/hyperprior-codec.js');
  const model = await loadModel(modelFolder(folder), nodePlatform.sha256, { checkIds: true });
  (await openHyperpriorCodec(model.tensors)).dispose();
}

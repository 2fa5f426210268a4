import { PROFILES, type Profile } from '../../container/profiles.js';
import { ModelError } from '../../errors.js';
import type { ModelIdentity } from '../../session/model-identity.js';
import { MODEL_PACKAGE } from './model-folders.js';

/** A model that is installed. */
export interface InstalledModel extends ModelIdentity {
  /** What its layers rebuild: `semantic` features for networks, `perceptual` pictures for eyes. */
  profile: Profile;
  /** Folder it lies in. */
  folder: string;
  /** Decode ids of earlier releases, whose files it reads too. */
  earlierDecodeIds: string[];
  version: string;
  description: string;
  licence: string;
  /** Size of its weights. */
  weightsBytes: number;
  /** Whether encoders of its profile use it when no other is named. */
  isDefault: boolean;
}

/** The package that brings the model which encoders use when no other is named. */
export const defaultModelPackage = MODEL_PACKAGE;

/**
 * Lists the installed models from their manifests; no weights are read.
 *
 * @param model - A model folder or a folder of such, or the name of models in the usual places; all of those unless given.
 * @throws ModelError `bad-manifest`; `model-missing` where none has the name
 */
export async function listInstalledModels(model?: string): Promise<InstalledModel[]> {
  const { decodeIdsOf, findModel, listModels } = await import('../../model/find-model.js');
  const { shortDecodeId, shortRenderId } = await import('../../model/manifest.js');
  const { nodePlatform } = await import('./node-platform.js');
  const choice = model === undefined ? {} : await nodePlatform.readModelChoice(model);
  const { path, name: wanted } = { path: undefined, name: undefined, ...choice };
  // Whoever asks for a name that nothing has is told what there is.
  if (wanted !== undefined) await findModel(nodePlatform, { name: wanted });
  const models = (await listModels(nodePlatform, path)).filter(
    ({ manifest }) => wanted === undefined || manifest.name === wanted,
  );
  const profiles = PROFILES.filter((profile) => models.some(({ manifest }) => manifest.profile === profile));
  // A preferred model that is not there concerns encoders; which models there are can be said all the same.
  const chosen = await Promise.all(
    profiles.map((profile) => findModel(nodePlatform, { path, name: wanted, profile }).catch(ifMissing)),
  );
  return models.map(({ source, manifest }) => ({
    name: manifest.name,
    profile: manifest.profile,
    decodeId: shortDecodeId(manifest.decodeId),
    renderId: shortRenderId(manifest.renderId),
    earlierDecodeIds: decodeIdsOf(manifest).slice(1),
    folder: source.where,
    version: manifest.version,
    description: manifest.description,
    licence: manifest.licence,
    weightsBytes: manifest.weights.reduce((sum, { bytes }) => sum + bytes, 0),
    isDefault: chosen.some((one) => one?.source.where === source.where),
  }));
}

function ifMissing(error: unknown): undefined {
  if (!(error instanceof ModelError) || error.code !== 'model-missing') throw error;
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
  const { profileNamed } = await import('../../profiles/all-profiles.js');
  const model = await loadModel(modelFolder(folder), nodePlatform.sha256, profileNamed);
  await model.checkRenderId();
  for (const { prefix } of [{ prefix: '' }, ...(model.manifest.earlierDecodePaths ?? [])]) {
    (await openHyperpriorCodec(model.tensors, prefix)).dispose();
  }
}

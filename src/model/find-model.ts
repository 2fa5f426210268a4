import type { Profile } from '../container/profiles.js';
import { ModelError } from '../errors.js';
import type { ModelListing, ModelSource, Platform } from '../platform/platform.js';
import { type ModelManifest, readManifest, shortDecodeId } from './manifest.js';

/** A model of which only the manifest has been read. */
export interface FoundModel {
  readonly source: ModelSource;
  readonly manifest: ModelManifest;
}

/** Where to look for models, and for which. */
export interface ModelQuery {
  /** A model, or a place where several are. With it, nothing else is searched. */
  path?: string | undefined;
  /** Name in the manifest. */
  name?: string | undefined;
  /** Of a file that the model is to read, as stored there: the first 8 hexadecimal digits. */
  decodeId?: string | undefined;
  profile?: Profile | undefined;
}

/** The model encoders use when no other is named. */
const DEFAULT_MODEL_NAME = 'dicm-r50';

/**
 * Reads the manifests of all models there are, first found first.
 *
 * @param path - a model, or a place where several are; the usual places unless given
 * @throws ModelError `bad-manifest` for a manifest that cannot be read
 */
export async function listModels(platform: Platform, path?: string): Promise<FoundModel[]> {
  const { sources } = await platform.listModels(path);
  return readManifests(sources);
}

/**
 * Finds the first model that has the name, profile and decode id asked for, its own id before one whose files it reads
 * too. Without name and id, the one the user prefers, which must be there; or {@link DEFAULT_MODEL_NAME}, or, where that is
 * not installed, the first model there is.
 *
 * @throws ModelError `model-missing` naming what was wanted, what was found, and where
 */
export async function findModel(platform: Platform, query: ModelQuery = {}): Promise<FoundModel> {
  const listing = await platform.listModels(query.path);
  const models = await readManifests(listing.sources);
  const { name, decodeId, profile } = query;
  const fits = models.filter(
    ({ manifest }) =>
      (name === undefined || manifest.name === name) &&
      (profile === undefined || manifest.profile === profile) &&
      (decodeId === undefined || decodeIdsOf(manifest).includes(decodeId)),
  );
  const preferred = platform.preferredModel();
  const isOpen = query.path === undefined && name === undefined && decodeId === undefined;
  if (isOpen && preferred !== undefined && !models.some(({ manifest }) => manifest.name === preferred)) {
    throw noModel(` named ${preferred}, as DICM_MODEL says, which takes a name,`, models, listing);
  }
  const usual = preferred ?? DEFAULT_MODEL_NAME;
  const isPreferred = ({ manifest }: FoundModel) =>
    decodeId === undefined
      ? name === undefined && manifest.name === usual
      : shortDecodeId(manifest.decodeId) === decodeId;
  const found = fits.find(isPreferred) ?? fits[0];
  if (found !== undefined) return found;
  const wanted = [
    name === undefined ? '' : ` named ${name}`,
    // Worth a word only where there are models of another one.
    profile === undefined || models.length === 0 ? '' : ` of the ${profile} profile`,
    decodeId === undefined ? '' : ` with decode id ${decodeId}`,
  ].join('');
  throw noModel(wanted, models, listing, profile);
}

function noModel(
  wanted: string,
  models: readonly FoundModel[],
  { places, advice }: ModelListing,
  profile: Profile = 'semantic',
): ModelError {
  const help = advice?.[profile];
  const present = models.map(
    ({ manifest }) => `${manifest.name} (${manifest.profile}, ${decodeIdsOf(manifest).join(', ')})`,
  );
  const parts = [
    places.length === 0 ? `no model${wanted}` : `no model${wanted} in ${places.join(', ')}`,
    present.length === 0 ? 'there is none at all' : `found ${present.join(', ')}`,
    ...(help === undefined ? [] : [help]),
  ];
  return new ModelError('model-missing', parts.join('; '));
}

/** Decode ids of the files that a model reads, its own first, as the files name them. */
export function decodeIdsOf({ decodeId, earlierDecodePaths = [] }: ModelManifest): string[] {
  return [decodeId, ...earlierDecodePaths.map((path) => path.decodeId)].map(shortDecodeId);
}

function readManifests(sources: readonly ModelSource[]): Promise<FoundModel[]> {
  return Promise.all(sources.map(async (source) => ({ source, manifest: await readManifest(source) })));
}

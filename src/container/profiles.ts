import { UsageError } from '../errors.js';

/**
 * Every profile there is, in the order of its number in the flags of header and layers (format-spec/v1/dicm-v1.md,
 * section 4.1), which is the order of layers in a file. Numbers beyond are not assigned. `profile` is what the bytes, headers
 * and manifests call it, after what is rebuilt; `layer` is what people call a layer of it and choose it by.
 */
const PROFILE_TABLE = [
  { profile: 'semantic', layer: 'machine' },
  { profile: 'perceptual', layer: 'view' },
] as const;

/** What the coded integers rebuild: features for networks (`semantic`), or a picture for eyes (`perceptual`). */
export type Profile = (typeof PROFILE_TABLE)[number]['profile'];

/** What people call the layers of a file, after what each is for: networks (`machine`) or eyes (`view`). */
export type LayerName = (typeof PROFILE_TABLE)[number]['layer'];

/** Profiles by their number. */
export const PROFILES: readonly Profile[] = PROFILE_TABLE.map(({ profile }) => profile);

/** The layers that a file may have, in the order in which it has them. */
export const LAYER_NAMES: readonly LayerName[] = PROFILE_TABLE.map(({ layer }) => layer);

/** The name of a layer of a profile, as headers and listings state it. */
export function layerNameOf(profile: Profile): LayerName {
  return PROFILE_TABLE.find((row) => row.profile === profile)!.layer;
}

/**
 * The profile of the layer of a name.
 *
 * @throws UsageError `bad-layer` for a name that no layer has
 */
export function profileOfLayer(layer: LayerName): Profile {
  const row = PROFILE_TABLE.find((candidate) => candidate.layer === layer);
  if (row !== undefined) return row.profile;
  throw new UsageError('bad-layer', `a layer is one of ${LAYER_NAMES.join(', ')}, not ${String(layer)}`);
}

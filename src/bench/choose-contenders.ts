import { UsageError } from '../errors.js';
import { parseKeptAnswers } from '../evaluation/kept-answers.js';
import type { MaxSide } from '../image/fit-size.js';
import type { BenchOptions } from './bench-options.js';
import { type FoundCodecs, findCodecs, knownCodecIds } from './codecs/find-codecs.js';
import type { MissingCodec } from './codecs/picture-codec.js';
import { sharpCodecs } from './codecs/sharp-codecs.js';
import {
  type Contender,
  detectorContender,
  dicmContender,
  pixelContender,
  uncompressedContender,
} from './contenders/contender.js';
import { dicmKeepContender, KEEP_SUFFIX, pixelKeepContender } from './contenders/keep-contender.js';
import type { BenchNetworks } from './contenders/open-networks.js';

/** Series to compare with where none is asked for, by preference. */
const ANCHORS = ['hevc', 'avif'];

/** Codecs whose qualities, from 1 to 100, can be searched for the smallest file that keeps an answer. */
const KEEP_IDS = ['dicm', 'jpeg', 'webp', 'avif'].map((id) => `${id}${KEEP_SUFFIX}`);

/** Who takes part. */
export interface ChosenContenders {
  readonly contenders: readonly Contender[];
  readonly missing: readonly MissingCodec[];
  /** Id of the series to compare with; absent where there is none. */
  readonly anchor: string | undefined;
}

/**
 * Finds the codecs that are asked for, or all.
 *
 * @throws UsageError `unknown-codec`, `bad-setting`, `anchor-missing`
 */
export async function chooseContenders(
  options: BenchOptions,
  networks: BenchNetworks,
  maxSide: MaxSide,
): Promise<ChosenContenders> {
  const known = ['dicm', ...knownCodecIds(), ...KEEP_IDS];
  checkIds([...(options.codecs ?? []), ...Object.keys(options.settings ?? {})], known);
  const searchPath = options.searchPath ?? process.env.PATH ?? '';
  const { found, missing } = await findCodecs(searchPath, options.codecs, networks.openView);
  const all = found.map((codec) => pixelContender(codec, networks.pixels));
  if (options.codecs === undefined || options.codecs.includes('dicm')) {
    all.unshift(dicmContender(networks, options.task, maxSide, options.effort ?? 1));
  }
  all.push(...keepContenders(options, networks, maxSide));
  const { detector } = networks;
  if (detector !== undefined) all.push(...found.map((codec) => detectorContender(codec, detector)));
  const contenders = all.map((contender) =>
    withSettings(contender, options.settings?.[contender.id.replace(/\+.*/, '')]),
  );
  if (detector !== undefined) contenders.push(uncompressedContender(detector));
  return { contenders, missing, anchor: anchorOf(options.anchor, contenders, missing) };
}

/** Those of `--codecs` that look for the smallest file; none unless they are named. */
function keepContenders(
  { codecs = [], task, effort = 1, settings = {} }: BenchOptions,
  networks: BenchNetworks,
  maxSide: MaxSide,
): Contender[] {
  const known = [
    dicmKeepContender(networks, task, maxSide, effort),
    ...sharpCodecs().map((codec) => pixelKeepContender(codec, networks, task)),
  ];
  const chosen = known.filter(({ id }) => codecs.includes(id));
  // Before any work: a setting that means nothing would fail on each image.
  for (const { id, keeps } of chosen)
    parseKeptAnswers((settings[id] ?? [1]).map((setting) => keeps!(setting)));
  return chosen;
}

/**
 * Finds the codecs for pictures that are asked for, or all, with the settings that are asked for.
 *
 * @param openView - Opens dicm's view layer.
 * @throws UsageError `unknown-codec`, `bad-setting`
 */
export async function choosePictureCodecs(
  { codecs, settings = {} }: Pick<BenchOptions, 'codecs' | 'settings'>,
  searchPath: string,
  openView: BenchNetworks['openView'],
): Promise<FoundCodecs> {
  checkIds([...(codecs ?? []), ...Object.keys(settings)], knownCodecIds());
  const { found, missing } = await findCodecs(searchPath, codecs, openView);
  return { found: found.map((codec) => withSettings(codec, settings[codec.id])), missing };
}

function checkIds(ids: readonly string[], known: readonly string[]): void {
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    throw new UsageError('unknown-codec', `there is no codec ${unknown}; there are: ${known.join(', ')}`);
  }
}

function withSettings<T extends { readonly id: string; readonly settings: readonly number[] }>(
  one: T,
  settings: readonly number[] | undefined,
): T {
  if (settings === undefined) return one;
  const bad = settings.find((setting) => !Number.isFinite(setting));
  if (bad !== undefined || settings.length === 0) {
    throw new UsageError('bad-setting', `settings of ${one.id} must be numbers`);
  }
  return { ...one, settings: [...new Set(settings)] };
}

function anchorOf(
  wanted: string | undefined,
  contenders: readonly Contender[],
  missing: readonly MissingCodec[],
): string | undefined {
  const ids = contenders
    .filter(({ isUncompressed, keeps }) => isUncompressed !== true && keeps === undefined)
    .flatMap(({ id, payloadName }) => (payloadName === undefined ? [id] : [id, `${id}-payload`]));
  if (wanted === undefined) return ANCHORS.find((id) => ids.includes(id));
  if (ids.includes(wanted)) return wanted;
  const reason = missing.find(({ id }) => id === wanted.replace(/-payload$/, ''))?.reason;
  throw new UsageError(
    'anchor-missing',
    `no series ${wanted} to compare with${reason === undefined ? '' : `: ${reason}`}; there are: ${ids.join(', ')}`,
  );
}

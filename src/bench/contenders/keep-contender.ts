import { climbToKept } from '../../codec/search-kept.js';
import { type KeptAnswer, keepQuestion, parseKeptAnswers } from '../../evaluation/kept-answers.js';
import { sameAnswers } from '../../evaluation/same-answers.js';
import { MAX_QUALITY_POSITION } from '../../geometry.js';
import type { MaxSide } from '../../image/fit-size.js';
import type { PictureCodec } from '../codecs/picture-codec.js';
import type { BenchTask } from '../report.js';
import { type Contender, dicmContender, pixelContender } from './contender.js';
import type { BenchNetworks } from './open-networks.js';

/** What the id of a contender that searches for the smallest file ends in: `avif-keep`. */
export const KEEP_SUFFIX = '-keep';

/** What is kept in a task at a setting: of classes how many of the best, of objects how much they overlap. */
const KEPT: Readonly<
  Record<BenchTask, { settingName: string; settings: readonly number[]; answer(setting: number): string }>
> = {
  classify: { settingName: 'top', settings: [1], answer: (setting) => `top${setting}` },
  detect: { settingName: 'overlap', settings: [0.5], answer: (setting) => `boxes=${setting}` },
  segment: { settingName: 'overlap', settings: [0.5], answer: (setting) => `masks=${setting}` },
};

/** dicm's smallest file that keeps what the model says of the picture, as `encode --keep` finds it. */
export function dicmKeepContender(
  networks: BenchNetworks,
  task: BenchTask,
  maxSide: MaxSide,
  effort: number,
): Contender {
  const { codec } = networks;
  return keeping(dicmContender(networks, task, maxSide, effort), task, async (source, keep, { signal }) => {
    const { bytes, kept } = await codec.encode(source.bytes, { keep, maxSide, effort, signal });
    return { bytes, kept: kept! };
  });
}

/** The same of a codec for pixels whose setting is a quality from 1 to 100: the same search, the same network. */
export function pixelKeepContender(
  codec: PictureCodec,
  { codec: network, pixels }: BenchNetworks,
  task: BenchTask,
): Contender {
  return keeping(pixelContender(codec, pixels), task, async (source, keep, hooks) => {
    const rules = parseKeptAnswers(keep);
    const question = { ...keepQuestion(rules), signal: hooks.signal };
    const { width, height, ...origin } = await source.picture();
    const original = await network.analyzePicture(await source.picture(), question);
    const tryAt = async (position: number) => {
      const { bytes } = await codec.encode(await source.picture(), qualityAt(position), hooks);
      const { data } = await codec.decode(bytes, { width, height }, hooks);
      const answers = await network.analyzePicture({ ...origin, width, height, data }, question);
      const candidate = { position, sizeBytes: bytes.length, bytes };
      return { candidate, keeps: sameAnswers(rules, original, answers) };
    };
    const { candidate, keeps } = await climbToKept(tryAt);
    return { bytes: candidate.bytes, kept: keeps };
  });
}

/** Quality, 1 to 100 in whole numbers, at which a codec for pixels is tried. */
function qualityAt(position: number): number {
  return 1 + Math.round((99 * position) / MAX_QUALITY_POSITION);
}

function keeping(
  contender: Contender,
  task: BenchTask,
  find: (
    source: Parameters<Contender['encode']>[0],
    keep: readonly KeptAnswer[],
    hooks: Parameters<Contender['encode']>[2],
  ) => ReturnType<Contender['encode']>,
): Contender {
  const { settingName, settings, answer } = KEPT[task];
  const keeps = (setting: number) => answer(setting) as KeptAnswer;
  const { id, name, version, networkId } = contender;
  return {
    ...{ id: `${id}${KEEP_SUFFIX}`, name, version, networkId, settingName, settings, keeps },
    encode: (source, setting, hooks) => find(source, [keeps(setting)], hooks),
    // What the network says of the file was asked while it was looked for.
    analyze: async () => ({}),
  };
}

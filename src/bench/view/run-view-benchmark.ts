import { openModelShelf } from '../../codec/model-shelf.js';
import { UsageError } from '../../errors.js';
import { nodePlatform } from '../../platform/node/node-platform.js';
import type { Codec } from '../../session/codec.js';
import { codecOver } from '../../session/open-codec.js';
import { choosePictureCodecs } from '../choose-contenders.js';
import { openViewCodec } from '../codecs/dicm-view.js';
import type { FoundCodecs } from '../codecs/find-codecs.js';
import { pictureContender } from '../contenders/picture-contender.js';
import { chooseImages } from '../datasets/dataset.js';
import { listPictures } from '../datasets/list-pictures.js';
import { measureAnswers } from '../measure/measure-answers.js';
import { measureTimes } from '../measure/measure-times.js';
import { openPictureMeter, type PictureMeter } from '../measure/picture-meter.js';
import { openResultCache } from '../measure/result-cache.js';
import { commonImages } from '../scores/score-series.js';
import { drawStrips } from './draw-strips.js';
import { plotView } from './plot-view.js';
import type { ViewBenchOptions, ViewBenchResult } from './view-options.js';
import { writeViewCsv } from './write-view-csv.js';
import { writeViewMarkdown } from './write-view-markdown.js';
import { writeViewReport } from './write-view-report.js';

const DEFAULT_STRIP_BPP = 0.3;

/** The work behind {@link benchmarkView}. */
export async function runViewBenchmark(options: ViewBenchOptions): Promise<ViewBenchResult> {
  const { model, threads, backend = 'auto', stripBpp } = options;
  if (stripBpp !== undefined && stripBpp !== 'none' && !(stripBpp > 0 && stripBpp < Infinity)) {
    throw new UsageError('bad-target', `stripBpp must be a number above 0, or none, not ${stripBpp}`);
  }
  const shelf = openModelShelf({ platform: nodePlatform, model, threads, backend });
  const codec = codecOver(shelf, options.limits);
  try {
    const searchPath = options.searchPath ?? process.env.PATH ?? '';
    const codecs = await choosePictureCodecs(options, searchPath, () => openViewCodec(codec, shelf));
    const { lpips } = options;
    const meter = await openPictureMeter({ lpips, searchPath, openBackend: shelf.backend });
    try {
      return await measure(options, codec, codecs, meter);
    } finally {
      await meter.dispose();
    }
  } finally {
    await codec.dispose();
  }
}

async function measure(
  options: ViewBenchOptions,
  codec: Codec,
  codecs: FoundCodecs,
  meter: PictureMeter,
): Promise<ViewBenchResult> {
  const { seed = 1, jobs = 2, maxSide = 'none', signal, onNote, onProgress } = options;
  const began = performance.now();
  for (const { name, reason } of codecs.missing) onNote?.(`${name} is missing: ${reason}`);
  for (const { metric, reason } of meter.missing) onNote?.(`${metric} is not measured: ${reason}`);
  const dataset = listPictures(options.pictures, options.name);
  const chosen = chooseImages(dataset.images, options.images ?? Infinity, seed);
  const contenders = codecs.found.map((one) => pictureContender(one, meter));
  const shared = { maxSide, limits: options.limits, contenders, signal };

  const measured = await measureAnswers(chosen, {
    ...shared,
    ...{ task: 'view', jobs, cache: openResultCache(options.cache) },
    network: {
      ...{ name: 'original', id: meter.id },
      analyze: async (picture) => {
        meter.check(picture);
        return {};
      },
    },
    onProgress: (step) => onProgress?.({ phase: 'answers', ...step }),
  });
  for (const { image, message } of [...dataset.leftOut, ...measured.leftOut]) {
    onNote?.(`${image} left out: ${message}`);
  }
  for (const { image, series, setting, message } of measured.failures) {
    onNote?.(`${series} at ${setting} failed on ${image}: ${message}`);
  }
  const { images, dropped } = commonImages(measured.images, measured.failures);
  for (const key of dropped) onNote?.(`${key} left out: it failed on too many images`);
  if (images.length === 0)
    throw new UsageError('empty-dataset', `no picture of ${dataset.name} was measured`);

  const usable = images.map(({ image }) => image);
  const timed = chooseImages(usable, options.timedImages ?? 8, seed);
  const times = await measureTimes(timed, {
    ...shared,
    onProgress: (done, total) => onProgress?.({ phase: 'times', done, total, cached: 0 }),
  });
  const { stripBpp = DEFAULT_STRIP_BPP } = options;
  const strips = await drawStrips(stripBpp === 'none' ? [] : usable, codecs.found, Number(stripBpp), {
    ...{ maxSide, limits: options.limits, signal, onNote },
    onProgress: (done, total) => onProgress?.({ phase: 'strips', done, total, cached: 0 }),
  });
  const { name, version, device } = await codec.openBackend();
  const report = await writeViewReport({
    ...{ options, dataset, contenders, missing: codecs.missing, missingMeasures: meter.missing, images },
    ...{ dropped, leftOut: measured.leftOut, failures: measured.failures, times, maxSide },
    strips: strips.map(({ strip }) => strip),
    backend: `${name} ${version}, ${device}`,
    timedImages: timed.length,
    elapsedMs: Math.round(performance.now() - began),
  });
  return {
    report,
    csv: writeViewCsv(report),
    markdown: writeViewMarkdown(report),
    plots: plotView(report),
    strips: strips.map(({ strip, png }) => ({ name: strip.file, png })),
  };
}

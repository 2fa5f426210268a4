import {
  type AnalysisResults,
  type AnalyzeOptions,
  type Detection,
  drawOverlay,
  maskArea,
  type Prediction,
  type PrefixOptions,
  type RegionOptions,
  type SegmentedDetection,
} from '../../index.js';
import { printable } from '../../printable.js';
import { formatSize, formatTable } from '../format.js';
import { readDicmFile, readPicture } from '../read-input.js';
import type { Reporter } from '../reporter.js';
import { checkOutput, writeOutput } from '../write-output.js';
import type { JobContext } from './job.js';

/** A .dicm file and what is asked about it. */
export interface AnalyzeJob {
  /** Path of the .dicm file, or `-` for stdin. */
  input: string;
  questions: Omit<AnalyzeOptions, 'signal' | 'onProgress'> & RegionOptions & PrefixOptions;
  /** Where to draw what was found, and on which picture; a plain canvas if there is none. */
  overlay?: { output: string; source: string | undefined; tolerateDamage?: boolean | undefined } | undefined;
  /** Replace an overlay that is there already. */
  force: boolean;
}

/** What it shows. */
export interface AnalyzeResult extends AnalysisResults {
  file: string;
  /** Size of the .dicm file. */
  bytes: number;
  elapsedMs: number;
  /** The Exif orientation that was applied to the photograph, 1 to 8. */
  orientation: number;
  /** Name of the model. */
  model: string;
  /** Path of the overlay that was drawn. */
  overlay?: string | undefined;
  /** For example that a newer model of the same decode id was used; in words. */
  notes: string[];
}

/** Says what one .dicm file shows, and draws it where asked to. */
export async function analyzeOne(job: AnalyzeJob, context: JobContext): Promise<AnalyzeResult> {
  const { codec, signal, onProgress } = context;
  const { input, questions, overlay, force } = job;
  const started = performance.now();
  if (overlay !== undefined) await checkOutput(overlay.output, force);
  const file = await readDicmFile(context, input);
  const { header, model, ...analysis } = await codec.analyze(file, { ...questions, signal, onProgress });
  if (overlay !== undefined) {
    const { width, height, detections = [] } = analysis;
    const { tolerateDamage } = overlay;
    const source = overlay.source === undefined ? undefined : await readPicture(context, overlay.source);
    const options = { source, tolerateDamage, limits: context.limits, signal };
    const png = await drawOverlay({ width, height, detections }, options);
    await writeOutput(overlay.output, png, { force, signal });
  }
  const elapsedMs = Math.round(performance.now() - started);
  const { orientation } = header;
  const bytes = file.length;
  return {
    ...analysis,
    file: input,
    bytes,
    elapsedMs,
    orientation,
    model: model.name,
    overlay: overlay?.output,
  };
}

/**
 * What was found, as JSON.
 *
 * @param schema - Of the JSON object: `dicm.detect/1`.
 */
export function analysisRecord(
  result: AnalyzeResult,
  schema: string,
): { schema: string; [key: string]: unknown } {
  const { file, width, height, predictions, detections, backend, elapsedMs, model, overlay } = result;
  const size = detections === undefined ? {} : { width, height };
  return { schema, file, ...size, predictions, detections, backend, elapsedMs, model, overlay };
}

/**
 * Says what was found: as JSON, or in words.
 *
 * @param schema - Of the JSON object: `dicm.detect/1`.
 * @param minScore - Smallest score of an object that was asked for, for the words.
 */
export function reportAnalysis(
  reporter: Reporter,
  result: AnalyzeResult,
  { schema, minScore }: { schema: string; minScore: number },
): void {
  const { file, width, height, predictions, detections, overlay } = result;
  for (const note of result.notes) reporter.explain(`${file}: ${note}`);
  if (reporter.options.json) reporter.json(analysisRecord(result, schema));
  else {
    const parts = [printable(file)];
    if (predictions !== undefined) parts.push(describePredictions(predictions));
    if (detections !== undefined) parts.push(describeDetections(detections, { width, height }, minScore));
    reporter.text(parts.join('\n'));
  }
  if (overlay !== undefined) reporter.say(`${file} -> ${overlay}`);
}

/** Names of classes with their probabilities, a line each. */
function describePredictions(predictions: readonly Prediction[]): string {
  if (predictions.length === 0) return '  nothing with a score this high';
  return formatTable(predictions.map(({ score, label, wnid }) => [`  ${score.toFixed(3)}`, label, wnid]));
}

/** A table of objects: places in whole source pixels and, where there are masks, the share of the picture they cover. */
function describeDetections(
  detections: readonly (Detection | SegmentedDetection)[],
  size: { width: number; height: number },
  minScore: number,
): string {
  const of = `in ${formatSize(size.width, size.height)} pixels`;
  if (detections.length === 0) return `  no object with a score of ${minScore} or more ${of}`;
  const masks = 'mask' in detections[0]!;
  const head = ['  score', 'label', 'x', 'y', 'width', 'height', ...(masks ? ['mask'] : [])];
  const rows = detections.map((detection) => {
    const { x, y, width, height } = detection.box;
    const cells = [x, y, width, height].map((value) => String(Math.round(value)));
    if ('mask' in detection) {
      const share = maskArea(detection.mask) / (size.width * size.height);
      cells.push(`${(100 * share).toFixed(1)} %`);
    }
    return [`  ${detection.score.toFixed(3)}`, detection.label, ...cells];
  });
  return `${formatTable([head, ...rows], [2, 3, 4, 5, 6])}\n  ${of}`;
}

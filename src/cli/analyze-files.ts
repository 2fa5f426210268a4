import { resolve } from 'node:path';
import { type Analysis, type AnalyzeOptions, drawOverlay, type Task, UsageError } from '../index.js';
import { findCocoIds } from './coco-ids.js';
import { CocoResults } from './coco-results.js';
import { announceBackend, type Context, jobsOf, withCodec } from './context.js';
import { describeDetections, describePredictions } from './describe-findings.js';
import { expandInputs, type Input, isDicmName } from './expand-inputs.js';
import { makeFolders } from './plan-outputs.js';
import { type PlannedOverlay, planOverlays } from './plan-overlays.js';
import { openProgress } from './progress.js';
import { readDicmFile } from './read-dicm-file.js';
import { runInputs } from './run-inputs.js';
import { STANDARD } from './standard-streams.js';
import { checkOutput, writeOutput } from './write-output.js';

/** One of the commands below `dicm analyze`. */
export interface AnalyzeMode {
  /** Of its JSON objects. */
  schema: string;
  tasks: readonly Task[];
  /** What happens to the files, for the progress bar. */
  verb: string;
}

/** How it was called. */
export interface AnalyzeFlags {
  top?: number;
  /** Of classes where those alone are asked for, of objects everywhere else. */
  minScore: number;
  maxDetections?: number;
  coco?: string;
  cocoImages?: string;
  overlay?: string;
  on?: string;
  force?: boolean;
  recursive?: boolean;
}

/**
 * Says what .dicm files show: as text or JSON, as overlays, as one file of results in COCO's form.
 *
 * @returns The exit code.
 */
export async function analyzeFiles(
  context: Context,
  mode: AnalyzeMode,
  patterns: string[],
  flags: AnalyzeFlags,
): Promise<number> {
  const { reporter } = context;
  const { recursive = false, force = false, coco } = flags;
  checkFlags(flags);
  const inputs = await expandInputs(patterns, { recursive, accept: isDicmName });
  const overlays = flags.overlay === undefined ? [] : await planOverlays(inputs, flags.overlay, flags.on);
  if (coco !== undefined) await checkCocoOutput(coco, inputs, overlays, force);
  const results =
    coco === undefined ? undefined : new CocoResults(await findCocoIds(inputs, flags.cocoImages));
  return withCodec(context, async (codec) => {
    const backend = await announceBackend(context, codec);
    await makeFolders(overlays, flags.overlay);
    const progress = await openProgress(context, mode.verb, inputs.length);
    const analyzeOne = async (input: Input, signal: AbortSignal) => {
      const { path } = input;
      const started = performance.now();
      const overlay = overlays.find((plan) => plan.input === input);
      if (overlay !== undefined) await checkOutput(overlay.output, force);
      const analysis = await codec.analyze(await readDicmFile(context, path), {
        ...questionsOf(mode, flags),
        signal,
        onProgress: (done, total) => progress.tiles(path, done, total),
      });
      if (overlay !== undefined) await writeOverlay(context, analysis, overlay, force);
      const elapsedMs = Math.round(performance.now() - started);
      return () => {
        results?.add(path, analysis.detections ?? []);
        for (const note of analysis.notes) reporter.explain(`${path}: ${note}`);
        if (reporter.options.json) {
          const { width, height, predictions, detections, model } = analysis;
          const size = detections === undefined ? {} : { width, height };
          const found = {
            file: path,
            ...size,
            predictions,
            detections,
            backend,
            elapsedMs,
            model: model.name,
          };
          reporter.json({ schema: mode.schema, ...found, overlay: overlay?.output });
        } else reporter.text(describe(path, analysis, flags.minScore));
        if (overlay !== undefined) reporter.say(`${path} -> ${overlay.output}`);
      };
    };
    try {
      const exitCode = await runInputs(context, inputs, analyzeOne, {
        jobs: jobsOf(context),
        nameOf: ({ path }) => path,
        onDone: progress.fileDone,
      });
      if (results !== undefined) await results.write(coco!, context, force);
      return exitCode;
    } finally {
      progress.stop();
    }
  });
}

function questionsOf({ tasks }: AnalyzeMode, flags: AnalyzeFlags): AnalyzeOptions {
  const { top, minScore, maxDetections } = flags;
  if (tasks.length === 1 && tasks[0] === 'classify') return { tasks, top, minScore };
  return { tasks, top, detect: { minScore, maxDetections } };
}

/** @throws UsageError for options that mean nothing without another one. */
function checkFlags({ overlay, on, coco, cocoImages }: AnalyzeFlags): void {
  if (on !== undefined && overlay === undefined) {
    throw new UsageError('option-needs-other', '--on says what --overlay draws on; give that too');
  }
  if (cocoImages !== undefined && coco === undefined) {
    throw new UsageError('option-needs-other', '--coco-images is for --coco; give that too');
  }
}

/** @throws UsageError `coco-stdout`, `output-is-input`, `output-collision`; OutputError `output-exists` */
async function checkCocoOutput(
  coco: string,
  inputs: readonly Input[],
  overlays: readonly PlannedOverlay[],
  force: boolean,
): Promise<void> {
  if (coco === STANDARD) {
    throw new UsageError('coco-stdout', 'other results go to stdout; name a file for those in COCO form');
  }
  const isCoco = (path: string) => resolve(path) === resolve(coco);
  if (inputs.some(({ path }) => path !== STANDARD && isCoco(path))) {
    throw new UsageError('output-is-input', `${coco} is an input; choose another --coco`);
  }
  if (overlays.some(({ output }) => isCoco(output))) {
    throw new UsageError('output-collision', `an overlay and --coco would both be written to ${coco}`);
  }
  await checkOutput(coco, force);
}

async function writeOverlay(
  { options, signal }: Context,
  { width, height, detections = [] }: Analysis,
  { output, source }: PlannedOverlay,
  force: boolean,
): Promise<void> {
  const png = await drawOverlay({ width, height, detections }, { source, limits: options.limit, signal });
  await writeOutput(output, png, { force, signal });
}

function describe(path: string, analysis: Analysis, minScore: number): string {
  const { predictions, detections } = analysis;
  const parts = [path];
  if (predictions !== undefined) parts.push(describePredictions(predictions));
  if (detections !== undefined) parts.push(describeDetections(detections, analysis, minScore));
  return parts.join('\n');
}

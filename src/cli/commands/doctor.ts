import { availableParallelism, totalmem } from 'node:os';
import type { Command } from 'commander';
import {
  checkInstalledModel,
  defaultModelPackage,
  type ImageLibraryProbe,
  type InstalledModel,
  listInstalledModels,
  openCodec,
  probeBackends,
  probeImageLibrary,
} from '../../index.js';
import type { Context, RunAction } from '../context.js';
import { describeFailure, EXIT } from '../exit-codes.js';
import { formatTable } from '../format.js';

/** Adds `dicm doctor`. */
export function addDoctor(program: Command, run: RunAction) {
  program
    .command('doctor')
    .summary('say what is installed, what would run, and why')
    .description(
      'Say what is installed, what would run, and why. Tries every backend and checks every model completely.\n' +
        'Ends with 6 when no backend works, when there is no model, when any of them is not what it says, and\n' +
        'when pictures cannot be read.',
    )
    .action(() => run(examine));
}

/** A model and whether it is whole. */
type CheckedModel = InstalledModel & { ok: boolean; problem: string | null };

async function examine(context: Context): Promise<number> {
  const { reporter, options, terminal } = context;
  const backends = await probeBackends();
  const chosen = await chooseBackend(context);
  const imageLibrary = await probeImageLibrary();
  let models: CheckedModel[] = [];
  let modelProblem: string | null = null;
  try {
    models = await Promise.all((await listInstalledModels(options.model)).map(checkModel));
    // What DICM_MODEL names may not be there.
    const isPreferred = terminal.env.DICM_MODEL && options.model === undefined;
    if (isPreferred && !models.some(({ isDefault }) => isDefault)) await openEncoder(context);
  } catch (error) {
    modelProblem = describeFailure(error).message;
  }
  // One broken model among several is what a file finds out that names it.
  const whole = models.length > 0 && models.every((model) => model.ok);
  const ok = chosen.backend !== null && imageLibrary.ok && modelProblem === null && whole;
  const machine = {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
  };
  if (reporter.options.json) {
    const found = { ...machine, backends, ...chosen, imageLibrary, models, modelProblem };
    reporter.json({ schema: 'dicm.doctor/1', ok, ...found });
  } else {
    reporter.text(
      [
        `node ${machine.node}, ${machine.platform}, ${machine.cpus} CPUs, ` +
          `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB of memory`,
        `\nbackends\n${describeProbes(backends)}`,
        chosen.backend === null
          ? `  none would run: ${chosen.reason}`
          : `  ${chosen.backend} would run: ${chosen.reason}`,
        `\npictures\n${describeProbes([{ name: 'sharp', ...imageLibrary }])}`,
        `\nmodels\n${describeModels(models, modelProblem)}`,
      ].join('\n'),
    );
  }
  return ok ? EXIT.ok : EXIT.backend;
}

async function chooseBackend({ options }: Context): Promise<{ backend: string | null; reason: string }> {
  const codec = await openCodec({
    backend: options.backend,
    threads: options.threads,
    precision: options.precision,
  });
  try {
    const { name, passedOver } = await codec.openBackend();
    const passed = passedOver.map(({ backend, reason }) => `${backend} passed over (${reason})`);
    if (options.backend !== 'auto') return { backend: name, reason: 'asked for with --backend' };
    return { backend: name, reason: passed.length === 0 ? 'first in the order' : passed.join('; ') };
  } catch (error) {
    return { backend: null, reason: describeFailure(error).message };
  } finally {
    await codec.dispose();
  }
}

/** Opens the model to encode with. @throws ModelError */
async function openEncoder({ options }: Context): Promise<void> {
  const codec = await openCodec({ model: options.model });
  try {
    await codec.openModel();
  } finally {
    await codec.dispose();
  }
}

async function checkModel(model: InstalledModel): Promise<CheckedModel> {
  try {
    await checkInstalledModel(model.folder);
    return { ...model, ok: true, problem: null };
  } catch (error) {
    return { ...model, ok: false, problem: describeFailure(error).message };
  }
}

function describeProbes(probes: readonly (ImageLibraryProbe & { name: string })[]): string {
  return formatTable(
    probes.map(({ name, ok, reason, version }) => [
      `  ${name}`,
      ok ? 'works' : 'missing',
      version === undefined ? reason : `${version}, ${reason}`,
    ]),
  );
}

function describeModels(models: readonly CheckedModel[], problem: string | null): string {
  const faults = problem === null ? [] : [`  ${problem}`];
  if (models.length === 0 && problem === null) {
    faults.push(`  none; encoding and analysis need one: npm install ${defaultModelPackage}`);
  }
  const table = formatTable(
    models.map(({ name, version, decodeId, folder, problem: fault }) => [
      `  ${name}`,
      version,
      decodeId,
      fault === null ? 'whole' : fault,
      folder,
    ]),
  );
  return [...faults, ...(models.length === 0 ? [] : [table])].join('\n');
}

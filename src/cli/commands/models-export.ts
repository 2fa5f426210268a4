import { join } from 'node:path';
import type { Command } from 'commander';
import { exportOnnx } from '../../index.js';
import type { Context, RunAction } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { formatBytes } from '../format.js';
import { makeFolders } from '../plan-outputs.js';
import { checkOutput, writeOutput } from '../write-output.js';

/** What models of either profile may be written to. */
const FILES = ['features.onnx', 'tail.onnx', 'heads.onnx', 'picture.onnx', 'graphs.json'];

/** Adds `dicm models export`. */
export function addModelsExport(models: Command, run: RunAction) {
  models
    .command('export')
    .summary('write networks of a model as ONNX files')
    .description(
      'Write the networks behind the latents of a model as ONNX files, weights included, for programs that run\n' +
        'them themselves: features.onnx (latents to f3), tail.onnx (f3 to layers, embedding, logits) and\n' +
        'heads.onnx (layers to boxes and masks). --model chooses the model.',
    )
    .requiredOption('--onnx <directory>', 'where to write them')
    .option('-f, --force', 'overwrite files')
    .action((flags: { onnx: string; force?: boolean }) => run((context) => exportModel(context, flags)));
}

async function exportModel(
  { reporter, options, signal }: Context,
  { onnx: folder, force = false }: { onnx: string; force?: boolean },
): Promise<number> {
  const planned = FILES.map((name) => ({ output: join(folder, name) }));
  // Before any work, and so that nothing is written where one of them is there already.
  for (const { output } of planned) await checkOutput(output, force);
  await makeFolders(planned, folder);
  for await (const { name, bytes, inputs, outputs } of exportOnnx(options.model)) {
    const output = join(folder, name);
    const written = await writeOutput(output, bytes, { force, signal });
    if (options.json === true) {
      reporter.json({ schema: 'dicm.export/1', output, bytes: written, inputs, outputs });
    } else {
      const from = Object.keys(inputs).join(', ');
      const content = outputs.length === 0 ? 'lists them' : `from ${from} to ${outputs.join(', ')}`;
      reporter.text(`${output}: ${formatBytes(written)}, ${content}`);
    }
  }
  return EXIT.ok;
}

import type { Command } from 'commander';
import { defaultModelPackage, listInstalledModels } from '../../index.js';
import type { Context, RunAction } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { formatBytes, formatTable } from '../format.js';
import { addModelsExport } from './models-export.js';

/** Adds `dicm models`. */
export function addModels(program: Command, run: RunAction) {
  const models = program
    .command('models')
    .summary('list the installed models')
    .description(
      'List the installed models; the one marked * is used where none is named.\n' +
        'Models are looked for in the folders of $DICM_MODEL_PATH and in the package\n' +
        `${defaultModelPackage}.`,
    )
    .action(() => run(listModels));
  addModelsExport(models, run);
}

async function listModels({ reporter, options, terminal }: Context): Promise<number> {
  const models = await listInstalledModels(options.model);
  if (reporter.options.json) {
    for (const model of models) reporter.json({ schema: 'dicm.models/1', ...model });
  } else if (models.length > 0) {
    const rows = models.map((model) => [
      model.isDefault ? '*' : ' ',
      model.name,
      model.version,
      model.decodeId,
      model.renderId,
      formatBytes(model.weightsBytes),
      model.folder,
    ]);
    reporter.text(
      formatTable([['', 'name', 'version', 'decode id', 'render id', 'weights', 'folder'], ...rows], [5]),
    );
  }
  if (models.length === 0) {
    reporter.warn(`no model is installed; npm install ${defaultModelPackage} brings one`);
  }
  const preferred = terminal.env.DICM_MODEL;
  if (preferred && models.length > 0 && !models.some((model) => model.isDefault)) {
    reporter.warn(`DICM_MODEL names ${preferred}, which is none of them; nothing can be encoded`);
  }
  return models.length === 0 ? EXIT.backend : EXIT.ok;
}

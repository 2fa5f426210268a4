// Builds the page (web/) as a static folder, dist/web, and puts the installed model beside it, in dist/web/model: the folder
// works on any host, under any path. Also the page of studies (web/study/), dist/study, which `dicm study make` copies into each.
//   node scripts/build-web.js [--without-model]
// `npm run build:web` is the whole folder; `npm run build` makes it without the model, which `dicm view` serves from where
// it is installed.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vite';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = join(ROOT, 'dist/web');

const { values } = parseArgs({ options: { 'without-model': { type: 'boolean', default: false } } });

await build({ configFile: join(ROOT, 'web/vite.config.ts'), logLevel: 'warn' });
await build({ configFile: join(ROOT, 'web/study/vite.config.ts'), logLevel: 'warn' });
if (values['without-model']) process.stdout.write('build-web: dist/web, without the model; dist/study\n');
else await copyModel(join(PAGE, 'model'));

/**
 * Copies what a page reads of the default model, and its licence.
 *
 * @param {string} to
 */
async function copyModel(to) {
  const { listInstalledModels } = await import('#dicm/platform/node/inventory.js');
  const { modelFiles } = await import('#dicm/cli/view/page-files.js');
  const model = (await listInstalledModels()).find(({ isDefault }) => isDefault);
  if (model === undefined) throw new Error('no model is installed: npm install dicm-model-r50');
  mkdirSync(to, { recursive: true });
  for (const file of await modelFiles(model.folder)) copyFileSync(join(model.folder, file), join(to, file));
  process.stdout.write(
    `build-web: dist/web, with ${model.name} ${model.version}. ${model.licence}: dist/web/model/LICENSE goes with it\n`,
  );
}

// Builds the page (web/) as a static folder, dist/web, and puts the installed models beside it, in dist/web/model and
// dist/web/view-model: the folder works on any host, under any path. Also the page of studies (web/study/), dist/study, which `dicm study make` copies into each.
//   node scripts/build-web.js [--without-model]
// `npm run build:web` is the whole folder; `npm run build` makes it without models, which `dicm view` serves from where
// they are installed.
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
if (values['without-model']) process.stdout.write('build-web: dist/web, without models; dist/study\n');
else await copyModels();

/** Copies what a page reads of the default models, and their licences. */
async function copyModels() {
  const { MODEL_FOLDERS, modelFiles, pageModels } = await import('#dicm/cli/view/page-files.js');
  for (const { folder, profile, name, version, licence } of await pageModels()) {
    const to = join(PAGE, MODEL_FOLDERS[profile]);
    mkdirSync(to, { recursive: true });
    for (const file of await modelFiles(folder)) copyFileSync(join(folder, file), join(to, file));
    const where = `dist/web/${MODEL_FOLDERS[profile]}/LICENSE`;
    process.stdout.write(`build-web: dist/web, with ${name} ${version}. ${licence}: ${where} goes with it\n`);
  }
}

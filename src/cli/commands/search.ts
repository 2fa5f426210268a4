import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { UsageError } from '../../errors.js';
import type { DuplicateGroup, PictureIndex, SearchHit, SearchVector } from '../../index.js';
import { announceBackend, type Context, type RunAction, streamsOf, withCodec } from '../context.js';
import { drawHits } from '../draw-hits.js';
import { EXIT } from '../exit-codes.js';
import { isDicmName } from '../expand-inputs.js';
import { toPath } from '../file-names.js';
import { formatBytes, formatSize, formatTable } from '../format.js';
import { indexedPath, pathFromIndex } from '../index-paths.js';
import { numberBetween, wholeNumber } from '../option-values.js';
import { checkOutputKind } from '../output-kinds.js';
import { readDicmFile, readPicture } from '../read-input.js';
import { STANDARD } from '../terminal.js';
import { checkOutput } from '../write-output.js';

interface SearchFlags {
  like?: string;
  where?: string;
  top?: number;
  duplicates?: boolean;
  within?: number;
  sheet?: string;
  on?: string;
  null?: boolean;
  force?: boolean;
}

/** Adds `dicm search`. */
export function addSearch(program: Command, run: RunAction) {
  program
    .command('search')
    .summary('find files in an index')
    .description(
      'Find files in an index that dicm index made: those like a picture, those of which a query\n' +
        'holds, both, or copies of each other. No pictures are read but the one to compare with.',
    )
    .argument('<index>', 'the index')
    .option('--like <file>', 'files like this one, a .dicm file or a picture, the nearest first')
    .option('--where <query>', `only files of which this holds: 'dog >= 2 and class ~ "beach"'`)
    .option(
      '--top <count>',
      'how many files at most (default: 20 with --like, otherwise all)',
      wholeNumber(1),
    )
    .option('--duplicates', 'groups of files that are copies of each other')
    .option('--within <distance>', 'largest distance of copies, 0 to 1 (default: 0.1)', numberBetween(0, 1))
    .option('--sheet <png>', 'draw what was found as a contact sheet')
    .option('--on <folder>', 'the folder of the photographs for --sheet (default: beside the files)')
    .option('-0, --null', 'paths only, each ended by a NUL byte, as xargs -0 takes them')
    .option('-f, --force', 'overwrite a sheet that is there')
    .action((index: string, _: unknown, command: Command) =>
      run((context) => searchIndex(context, index, command.opts<SearchFlags>())),
    );
}

async function searchIndex(context: Context, path: string, flags: SearchFlags): Promise<number> {
  checkFlags(context, flags);
  if (flags.sheet !== undefined) await checkOutput(flags.sheet, flags.force === true);
  const { openIndex } = await import('../../index.js');
  const index = await openIndex(path);
  try {
    return flags.duplicates === true
      ? await showDuplicates(context, index, flags)
      : await showHits(context, index, flags);
  } finally {
    index.close();
  }
}

async function showHits(context: Context, index: PictureIndex, flags: SearchFlags): Promise<number> {
  const { reporter, terminal, signal } = context;
  const { like, where, top, sheet } = flags;
  const { search } = await import('../../index.js');
  const vector = like === undefined ? undefined : await vectorOf(context, index, like);
  const except = like === undefined || like === STANDARD ? undefined : indexedPath(index.path, like);
  const rows: string[][] = [];
  const shown: SearchHit[] = [];
  for (const hit of search(index, { like: vector, where, top, except })) {
    signal.throwIfAborted();
    const file = pathFromIndex(index.path, hit.path);
    if (flags.null === true) terminal.stdout.write(zeroEnded(file));
    else if (reporter.options.json) reporter.json({ schema: 'dicm.search/1', ...hit, path: undefined, file });
    else rows.push(rowOf(file, hit));
    if (sheet !== undefined) shown.push(hit);
  }
  if (rows.length > 0) {
    const head = [...(vector === undefined ? [] : ['distance']), 'size', 'class', 'objects', 'file'];
    reporter.text(formatTable([head, ...rows], vector === undefined ? [] : [0]));
  } else if (flags.null !== true) reporter.say(`nothing found among ${index.size} files`);
  if (sheet !== undefined) await drawHits(context, index, [shown], flags);
  return EXIT.ok;
}

async function showDuplicates(context: Context, index: PictureIndex, flags: SearchFlags): Promise<number> {
  const { reporter, terminal, signal } = context;
  const { where, within, top = Infinity, sheet } = flags;
  const { findDuplicates } = await import('../../index.js');
  const groups = (await findDuplicates(index, { where, within, signal })).slice(0, top);
  for (const group of groups) {
    const files = group.files.map((hit) => ({ file: pathFromIndex(index.path, hit.path), hit }));
    if (flags.null === true) {
      for (const { file } of files) terminal.stdout.write(zeroEnded(file));
      terminal.stdout.write(Buffer.of(0));
    } else if (reporter.options.json) {
      const listed = files.map(({ file, hit: { distance, bytes, width, height, quality } }) => {
        return { file, distance, bytes, width, height, quality };
      });
      reporter.json({ schema: 'dicm.duplicates/1', files: listed });
    } else
      reporter.text(
        `${formatTable(
          files.map(({ file, hit }) => copyRow(file, hit)),
          [0, 2],
        )}\n`,
      );
  }
  reporter.say(describeGroups(groups, index.size));
  if (sheet !== undefined) {
    await drawHits(
      context,
      index,
      groups.map(({ files }) => files),
      flags,
    );
  }
  return EXIT.ok;
}

/** The vector of a file: that of the index where it is in there unchanged, so that neither model nor executor is needed. */
async function vectorOf(context: Context, index: PictureIndex, like: string): Promise<SearchVector> {
  const known = like === STANDARD ? undefined : await knownVector(index, like);
  if (known !== undefined) return known;
  return withCodec(context, async (codec) => {
    await announceBackend(context, codec);
    const { signal } = context;
    const streams = streamsOf(context);
    const hooks = { tasks: ['vector'] as const, signal };
    const answer = isDicmName(like)
      ? await codec.analyze(await readDicmFile(streams, like), hooks)
      : await codec.analyzePixels(await readPicture(streams, like), hooks);
    return answer.vector!;
  });
}

async function knownVector(index: PictureIndex, like: string): Promise<SearchVector | undefined> {
  const file = index.fileAt(indexedPath(index.path, like));
  const status = file === undefined ? undefined : await stat(toPath(like)).catch(() => undefined);
  if (file === undefined || status === undefined) return undefined;
  const { bytes, modifiedMs } = index.stateOf(file);
  if (status.size !== bytes || Math.round(status.mtimeMs) !== modifiedMs) return undefined;
  return { values: index.vectorOf(file), space: index.about.space };
}

/** @throws UsageError for options that mean nothing together, or without another one */
function checkFlags({ reporter }: Context, flags: SearchFlags): void {
  const { like, where, duplicates, within, sheet, on, force } = flags;
  const needs = (option: string, other: string, is: boolean) => {
    if (is) throw new UsageError('option-needs-other', `${option} is for ${other}; give that too`);
  };
  if (like === undefined && where === undefined && duplicates !== true) {
    throw new UsageError(
      'option-needs-other',
      'say what to look for: --like FILE, --where QUERY or --duplicates',
    );
  }
  if (duplicates === true && like !== undefined) {
    throw new UsageError(
      'conflictingOption',
      "option '--duplicates' cannot be used with option '--like <file>'",
    );
  }
  if (flags.null === true && reporter.options.json) {
    throw new UsageError(
      'stdout-conflict',
      '--json and the paths of -0 would both go to stdout; give one of them',
    );
  }
  needs('--within', '--duplicates', within !== undefined && duplicates !== true);
  needs('--on', '--sheet', on !== undefined && sheet === undefined);
  needs('-f', '--sheet', force === true && sheet === undefined);
  if (sheet === STANDARD) {
    throw new UsageError('overlay-stdout', 'results go to stdout; name a file for the sheet');
  }
  if (sheet !== undefined) checkOutputKind(sheet, 'a sheet', ['.png']);
}

function rowOf(file: string, { distance, width, height, classes, objects }: SearchHit): string[] {
  const [best] = classes;
  return [
    ...(distance === undefined ? [] : [distance.toFixed(4)]),
    formatSize(width, height),
    best === undefined ? '-' : `${best.label} ${best.score.toFixed(2)}`,
    countObjects(objects),
    file,
  ];
}

function copyRow(file: string, { distance = 0, width, height, bytes }: SearchHit): string[] {
  return [distance.toFixed(4), formatSize(width, height), formatBytes(bytes), file];
}

/** `2 dog, 1 person`, the most frequent first. */
function countObjects(objects: SearchHit['objects']): string {
  const counts = new Map<string, number>();
  for (const { label } of objects) counts.set(label, (counts.get(label) ?? 0) + 1);
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted.length === 0 ? '-' : sorted.map(([label, count]) => `${count} ${label}`).join(', ');
}

function describeGroups(groups: readonly DuplicateGroup[], files: number): string {
  const copies = groups.reduce((sum, group) => sum + group.files.length - 1, 0);
  return `${groups.length} groups, ${copies} copies among ${files} files`;
}

/** A path as the bytes that the file system knows it by. */
function zeroEnded(file: string): Uint8Array {
  return Buffer.concat([Buffer.from(toPath(file)), Buffer.of(0)]);
}

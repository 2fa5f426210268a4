import { type Command, Option } from 'commander';
import {
  defaultMaxSide,
  defaultQuality,
  type EncodeOptions,
  type KeptAnswer,
  type MaxSide,
  type MetadataChoice,
  parseKeptAnswers,
  UsageError,
} from '../index.js';
import {
  numberBetween,
  parseList,
  positiveNumber,
  sideOrNone,
  wholeNumber,
  wholeNumberBetween,
} from './option-values.js';

/** How photographs are coded. */
export interface CodingFlags {
  quality?: number;
  targetBpp?: number;
  targetBytes?: number;
  keep?: KeptAnswer[];
  minScore?: number;
  effort?: number;
  maxSide?: MaxSide;
  metadata: MetadataChoice;
  tolerateDamage?: boolean;
  digest?: boolean;
}

/** {@link CodingFlags} as the library takes them, with what a view layer has of its own. */
export type LayeredOptions = CodingFlags & { maxSide: MaxSide } & Pick<
    EncodeOptions,
    'layers' | 'viewQuality' | 'viewSide'
  >;

/** Which layers a file gets, and how its view is coded. */
export interface ViewFlags {
  view?: boolean;
  viewOnly?: boolean;
  viewQuality?: number;
  viewSide?: MaxSide;
}

/** Adds the options of {@link ViewFlags}. */
export function addViewOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--view',
        'add a view layer, a picture for eyes, which decode -o photo.png rebuilds',
      ).conflicts(['viewOnly', 'targetBpp', 'targetBytes', 'keep']),
    )
    .addOption(new Option('--view-only', 'the view layer alone, nothing for networks').conflicts(['keep']))
    .option(
      '--view-quality <number>',
      'quality of the view, 1 to 100 (default: that of -q)',
      numberBetween(1, 100),
    )
    .option(
      '--view-side <pixels>',
      'fit the longer side of the view to this many pixels (default: none, every pixel)',
      sideOrNone,
    );
}

/** Adds the options that say how photographs are coded. */
export function addEncodeOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-q, --quality <number>', `from 1, smallest, to 100, best (default: ${defaultQuality})`)
        .argParser(numberBetween(1, 100))
        .conflicts(['targetBpp', 'targetBytes']),
    )
    .addOption(
      new Option('--target-bpp <number>', 'largest file within this many bits per coded pixel')
        .argParser(positiveNumber)
        .conflicts(['targetBytes']),
    )
    .addOption(
      new Option('--target-bytes <count>', 'largest file within this many bytes').argParser(wholeNumber(1)),
    )
    .option(
      '--keep <answers>',
      'smallest file of which the network says what it says of the uncompressed picture: some of top1, top5, ' +
        'labels=0.5, boxes, boxes=0.75, masks',
      parseKeep,
    )
    .option(
      '--min-score <number>',
      'smallest score, 0 to 1, of the objects that --keep looks at (default: 0.3)',
      numberBetween(0, 1),
    )
    .option(
      '--effort <1..9>',
      'search for better symbols: 1 none, each further one takes twice as long (default: 1)',
      wholeNumberBetween(1, 9),
    )
    .addOption(
      new Option(
        '--max-side <pixels>',
        `fit the longer side to this many pixels; none keeps every pixel (default: ${defaultMaxSide})`,
      ).argParser(sideOrNone),
    )
    .addOption(
      new Option('--metadata <what>', 'keep of the photograph; exif and all keep the place it was taken')
        .choices(['none', 'icc', 'exif', 'all'])
        .default('none'),
    )
    .option('--tolerate-damage', 'read what can be read of damaged photographs')
    .option('--digest', 'add a SHA-256 of all that the file holds, which verify compares; no signature');
}

/**
 * The options of a coding among those of a command.
 *
 * @throws UsageError `rate-conflict`, `option-needs-other`
 */
export function codingOptions(flags: CodingFlags): CodingFlags & { maxSide: MaxSide } {
  checkKeepFlags(flags);
  const { quality, targetBpp, targetBytes, keep, minScore, effort } = flags;
  const { maxSide = defaultMaxSide, metadata, tolerateDamage, digest } = flags;
  return {
    ...{ quality, targetBpp, targetBytes, keep, minScore, effort },
    ...{ maxSide, metadata, tolerateDamage, digest },
  };
}

/**
 * The options of a coding with layers among those of a command.
 *
 * @throws UsageError `rate-conflict`, `option-needs-other`
 */
export function layeredOptions(flags: CodingFlags & ViewFlags): LayeredOptions {
  const { view = false, viewOnly = false, viewQuality, viewSide, ...coding } = flags;
  const options = codingOptions(coding);
  if (!view && !viewOnly) {
    if (viewQuality === undefined && viewSide === undefined) return options;
    throw new UsageError(
      'option-needs-other',
      '--view-quality and --view-side are for a view layer; give --view or --view-only too',
    );
  }
  if (viewQuality !== undefined && (coding.targetBpp !== undefined || coding.targetBytes !== undefined)) {
    throw new UsageError('rate-conflict', 'give --view-quality or a target size, not both');
  }
  const own = { viewQuality, viewSide: viewSide ?? (viewOnly ? coding.maxSide : undefined) ?? 'none' };
  return { ...options, ...own, layers: viewOnly ? ['view'] : ['machine', 'view'] };
}

/** Parses `--keep top1,boxes=0.75`; may be given several times. @throws UsageError `bad-keep` */
function parseKeep(text: string, previous: KeptAnswer[] = []): KeptAnswer[] {
  const answers = parseList(text);
  parseKeptAnswers(answers);
  return [...previous, ...(answers as KeptAnswer[])];
}

function checkKeepFlags({ keep, minScore, quality, targetBpp, targetBytes }: CodingFlags): void {
  const rate = Object.entries({ '-q': quality, '--target-bpp': targetBpp, '--target-bytes': targetBytes });
  const given = rate.find(([, value]) => value !== undefined);
  if (keep !== undefined && given !== undefined) {
    throw new UsageError(
      'rate-conflict',
      `--keep finds the quality itself, that of the smallest file that keeps the answers; leave ${given[0]} out`,
    );
  }
  const looksAtObjects = keep?.some((answer) => /^(boxes|masks)/.test(answer));
  if (minScore !== undefined && looksAtObjects !== true) {
    throw new UsageError(
      'option-needs-other',
      '--min-score says which objects --keep boxes and --keep masks look at; give one of them',
    );
  }
}

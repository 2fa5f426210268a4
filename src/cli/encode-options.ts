import { type Command, Option } from 'commander';
import { defaultMaxSide, defaultQuality, type MaxSide, type MetadataChoice } from '../index.js';
import {
  numberBetween,
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
  effort?: number;
  maxSide: MaxSide;
  metadata: MetadataChoice;
  tolerateDamage?: boolean;
  digest?: boolean;
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
      '--effort <1..9>',
      'search for better symbols: 1 none, each further one takes twice as long (default: 1)',
      wholeNumberBetween(1, 9),
    )
    .addOption(
      new Option('--max-side <pixels>', 'fit the longer side to this many pixels; none keeps every pixel')
        .argParser(sideOrNone)
        .default(defaultMaxSide),
    )
    .addOption(
      new Option('--metadata <what>', 'keep of the photograph; exif and all keep the place it was taken')
        .choices(['none', 'icc', 'exif', 'all'])
        .default('none'),
    )
    .option('--tolerate-damage', 'read what can be read of damaged photographs')
    .option('--digest', 'add a SHA-256 of all that the file holds, which verify compares; no signature');
}

/** The options of a coding among those of a command. */
export function codingOptions(flags: CodingFlags): CodingFlags {
  const { quality, targetBpp, targetBytes, effort, maxSide, metadata, tolerateDamage, digest } = flags;
  return { quality, targetBpp, targetBytes, effort, maxSide, metadata, tolerateDamage, digest };
}

import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../errors.js';
import { defaultLimits, type Limits } from '../limits.js';

/** Parser of an option whose value is a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || !Number.isSafeInteger(value)) {
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
    }
    return value;
  };
}

/** Parser of an option whose value is a whole number in a range. */
export function wholeNumberBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** Parser of an option whose value is a number in a range. */
export function numberBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most)) {
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** Parses a number above 0. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && value < Infinity)) {
    throw new InvalidArgumentError('It must be a number above 0.');
  }
  return value;
}

/** Parses a side in pixels, or `none`. */
export function sideOrNone(text: string): number | 'none' {
  return text === 'none' ? text : wholeNumber(1)(text);
}

/** Parses a whole number of at least 1, or `all`. */
export function countOrAll(text: string): number {
  return text === 'all' ? Infinity : wholeNumber(1)(text);
}

/** Parses a region of a picture, `x,y,width,height` in pixels. */
function parseRegion(text: string): { x: number; y: number; width: number; height: number } {
  const match = /^(\d+),(\d+),(\d+),(\d+)$/.exec(text);
  const [x = NaN, y = NaN, width = NaN, height = NaN] = match?.slice(1).map(Number) ?? [];
  if (!(Number.isSafeInteger(x + width) && Number.isSafeInteger(y + height) && width >= 1 && height >= 1)) {
    throw new InvalidArgumentError('It must be x,y,width,height in whole pixels, like 100,50,320,240.');
  }
  return { x, y, width, height };
}

/** Parses a list with commas between its items. */
export function parseList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** What `--categories` of an analysis takes. */
export const CATEGORIES_ABOUT =
  'objects of these alone: names or ids, coco or voc (default: all that the model knows)';

/** Parses the categories of objects: names, and ids, which are numbers. */
export function parseCategories(text: string): (string | number)[] {
  return parseList(text).map((item) => (/^\d+$/.test(item) ? Number(item) : item));
}

/** Parses the settings of a codec, `jpeg=5,10,20`; may be given several times. */
export function parseSettings(
  text: string,
  previous: Record<string, number[]> = {},
): Record<string, number[]> {
  const match = /^([a-z0-9-]+)=(.+)$/.exec(text);
  const numbers = parseList(match?.[2] ?? '').map(Number);
  if (match === null || numbers.length === 0 || numbers.some((number) => !Number.isFinite(number))) {
    throw new InvalidArgumentError('It must be a codec and its settings, like jpeg=5,10,20.');
  }
  return { ...previous, [match[1]!]: numbers };
}

/** Parses `--limit name=value`; may be given several times. @throws UsageError `bad-limit` */
export function parseLimit(text: string, previous: Partial<Limits> = {}): Partial<Limits> {
  const [name, value] = text.split('=') as [string, string?];
  const amount = Number(value);
  if (!(name in defaultLimits) || value === undefined || value === '' || Number.isNaN(amount)) {
    const names = Object.keys(defaultLimits).join(', ');
    throw new UsageError('bad-limit', `--limit takes NAME=NUMBER with a NAME of ${names}, not ${text}`);
  }
  return { ...previous, [name]: amount };
}

/** Which part of a file is read, and how much of it has to be there. */
export interface PartFlags {
  region?: { x: number; y: number; width: number; height: number };
  prefix?: boolean;
}

/** Adds `--prefix`. */
export function addPrefixOption(command: Command): Command {
  return command.option('--prefix', 'read the first layer; what follows it may be missing or damaged');
}

/** Adds the options of {@link PartFlags}. */
export function addPartOptions(command: Command): Command {
  const text = 'only this part of the photograph, in its pixels';
  return addPrefixOption(command.option('--region <x,y,w,h>', text, parseRegion));
}

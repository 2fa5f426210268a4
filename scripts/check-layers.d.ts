/**
 * Checks sources against the layer rules.
 *
 * @param files - Path from the repository root, with forward slashes, to source.
 * @returns One line for every violation.
 */
export function checkLayers(files: ReadonlyMap<string, string>): string[];

/** Reads the sources below src/ that the rules apply to. */
export function readSources(root: string): Map<string, string>;

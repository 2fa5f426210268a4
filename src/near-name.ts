/**
 * The name among known ones that a misspelt one was probably meant to be: the nearest, in any case of its letters, if it is
 * at most two letters away that were left out, added or exchanged, and not half of the word.
 */
export function nearName(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  const ranked = known
    .map((other) => ({ other, edits: countEdits(wanted, other.toLowerCase()) }))
    .filter(({ other, edits }) => edits <= 2 && 2 * edits < other.length)
    .sort((a, b) => a.edits - b.edits);
  return ranked[0]?.other;
}

/** Levenshtein's distance. */
function countEdits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

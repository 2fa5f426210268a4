/**
 * Finds files that import each other in a circle.
 *
 * @param {ReadonlyMap<string, readonly string[]>} imports Each file, and the files it imports.
 * @returns {string[][]} A shortest circle through the first file, in order of names, of each group of files that reach
 *   one another; the file it begins with is not repeated at its end.
 */
export function findCircles(imports) {
  /** @type {string[][]} */
  const circles = [];
  const seen = new Set();
  for (const file of [...imports.keys()].sort()) {
    if (seen.has(file)) continue;
    const circle = shortestCircle(file, imports);
    if (circle === undefined) continue;
    circles.push(circle);
    const reached = reachedFrom(file, imports);
    // All that reach this file back are of its group, and one circle of a group is enough to begin with.
    for (const other of reached) if (reachedFrom(other, imports).has(file)) seen.add(other);
  }
  return circles;
}

/**
 * @param {string} file
 * @param {ReadonlyMap<string, readonly string[]>} imports
 * @returns {string[] | undefined}
 */
function shortestCircle(file, imports) {
  /** @type {Map<string, string>} Each file that was reached, and from where. */
  const cameFrom = new Map();
  const queue = [file];
  for (const at of queue) {
    for (const next of imports.get(at) ?? []) {
      if (next === file) return pathTo(at, cameFrom);
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, at);
      queue.push(next);
    }
  }
  return undefined;
}

/**
 * @param {string} file
 * @param {ReadonlyMap<string, string>} cameFrom
 */
function pathTo(file, cameFrom) {
  const path = [file];
  for (let at = cameFrom.get(file); at !== undefined; at = cameFrom.get(at)) path.unshift(at);
  return path;
}

/**
 * @param {string} file
 * @param {ReadonlyMap<string, readonly string[]>} imports
 */
function reachedFrom(file, imports) {
  const reached = new Set([file]);
  for (const at of reached) for (const next of imports.get(at) ?? []) reached.add(next);
  return reached;
}

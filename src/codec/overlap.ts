/**
 * Walks through `count` steps so that each step begins while the one before is still pending: entropy coding on
 * this thread overlaps with the executor's work on its own.
 *
 * @param start - Begins a step; what it does before its first `await` overlaps.
 * @returns The results, in order.
 */
export async function* overlap<R>(
  count: number,
  start: (index: number) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  let current: Promise<R> | undefined = count > 0 ? start(0) : undefined;
  for (let index = 0; current !== undefined; index++) {
    const next: Promise<R> | undefined = index + 1 < count ? start(index + 1) : undefined;
    // If this step fails, or the reader stops here, nobody will ask for the next one.
    next?.catch(() => undefined);
    yield await current;
    current = next;
  }
}

import { FormatError, LimitError } from '../../errors.js';
import type { SourceStore } from './store.js';

/** Answers that another try will not change. */
const IS_FINAL = (status: number) => status >= 400 && status < 500 && ![408, 425, 429].includes(status);

/** Inputs behind `http://` and `https://`. */
export class HttpSource implements SourceStore {
  readonly #mostBytes: number;

  /** @param mostBytes - Largest answer that is taken. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  async read(source: string, signal: AbortSignal): Promise<Uint8Array> {
    try {
      const response = await fetch(source, { signal });
      if (!response.ok) {
        await response.body?.cancel();
        const code = IS_FINAL(response.status) ? 'file-missing' : 'source-unreachable';
        throw new FormatError(code, `${source}: the server answers ${response.status}`);
      }
      return await readLimited(source, response, this.#mostBytes);
    } catch (error) {
      if (error instanceof FormatError || error instanceof LimitError) throw error;
      const { message, cause } = error as Error;
      const reason = cause instanceof Error ? cause.message : message;
      throw new FormatError('source-unreachable', `${source}: ${reason}`, {}, { cause: error });
    }
  }
}

async function readLimited(source: string, response: Response, mostBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    total += piece.length;
    // Leaving the loop ends the transfer.
    if (total > mostBytes)
      throw new LimitError('maxArrayBytes', total, mostBytes, `The size of ${source} so far, in bytes,`);
    pieces.push(piece);
  }
  return new Uint8Array(Buffer.concat(pieces));
}

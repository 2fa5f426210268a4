import { positionsOf, settingAt } from '../bench/codecs/encode-near.js';
import type { CodecHooks, PictureCodec, Pixels } from '../bench/codecs/picture-codec.js';

/** A file that a codec can write of a picture. */
export interface Rung {
  readonly setting: number;
  readonly sizeBytes: number;
}

/** Most neighbours of the nearest file that are looked at, on either side. */
const MOST_NEIGHBOURS = 12;

/** The files that one codec can write of one picture, by their sizes. Each setting is tried once, when it is asked for. */
export class SizeLadder {
  readonly #codec: PictureCodec;
  readonly #picture: Pixels;
  readonly #hooks: CodecHooks;
  readonly #files = new Map<number, Uint8Array>();

  constructor(codec: PictureCodec, picture: Pixels, hooks: CodecHooks) {
    this.#codec = codec;
    this.#picture = picture;
    this.#hooks = hooks;
  }

  get codec(): PictureCodec {
    return this.#codec;
  }

  /** Whether {@link nearest} comes close to every size between the smallest and the largest file. */
  get isFine(): boolean {
    return this.#codec.encodeTo !== undefined || this.#codec.range.isContinuous === true;
  }

  /**
   * The file whose size is the nearest to a target, by a search that takes sizes to rise with the setting; of a codec that
   * searches by itself the largest that is not above it.
   */
  async nearest(targetBytes: number): Promise<Rung> {
    if (this.#codec.encodeTo !== undefined) {
      const { bytes, setting } = await this.#codec.encodeTo(
        this.#picture,
        Math.round(targetBytes),
        this.#hooks,
      );
      this.#files.set(setting, bytes);
      return { setting, sizeBytes: bytes.length };
    }
    const position = await this.#nearestPosition(targetBytes);
    return await this.#rungAt(position);
  }

  /**
   * Files around a target, from the nearest outwards, each size once: neighbours within `reach`, a part of the target. Who
   * has found what is looked for need not go on, and no more files are made then.
   */
  async *around(targetBytes: number, reach: number): AsyncGenerator<Rung> {
    const middle = await this.#nearestPosition(targetBytes);
    const seen = new Set<number>();
    const directions = new Set([1, -1]);
    for (let step = 0; step <= MOST_NEIGHBOURS && directions.size > 0; step++) {
      for (const direction of directions) {
        const position = middle + direction * step;
        const isThere = position >= 0 && position < positionsOf(this.#codec.range);
        const rung = isThere ? await this.#rungAt(position) : undefined;
        if (rung === undefined || Math.abs(rung.sizeBytes - targetBytes) > reach * targetBytes) {
          directions.delete(direction);
        } else if (!seen.has(rung.sizeBytes)) {
          seen.add(rung.sizeBytes);
          yield rung;
        }
      }
    }
  }

  /** Rebuilds the picture from the file of a setting. */
  async decode(setting: number): Promise<Pixels> {
    const bytes = await this.#fileOf(setting);
    return await this.#codec.decode(bytes, this.#picture, this.#hooks);
  }

  async #nearestPosition(targetBytes: number): Promise<number> {
    let [below, above] = [0, positionsOf(this.#codec.range) - 1];
    while (above - below > 1) {
      const middle = (below + above) >> 1;
      const { sizeBytes } = await this.#rungAt(middle);
      if (sizeBytes <= targetBytes) below = middle;
      else above = middle;
    }
    const [low, high] = [await this.#rungAt(below), await this.#rungAt(above)];
    return targetBytes - low.sizeBytes <= high.sizeBytes - targetBytes ? below : above;
  }

  async #rungAt(position: number): Promise<Rung> {
    const setting = settingAt(this.#codec.range, position);
    return { setting, sizeBytes: (await this.#fileOf(setting)).length };
  }

  async #fileOf(setting: number): Promise<Uint8Array> {
    const known = this.#files.get(setting);
    if (known !== undefined) return known;
    const { bytes } = await this.#codec.encode(this.#picture, setting, this.#hooks);
    this.#files.set(setting, bytes);
    return bytes;
  }
}

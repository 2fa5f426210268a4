import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OutputError } from '../../errors.js';
import type { Created, OutputStore, SourceStore } from '../../fleet/stores/store.js';
import { toPath } from '../file-names.js';
import { type ReadContext, readDicmFile } from '../read-input.js';
import { asOutputError, writeOutput } from '../write-output.js';

/** Inputs that are files. */
export class FileSource implements SourceStore {
  readonly #context: Pick<ReadContext, 'stdin' | 'limits'>;

  constructor(context: Pick<ReadContext, 'stdin' | 'limits'>) {
    this.#context = context;
  }

  /** @throws FormatError `file-missing`, `file-unreadable`; LimitError */
  async read(source: string, signal: AbortSignal): Promise<Uint8Array> {
    return readDicmFile({ ...this.#context, signal }, source);
  }
}

/** Outputs that are files below a folder. */
export class FolderStore implements OutputStore {
  readonly #root: string;
  readonly #made = new Set<string>();

  private constructor(root: string) {
    this.#root = root;
  }

  /**
   * Opens a folder that is there: one that is not may be a disk that is not mounted, and is not made in its place.
   *
   * @throws OutputError `output-no-folder`
   */
  static async open(root: string): Promise<FolderStore> {
    const status = await stat(toPath(root)).catch(() => undefined);
    if (status?.isDirectory() !== true) {
      throw new OutputError('output-no-folder', `${root} cannot be written to: the folder does not exist`);
    }
    return new FolderStore(root);
  }

  async has(name: string): Promise<boolean> {
    return (await stat(toPath(this.placeOf(name))).catch(() => undefined))?.isFile() === true;
  }

  async read(name: string): Promise<Uint8Array> {
    return new Uint8Array(await readFile(toPath(this.placeOf(name))));
  }

  async create(name: string, bytes: Uint8Array): Promise<Created> {
    const path = this.placeOf(name);
    await this.#makeFolder(dirname(path));
    try {
      await writeOutput(path, bytes, { force: false });
      return 'created';
    } catch (error) {
      if (error instanceof OutputError && error.code === 'output-exists') return 'there';
      throw error;
    }
  }

  placeOf(name: string): string {
    return join(this.#root, name);
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#made.has(folder)) return;
    try {
      await mkdir(toPath(folder), { recursive: true });
    } catch (error) {
      throw asOutputError(folder, error);
    }
    this.#made.add(folder);
  }
}

import { readDicm } from '../container/read-dicm.js';
import { type KeepRule, keepQuestion } from '../evaluation/kept-answers.js';
import { sameAnswers } from '../evaluation/same-answers.js';
import type { Picture } from '../image/picture.js';
import type { Limits } from '../limits.js';
import type { TaskAnswers } from '../tasks/task.js';
import { analysePicture } from './analyse-picture.js';
import type { CallHooks } from './call-hooks.js';
import type { OpenModel } from './model-shelf.js';
import { latentSource, type PictureSource, pixelSource } from './picture-source.js';

/** What is to be kept of a picture. */
export interface Keeping {
  readonly rules: readonly KeepRule[];
  /** Smallest score of an object that counts; that of the task unless given. */
  readonly minScore?: number | undefined;
  /** Of files that are read. */
  readonly limits: Limits;
}

/** Compares what a model's networks say of files with what they say of the picture without a codec. */
export class AnswerKeeper {
  readonly #model: OpenModel;
  readonly #picture: Picture;
  readonly #keeping: Keeping;
  #original: TaskAnswers | undefined;
  #analyses = 0;

  constructor(model: OpenModel, picture: Picture, keeping: Keeping) {
    this.#model = model;
    this.#picture = picture;
    this.#keeping = keeping;
  }

  /** How often the networks were asked so far, about the picture itself included. */
  get analyses(): number {
    return this.#analyses;
  }

  /** Whether the networks say of a file, read from its bytes, what they say of the picture. */
  async keeps(bytes: Uint8Array, hooks: CallHooks): Promise<boolean> {
    const { rules, limits } = this.#keeping;
    const { signal } = hooks;
    this.#original ??= await this.#ask(() => pixelSource(this.#picture), { signal });
    const { header, tiles } = readDicm(bytes, limits);
    const answers = await this.#ask(() => latentSource(this.#model.latents, { ...header, tiles }), hooks);
    return sameAnswers(rules, this.#original, answers);
  }

  #ask(openSource: () => PictureSource, hooks: CallHooks): Promise<TaskAnswers> {
    const { rules, minScore } = this.#keeping;
    const { tasks, ...question } = keepQuestion(rules, minScore);
    this.#analyses++;
    return analysePicture(this.#model, openSource, this.#picture, tasks, { ...question, ...hooks });
  }
}

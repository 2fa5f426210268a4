import { ModelError } from '../errors.js';

/** What one output of the classifier stands for. */
export interface ClassName {
  readonly index: number;
  /** WordNet identifier, for example `n02123045`. */
  readonly wnid: string;
  readonly label: string;
}

/**
 * Parses a model's class names: a JSON list in the order of the classifier's outputs.
 *
 * @param where - path of the file, for messages
 * @throws ModelError `bad-classes`
 */
export function parseClassNames(text: string, count: number, where: string): ClassName[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new ModelError('bad-classes', `${where} is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (!Array.isArray(parsed) || parsed.length !== count) {
    throw new ModelError('bad-classes', `${where} is not a list of the model's ${count} classes`);
  }
  return parsed.map((entry: unknown, i) => {
    const { index, wnid, label } = (entry ?? {}) as Record<string, unknown>;
    if (index !== i || typeof wnid !== 'string' || typeof label !== 'string') {
      throw new ModelError('bad-classes', `${where}: entry ${i} is not {index: ${i}, wnid, label}`);
    }
    return { index, wnid, label };
  });
}

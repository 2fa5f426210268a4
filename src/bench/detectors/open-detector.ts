import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse } from 'node:path';
import { BackendError, ModelError } from '../../errors.js';
import type { ScoredObject } from '../../evaluation/match-detections.js';
import type { Picture } from '../../image/picture.js';
import type { BackendOptions } from '../../nn/backend.js';
import type { OrtModule, OrtSession } from '../../nn/onnx/ort.js';
import { openOnnxFile } from '../../platform/node/executors/load-onnx.js';
import { letterbox } from '../../platform/node/pictures/letterbox.js';
import { COCO_CATEGORIES } from '../../tasks/objects/category-lists.js';
import { categoryKey } from '../../tasks/objects/category-names.js';
import { MAX_OBJECTS, roundedObject } from '../contenders/answer.js';
import type { PixelNetwork } from '../contenders/pixel-network.js';
import { type DetectedBox, readYoloxBoxes, yoloxProposals } from './yolox-boxes.js';

/** Grey around a picture that has another shape than the network's input, as the authors of YOLOX have it. */
const FILL = 114;

/** Changes when the same file would answer otherwise. */
const READING = 1;

/** A detector that is not of this project: it reads pixels and says boxes. */
export interface Detector extends PixelNetwork {
  dispose(): Promise<void>;
}

/** What a graph takes and gives, as far as it concerns us. */
interface YoloxLayout {
  readonly input: string;
  readonly output: string;
  readonly width: number;
  readonly height: number;
}

/**
 * Opens a detector in the layout of YOLOX: one input [1, 3, H, W] of BGR values from 0 to 255, one output
 * [1, proposals, 5 + 80] of COCO's categories before decoding. Pictures are scaled into the left upper corner.
 *
 * @param path - ONNX file.
 * @param categories - Those of the data set; what the detector finds of others is no answer.
 * @throws ModelError `bad-detector` where the file cannot be read or has another layout; BackendError
 *   `no-backend` where there is no ONNX Runtime.
 */
export async function openDetector(
  path: string,
  categories: readonly { readonly id: number; readonly name: string }[],
  options: BackendOptions,
): Promise<Detector> {
  const file = await readModel(path);
  const { ort, session } = await open(path, file, options);
  let layout: YoloxLayout;
  try {
    layout = checkLayout(path, session);
  } catch (error) {
    await session.release();
    throw error;
  }
  const ids = new Map(categories.map(({ id, name }) => [categoryKey(name), id]));
  const idOf = COCO_CATEGORIES.map((name) => ids.get(categoryKey(name)));
  const hash = createHash('sha256').update(file);
  hash.update(JSON.stringify([READING, idOf]));
  return {
    name: parse(path).name,
    id: hash.digest('hex').slice(0, 16),
    analyze: async (picture) => {
      const { data, scale } = await letterbox(picture, layout, FILL);
      const boxes = readYoloxBoxes(await run(ort, session, layout, data), layout, MAX_OBJECTS);
      const detections = boxes.flatMap((one): ScoredObject[] => {
        const categoryId = idOf[one.category];
        return categoryId === undefined ? [] : [sourceObject(one, categoryId, picture, scale)];
      });
      return { detections };
    },
    dispose: () => session.release(),
  };
}

async function readModel(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new ModelError('bad-detector', `${path} cannot be read: ${reason}`, { cause });
  }
}

async function open(path: string, file: Uint8Array, options: BackendOptions) {
  try {
    return await openOnnxFile(file, options);
  } catch (cause) {
    const reason = (cause as Error).message.split('\n')[0]!;
    if (/is not installed|has no execution provider/.test(reason)) {
      throw new BackendError('no-backend', `a detector runs on ONNX Runtime: ${reason}`, [], { cause });
    }
    throw new ModelError('bad-detector', `onnxruntime refused ${path}: ${reason}`, { cause });
  }
}

/** Finds names and extents, and refuses what is laid out otherwise. */
function checkLayout(path: string, { inputMetadata, outputMetadata }: OrtSession): YoloxLayout {
  const [input] = inputMetadata;
  const [output] = outputMetadata;
  const [, channels, height, width] = input?.shape ?? [];
  const isWhole = (side: unknown) => typeof side === 'number' && side > 0 && side % 32 === 0;
  if (inputMetadata.length === 1 && outputMetadata.length === 1 && channels === 3) {
    if (isWhole(height) && isWhole(width)) {
      const size = { width: width as number, height: height as number };
      const wanted = [1, yoloxProposals(size.width, size.height), 5 + COCO_CATEGORIES.length];
      if (JSON.stringify(output!.shape) === JSON.stringify(wanted)) {
        return { input: input!.name, output: output!.name, ...size };
      }
    }
  }
  const describe = (list: OrtSession['inputMetadata']) =>
    list.map(({ name, shape }) => `${name} [${shape?.join(', ') ?? '?'}]`).join(', ');
  throw new ModelError(
    'bad-detector',
    `${path} is not in the layout of YOLOX: expected one input [1, 3, H, W] with multiples of 32 and one output ` +
      `[1, proposals, 85], found ${describe(inputMetadata)} and ${describe(outputMetadata)}`,
  );
}

async function run(ort: OrtModule, session: OrtSession, layout: YoloxLayout, pixels: Uint8Array) {
  const { width, height } = layout;
  const planes = new Float32Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) planes[c * width * height + i] = pixels[3 * i + 2 - c]!;
  }
  const feeds = { [layout.input]: new ort.Tensor('float32', planes, [1, 3, height, width]) };
  const { data } = (await session.run(feeds))[layout.output]!;
  return data as Float32Array;
}

/** A box in pixels of the photograph, as far as it lies in it. */
function sourceObject({ score, box }: DetectedBox, categoryId: number, picture: Picture, scale: number) {
  const { width, height, sourceWidth, sourceHeight } = picture;
  const within = (value: number, side: number) => Math.min(side, Math.max(0, value / scale));
  const [left, right] = [within(box.left, width), within(box.right, width)];
  const [top, bottom] = [within(box.top, height), within(box.bottom, height)];
  const [x, y] = [sourceWidth / width, sourceHeight / height];
  return roundedObject({
    ...{ categoryId, score },
    box: { x: left * x, y: top * y, width: (right - left) * x, height: (bottom - top) * y },
  });
}

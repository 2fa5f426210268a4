import { analysePicture } from '../codec/analyse-picture.js';
import { latentSource, pixelSource } from '../codec/picture-source.js';
import { regionOf } from '../codec/region.js';
import { UsageError } from '../errors.js';
import { defaultMaxSide } from '../image/fit-size.js';
import type { Picture } from '../image/picture.js';
import { machine } from '../profiles/machine.js';
import { chooseTasks } from '../tasks/all-tasks.js';
import type { SegmentedDetection } from '../tasks/objects/describe-objects.js';
import type { Codec } from './codec.js';
import { checkMaxSide, loadingOf } from './encoding.js';
import { identityOf, type Session } from './session.js';

/** The calls of a codec that answer questions about files: several at once, or one. */
export function analysingCalls(
  session: Session,
): Pick<Codec, 'classify' | 'detect' | 'segment' | 'embed' | 'analyze'> {
  const analyze: Codec['analyze'] = async (bytes, { tasks, region, prefix, ...rest }) => {
    chooseTasks(tasks, rest);
    const { open, using, layer } = await session.openFile(bytes, { result: 'features', prefix });
    const { header } = using;
    const area = regionOf(region, header);
    const openSource = () => latentSource(open.latents, layer, area);
    const answers = await analysePicture(open, openSource, header, tasks, rest);
    const [width, height] = [header.sourceWidth, header.sourceHeight];
    return { ...using, width, height, ...answers, backend: await session.backendName() };
  };
  return {
    analyze,
    classify: async (bytes, options = {}) => {
      const { width: _, height: __, ...rest } = await analyze(bytes, { ...options, tasks: ['classify'] });
      return { ...rest, predictions: rest.predictions! };
    },
    detect: async (bytes, { minScore, maxDetections, categories, ...hooks } = {}) => {
      const detect = { minScore, maxDetections, categories };
      const { detections, ...rest } = await analyze(bytes, { ...hooks, tasks: ['detect'], detect });
      return { ...rest, detections: detections! };
    },
    segment: async (bytes, { minScore, maxDetections, categories, ...hooks } = {}) => {
      const detect = { minScore, maxDetections, categories };
      const { detections, ...rest } = await analyze(bytes, { ...hooks, tasks: ['segment'], detect });
      return { ...rest, detections: detections as SegmentedDetection[] };
    },
    embed: async (bytes, options = {}) => {
      const { width: _, height: __, ...rest } = await analyze(bytes, { ...options, tasks: ['embed'] });
      return { ...rest, embedding: rest.embedding! };
    },
  };
}

/** The calls of a codec that ask the same about pixels. */
export function pixelCalls(session: Session): Pick<Codec, 'analyzePixels' | 'analyzePicture'> {
  const { shelf } = session;
  const analyzePicture: Codec['analyzePicture'] = async (picture, { tasks, ...rest }) => {
    session.checkOpen();
    checkPicture(picture);
    chooseTasks(tasks, rest);
    const open = await shelf.encodingModel(machine.name);
    const answers = await analysePicture(open, () => pixelSource(picture), picture, tasks, rest);
    return {
      width: picture.sourceWidth,
      height: picture.sourceHeight,
      ...answers,
      model: identityOf(open),
      notes: [...picture.notes],
      backend: await session.backendName(),
    };
  };
  return {
    analyzePicture,
    analyzePixels: async (image, options) => {
      session.checkOpen();
      chooseTasks(options.tasks, options);
      const maxSide = checkMaxSide(options.maxSide ?? defaultMaxSide);
      // Before the picture is decoded: without a model that was for nothing.
      await shelf.encodingModel(machine.name);
      const picture = await session.loadPicture(image, { ...loadingOf(options), maxSide });
      return analyzePicture(picture, options);
    },
  };
}

/** @throws UsageError `bad-picture` when its pixels are not as many as its size says. */
function checkPicture({ width, height, data }: Picture): void {
  if (!(Number.isInteger(width) && width >= 1 && Number.isInteger(height) && height >= 1)) {
    throw new UsageError('bad-picture', `a picture has at least 1 x 1 pixels, not ${width} x ${height}`);
  }
  if (data.length !== 3 * width * height) {
    throw new UsageError(
      'bad-picture',
      `a picture of ${width} x ${height} pixels has ${3 * width * height} values, not ${data.length}`,
    );
  }
}

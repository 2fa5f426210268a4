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

/** The calls of a codec that answer questions. */
export function analysingCalls(
  session: Session,
): Pick<Codec, 'classify' | 'detect' | 'segment' | 'embed' | 'analyze' | 'analyzePixels' | 'analyzePicture'> {
  const { shelf } = session;
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
    analyze,
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
    classify: async (bytes, { top, minScore, ...hooks } = {}) => {
      const { header, model, notes, predictions, backend } = await analyze(bytes, {
        ...hooks,
        ...{ tasks: ['classify'], top, minScore },
      });
      return { header, model, notes, predictions: predictions!, backend };
    },
    detect: async (bytes, { minScore, maxDetections, ...hooks } = {}) => {
      const detect = { minScore, maxDetections };
      const { detections, ...rest } = await analyze(bytes, { ...hooks, tasks: ['detect'], detect });
      return { ...rest, detections: detections! };
    },
    segment: async (bytes, { minScore, maxDetections, ...hooks } = {}) => {
      const detect = { minScore, maxDetections };
      const { detections, ...rest } = await analyze(bytes, { ...hooks, tasks: ['segment'], detect });
      return { ...rest, detections: detections as SegmentedDetection[] };
    },
    embed: async (bytes, hooks = {}) => {
      const { header, model, notes, embedding, backend } = await analyze(bytes, {
        ...hooks,
        tasks: ['embed'],
      });
      return { header, model, notes, embedding: embedding!, backend };
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

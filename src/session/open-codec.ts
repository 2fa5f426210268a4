import { type ModelShelf, type OpenModel, openModelShelf } from '../codec/model-shelf.js';
import { LAYER_NAMES, profileOfLayer } from '../container/profiles.js';
import { UsageError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { Platform } from '../platform/platform.js';
import { machine } from '../profiles/machine.js';
import { vectorSpaceOf } from '../tasks/vector/vector.js';
import { analysingCalls, pixelCalls } from './analysing.js';
import { checkOptions } from './check-options.js';
import type { Codec, CodecOptions } from './codec.js';
import { latentCalls, rebuildingCalls } from './decoding.js';
import { encodingCalls } from './encoding.js';
import { codecOptionNames, guardCalls } from './guard-calls.js';
import type { ModelVocabulary } from './model-identity.js';
import { identityOf, openSession } from './session.js';
import { verifyingCalls } from './verifying.js';

/**
 * Opens a codec on a host. Executor and model are opened when first needed: decoding latents or verifying never loads an
 * executor.
 *
 * @throws UsageError `bad-limit`, `unknown-option`
 */
export function openCodec(platform: Platform, options: CodecOptions = {}): Codec {
  checkOptions('openCodec', options, codecOptionNames);
  const { model, threads, precision, limits, backend = 'auto' } = options;
  return codecOver(openModelShelf({ platform, model, threads, precision, backend }), limits);
}

/**
 * The codec over a shelf of models that is open already: for who needs more of the shelf than a codec shows, and
 * would otherwise open model and executor twice. The codec owns the shelf from now on and disposes of it.
 *
 * @param limits - Overrides of the default limits.
 * @throws UsageError `bad-limit`
 */
export function codecOver(shelf: ModelShelf, limits?: Partial<Limits>): Codec {
  const session = openSession(shelf, limits);
  return guardCalls({
    openBackend: async () => {
      session.checkOpen();
      const { name, version, device, passedOver } = await shelf.backend();
      return { name, version, device, passedOver };
    },
    openModel: async ({ layer = 'machine' } = {}) => {
      session.checkOpen();
      if (!LAYER_NAMES.includes(layer)) {
        throw new UsageError('bad-layer', `layer must be one of ${LAYER_NAMES.join(', ')}, not ${layer}`);
      }
      return identityOf(await shelf.encodingModel(profileOfLayer(layer)));
    },
    readVocabulary: async () => {
      session.checkOpen();
      return describeVocabulary(await shelf.encodingModel(machine.name));
    },
    ...encodingCalls(session),
    ...rebuildingCalls(session),
    ...latentCalls(session),
    ...verifyingCalls(session),
    ...analysingCalls(session),
    ...pixelCalls(session),
    dispose: session.dispose,
  });
}

function describeVocabulary(open: OpenModel): ModelVocabulary {
  const { manifest, classes } = open.model;
  const { search, detection } = manifest;
  return {
    ...identityOf(open),
    classes,
    categories: detection?.categories ?? [],
    ...(search && { vectors: { space: vectorSpaceOf(manifest), dimensions: search.dimensions } }),
  };
}

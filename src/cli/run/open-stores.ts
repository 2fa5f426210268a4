import { HttpSource } from '../../fleet/stores/http-source.js';
import { S3Store } from '../../fleet/stores/s3-store.js';
import type { OutputStore, Stores } from '../../fleet/stores/store.js';
import { defaultLimits } from '../../limits.js';
import { isAddress, isBucket } from '../addresses.js';
import { type Context, streamsOf } from '../context.js';
import { FileSource, FolderStore } from './folder-stores.js';

/** Opens what reads buckets. @throws BackendError `missing-package` */
export function openBuckets({ terminal, options }: Context): Promise<S3Store> {
  return S3Store.open(terminal.env, options.limit?.maxFileBytes ?? defaultLimits.maxFileBytes);
}

/** The stores behind paths and addresses. Each is opened when it is first needed, and once. */
export function openStores(context: Context): Stores {
  const { stdin, limits } = streamsOf(context);
  const file = new FileSource({ stdin, limits });
  const http = new HttpSource(limits?.maxFileBytes ?? defaultLimits.maxFileBytes);
  let opened: Promise<S3Store> | undefined;
  const buckets = () => {
    opened ??= openBuckets(context);
    return opened;
  };
  const outputs = new Map<string, Promise<OutputStore>>();
  const openOutput = async (place: string): Promise<OutputStore> =>
    isBucket(place) ? (await buckets()).outputs(place) : FolderStore.open(place);
  return {
    sourceOf: async (source) => {
      if (isBucket(source)) return buckets();
      return isAddress(source) ? http : file;
    },
    openOutput: (place) => {
      const output = outputs.get(place) ?? openOutput(place);
      outputs.set(place, output);
      return output;
    },
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { FormatError, LimitError, OutputError } from '../../errors.js';
import { importOptional } from '../../platform/node/optional-package.js';
import type { Created, OutputStore, SourceStore } from './store.js';

type Sdk = typeof import('@aws-sdk/client-s3');

/** An object or a prefix of a bucket. */
interface S3Place {
  readonly Bucket: string;
  readonly Key: string;
}

/** Times that a write is tried which another one of the same object gets in the way of. */
const CONFLICT_TRIES = 5;

/** Takes `s3://bucket/key` apart. */
function placeOf(address: string): S3Place {
  const [, Bucket = '', Key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(address) ?? [];
  return { Bucket, Key };
}

/**
 * Objects of Amazon S3 and of stores that speak like it: `AWS_ENDPOINT_URL_S3` names another one. Region and credentials are
 * found as every program of AWS finds them.
 */
export class S3Store implements SourceStore {
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #mostBytes: number;

  private constructor(sdk: Sdk, client: S3Client, mostBytes: number) {
    this.#sdk = sdk;
    this.#client = client;
    this.#mostBytes = mostBytes;
  }

  /**
   * @param env - Of the process.
   * @param mostBytes - Largest object that is read.
   * @throws BackendError `missing-package`
   */
  static async open(env: NodeJS.ProcessEnv, mostBytes: number): Promise<S3Store> {
    const sdk = await importOptional<Sdk>('@aws-sdk/client-s3', 'Buckets (s3://)');
    const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
    const client = new sdk.S3Client({
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      ...(env.AWS_REGION === undefined && env.AWS_DEFAULT_REGION === undefined && { region: 'us-east-1' }),
    });
    return new S3Store(sdk, client, mostBytes);
  }

  /** Addresses of all objects below a prefix. */
  async *list(address: string): AsyncGenerator<string, void, undefined> {
    const { Bucket, Key: Prefix } = placeOf(address);
    let ContinuationToken: string | undefined;
    do {
      const page = await this.#client
        .send(new this.#sdk.ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }))
        .catch((error) => {
          throw asSourceError(address, error);
        });
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield `s3://${Bucket}/${Key}`;
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  async read(source: string, signal: AbortSignal): Promise<Uint8Array> {
    try {
      const command = new this.#sdk.GetObjectCommand(placeOf(source));
      const { Body, ContentLength = 0 } = await this.#client.send(command, { abortSignal: signal });
      if (ContentLength > this.#mostBytes) {
        throw new LimitError(
          'maxFileBytes',
          ContentLength,
          this.#mostBytes,
          `The size of ${source}, in bytes,`,
        );
      }
      return await Body!.transformToByteArray();
    } catch (error) {
      throw asSourceError(source, error);
    }
  }

  /** Outputs below a prefix, written by conditional writes. */
  outputs(address: string): OutputStore {
    const { Bucket, Key: prefix } = placeOf(address);
    const place = (name: string): S3Place => ({
      Bucket,
      Key: prefix === '' ? name : `${prefix.replace(/\/$/, '')}/${name}`,
    });
    const addressOf = (name: string) => `s3://${Bucket}/${place(name).Key}`;
    return {
      placeOf: addressOf,
      has: (name) => this.#has(addressOf(name), place(name)),
      read: (name) => this.read(addressOf(name), new AbortController().signal),
      create: (name, bytes) => this.#create(addressOf(name), place(name), bytes),
    };
  }

  async #has(address: string, place: S3Place): Promise<boolean> {
    try {
      await this.#client.send(new this.#sdk.HeadObjectCommand(place));
      return true;
    } catch (error) {
      if (statusOf(error) === 404) return false;
      throw asOutputError(address, error);
    }
  }

  async #create(address: string, place: S3Place, bytes: Uint8Array): Promise<Created> {
    for (let tries = 1; ; tries++) {
      try {
        const command = new this.#sdk.PutObjectCommand({ ...place, Body: bytes, IfNoneMatch: '*' });
        await this.#client.send(command);
        return 'created';
      } catch (error) {
        const status = statusOf(error);
        // There is one of this name, or, 409, somebody else writes or deletes it at this moment.
        if (status === 412) return 'there';
        if (status !== 409 || tries === CONFLICT_TRIES) throw asOutputError(address, error);
        await sleep(50 * 2 ** tries * (0.5 + Math.random()));
      }
    }
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

function asSourceError(source: string, error: unknown): unknown {
  if (error instanceof LimitError || error instanceof FormatError) return error;
  const status = statusOf(error);
  const message = `${source}: ${(error as Error).name}: ${(error as Error).message}`;
  const options = { cause: error };
  if (status === 404) return new FormatError('file-missing', message, {}, options);
  if (status === 401 || status === 403) return new FormatError('file-unreadable', message, {}, options);
  return new FormatError('source-unreachable', message, {}, options);
}

function asOutputError(address: string, error: unknown): unknown {
  const status = statusOf(error);
  const message = `${address} cannot be written: ${(error as Error).name}: ${(error as Error).message}`;
  const options = { cause: error };
  if (status === 401 || status === 403) return new OutputError('output-denied', message, options);
  if (status === 404) return new OutputError('output-no-folder', message, options);
  return new OutputError('output-failed', message, options);
}

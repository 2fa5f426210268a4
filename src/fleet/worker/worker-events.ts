import type { RunCommand } from '../work-item.js';

/** What a worker tells of its work, for logs and metrics. */
export type WorkerEvent =
  | { readonly event: 'started'; readonly jobs: number }
  | { readonly event: 'leased'; readonly item: string; readonly inputs: number; readonly tries: number }
  | {
      readonly event: 'done';
      readonly source: string;
      readonly command: RunCommand;
      /** There was an output of these very bytes, model and options already. */
      readonly isThere: boolean;
      readonly bytesIn: number;
      readonly bytesOut: number;
      readonly elapsedMs: number;
    }
  | {
      readonly event: 'failed';
      readonly source: string;
      readonly command: RunCommand;
      readonly code: string;
      readonly message: string;
      readonly tries: number;
      /** Given up: no worker tries it again before `dicm run retry`. */
      readonly isParked: boolean;
    }
  | { readonly event: 'process-ended'; readonly code: string; readonly message: string }
  | { readonly event: 'lease-lost'; readonly item: string }
  | { readonly event: 'list-unreachable'; readonly message: string }
  | { readonly event: 'stopping'; readonly inWork: number }
  | {
      readonly event: 'stopped';
      readonly done: number;
      readonly failed: number;
      readonly handedBack: number;
    };

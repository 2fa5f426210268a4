import { UsageError } from '../errors.js';
import { SqliteWorkList } from './sqlite-work-list.js';
import type { LeaseRules, WorkList } from './work-list.js';

/**
 * Opens the work list that an address names: the path of a SQLite file.
 *
 * @param create - Make it if there is none.
 * @throws UsageError `bad-work-list`; BackendError `missing-package`, `work-list-failed`
 */
export async function openWorkList(address: string, rules: LeaseRules, create: boolean): Promise<WorkList> {
  const [, scheme, path] = /^([a-z][a-z0-9+.-]+):(.*)$/i.exec(address) ?? [];
  if (scheme === undefined || scheme === 'sqlite') {
    return SqliteWorkList.open(path ?? address, rules, create);
  }
  throw new UsageError('bad-work-list', `there is no work list ${address}: name a file`);
}

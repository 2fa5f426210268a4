import { UsageError } from '../errors.js';
import type { LeaseRules, WorkList } from './work-list.js';

/**
 * Opens the work list that an address names: the path of a SQLite file, or a list on a NATS server, `nats://host:4222/name`.
 *
 * @param create - Make it if there is none.
 * @throws UsageError `bad-work-list`; BackendError `missing-package`, `work-list-failed`
 */
export async function openWorkList(address: string, rules: LeaseRules, create: boolean): Promise<WorkList> {
  const [, scheme, path] = /^([a-z][a-z0-9+.-]+):(.*)$/i.exec(address) ?? [];
  if (scheme === undefined || scheme === 'sqlite') {
    const { SqliteWorkList } = await import('./sqlite-work-list.js');
    return SqliteWorkList.open(path ?? address, rules, create);
  }
  const [, server, name] = /^((?:nats|tls):\/\/[^/]+)\/([\w-]+)$/.exec(address) ?? [];
  if (server === undefined || name === undefined) {
    throw new UsageError(
      'bad-work-list',
      `there is no work list ${address}: name a file, or nats://host:4222/name, with letters, digits, - and _ in the name`,
    );
  }
  const { NatsWorkList } = await import('./nats-work-list.js');
  return NatsWorkList.open(server, name, rules, create);
}

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorkList } from '../../src/fleet/open-work-list.js';
import { shardKeys } from '../../src/fleet/work-item.js';
import { hasNatsServer, type NatsServer, startNatsServer } from './nats-server.js';
import { describeWorkList, keysNamed, TASK } from './work-list-contract.js';

/** Longer than the client waits for messages that may not come. */
const RULES = { leaseMs: 5000, tries: 3, worker: 'one' };

describe.skipIf(!hasNatsServer)('on a NATS server', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(() => server.stop());

  let count = 0;
  describeWorkList('a work list', RULES, async () => {
    const address = `${server.address}/list-${count++}`;
    // As `dicm run` does: one makes it, the others lease from it.
    await (await openWorkList(address, RULES, true)).close();
    return () => openWorkList(address, RULES, false);
  });

  test('a list that is not there is made by those that add only', async () => {
    await expect(openWorkList(`${server.address}/none`, RULES, false)).rejects.toMatchObject({
      code: 'work-list-failed',
      message: expect.stringMatching(/none on nats:.* cannot be used: .*not found.*`dicm run add` makes it$/),
    });
  });

  test('what was added and what was done outlives the server', async () => {
    const address = `${server.address}/restart`;
    const list = await openWorkList(address, RULES, true);
    await list.add(shardKeys(TASK, keysNamed('a', 40), 4));
    const [lease] = await list.lease('fresh', 1);
    await list.done(
      lease!,
      lease!.keys.map((key) => ({ key, line: '{}' })),
    );
    await list.close();
    await server.restart();
    const again = await openWorkList(address, RULES, false);
    const status = await again.status();
    // The last words to a server that is killed may be lost: an item is then handed out once more.
    expect(status.waiting + status.leased).toBe(36);
    expect(status).toMatchObject({ done: 4, parked: 0 });
    await again.close();
  });
});

test('a server that is not there is an error with a name', async () => {
  await expect(openWorkList('nats://user:secret@127.0.0.1:1/list', RULES, true)).rejects.toMatchObject({
    code: 'work-list-failed',
    message: expect.stringMatching(/^the work list list on nats:\/\/127\.0\.0\.1:1 cannot be used: /),
  });
});

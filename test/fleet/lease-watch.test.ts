import { describe, expect, test } from 'vitest';
import { LeaseWatch } from '../../src/fleet/lease-watch.js';

const lease = (beat: number, token = 'a') => ({ id: 'item', token, beat });

describe('a lease', () => {
  test('is over when nothing was heard of it for its time, looked at often enough', () => {
    const watch = new LeaseWatch(1000);
    for (let now = 0; now < 1000; now += 250) expect(watch.look([lease(0)], now)).toEqual([]);
    expect(watch.look([lease(0)], 1000)).toEqual([lease(0)]);
  });

  test('lives on with every sign of life, and with a new holder', () => {
    const watch = new LeaseWatch(1000);
    let beat = 0;
    for (let now = 0; now < 10_000; now += 200) {
      if (now % 800 === 0) beat++;
      expect(watch.look([lease(beat)], now)).toEqual([]);
    }
    for (let now = 10_000; now < 10_800; now += 200) watch.look([lease(beat)], now);
    expect(watch.look([lease(beat, 'b')], 11_000)).toEqual([]);
  });

  test('is not over because whoever watches stood still', () => {
    const watch = new LeaseWatch(1000);
    watch.look([lease(0)], 0);
    // An hour with the lid closed: its holder may have slept as long.
    expect(watch.look([lease(0)], 3_600_000)).toEqual([]);
    expect(watch.look([lease(1)], 3_600_100)).toEqual([]);
  });

  test('that was given back and taken again is another one', () => {
    const watch = new LeaseWatch(1000);
    for (let now = 0; now <= 900; now += 300) watch.look([lease(0)], now);
    watch.look([], 950);
    expect(watch.look([lease(0)], 1300)).toEqual([]);
  });
});

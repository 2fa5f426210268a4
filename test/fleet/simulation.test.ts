import { expect, test } from 'vitest';
import { FleetSimulation } from '../../scripts/bench/simulate-fleet.js';

const FLEET = {
  ...{ pictures: 20_000, workers: 10, cores: 4, pictureMs: 100, thereMs: 5, shard: 32 },
  ...{ leaseMs: 60_000, tries: 3, restartMs: 30_000, poison: 0, lifeMs: Infinity, seed: 1 },
};

test('a fleet that nobody disturbs takes its work by its cores', () => {
  const { done, endMs, idealMs, deaths, vainMs } = new FleetSimulation(FLEET).run();
  expect([done, deaths, vainMs]).toEqual([FLEET.pictures, 0, 0]);
  expect(idealMs).toBe(50_000);
  expect(endMs / idealMs).toBeGreaterThan(1);
  expect(endMs / idealMs).toBeLessThan(1.2);
});

test('a fleet that dies all the time gives up what kills it, and nothing else', () => {
  const disturbed = { ...FLEET, poison: 5, lifeMs: 120_000, seed: 7 };
  const { done, given, innocent, left, deaths } = new FleetSimulation(disturbed).run();
  expect([given, innocent, left]).toEqual([5, 0, 0]);
  expect(done).toBe(FLEET.pictures - 5);
  // Each of the five took three workers down.
  expect(deaths).toBeGreaterThanOrEqual(15);
});

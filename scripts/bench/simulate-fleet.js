// A fleet on a virtual clock: what it costs that workers die, by the rules of src/fleet. No time passes, no picture is coded.
import { Mulberry32 } from '#dicm/evaluation/mulberry32.js';
import { piecesOfLoss } from '#dicm/fleet/work-item.js';

/**
 * @typedef {object} Fleet
 * @property {number} pictures
 * @property {number} workers
 * @property {number} cores Of each worker; it works on as many pictures at a time.
 * @property {number} pictureMs Mean time of a picture on a core; single ones are lognormal (sigma 0.5).
 * @property {number} thereMs Time to find that an output is there already.
 * @property {number} shard Pictures in an item.
 * @property {number} leaseMs
 * @property {number} tries After which a picture is given up.
 * @property {number} lifeMs Mean time until a worker dies, or its machine is taken away; Infinity for never.
 * @property {number} restartMs Until another one is there in its place.
 * @property {number} poison Pictures that take their whole worker down.
 * @property {number} seed
 */

/** Items between two looks for what was tried before, as in src/fleet/worker/worker.ts. */
const ITEMS_BETWEEN_TRIED = 200;

/** How often a worker that finds nothing looks again. */
const POLL_MS = 1000;

/** A fleet at work. Time is in virtual milliseconds. */
export class FleetSimulation {
  /** @type {{ key: number, tries: number }[]} */
  tried = [];
  fresh = 0;
  /** Items that somebody has, or had when he died. */
  out = 0;
  told = { done: 0, there: 0, given: 0, innocent: 0, deaths: 0, usefulMs: 0, vainMs: 0, endMs: 0 };

  /** @param {Fleet} fleet */
  constructor(fleet) {
    this.fleet = fleet;
    const draw = new Mulberry32(fleet.seed);
    this.random = () => draw.next() / 2 ** 32;
    this.done = new Uint8Array(fleet.pictures);
    this.poisoned = new Set(
      Array.from({ length: fleet.poison }, () => Math.floor(this.random() * fleet.pictures)),
    );
    this.events = new EventQueue();
  }

  /** Runs until nothing is left. */
  run() {
    const { fleet, told } = this;
    for (let i = 0; i < fleet.workers; i++) this.begin({ diesAt: this.life(), sinceTried: 0 }, 0);
    for (let event = this.events.pop(); event !== undefined; event = this.events.pop()) event.run(event.at);
    const idealMs = (fleet.pictures * fleet.pictureMs) / (fleet.workers * fleet.cores);
    const left = fleet.pictures - told.done - told.given - told.innocent;
    return { ...told, idealMs, left };
  }

  /** A worker takes what there is. @param {Worker} worker @param {number} now */
  begin(worker, now) {
    const { fleet } = this;
    const isDry = this.fresh >= fleet.pictures;
    if (worker.diesAt <= now) return this.die(worker, worker.diesAt, [], 0);
    const isTurn = isDry || worker.sinceTried >= ITEMS_BETWEEN_TRIED;
    const again = isTurn ? this.tried.pop() : undefined;
    if (again !== undefined) return this.work(worker, now, [again.key], again.tries);
    if (isDry) {
      if (this.out > 0) this.events.push(now + POLL_MS, (at) => this.begin(worker, at));
      return undefined;
    }
    worker.sinceTried = isTurn ? 1 : worker.sinceTried + 1;
    const count = Math.min(fleet.shard, fleet.pictures - this.fresh);
    const keys = Array.from({ length: count }, (_, i) => this.fresh + i);
    this.fresh += count;
    return this.work(worker, now, keys, 0);
  }

  /** @param {Worker} worker @param {number} now @param {number[]} keys @param {number} tries */
  work(worker, now, keys, tries) {
    const { fleet, told } = this;
    this.out++;
    const free = new Float64Array(tries > 0 ? 1 : fleet.cores).fill(now);
    const ends = keys.map((key) => {
      const core = free.indexOf(Math.min(...free));
      const began = Number(free[core]);
      const at = began + (this.done[key] ? fleet.thereMs : this.pictureMs());
      free[core] = at;
      return { key, began, at };
    });
    const poison = ends.filter(({ key }) => this.poisoned.has(key)).map(({ at }) => at);
    const [endAt, diesAt] = [Math.max(...free), Math.min(worker.diesAt, ...poison)];
    const until = Math.min(endAt, diesAt);
    for (const { key, began, at } of ends) {
      const isEnded = at <= until && !this.poisoned.has(key);
      const isNew = isEnded && !this.done[key];
      told[isNew ? 'usefulMs' : 'vainMs'] += Math.max(0, Math.min(at, until) - began);
      if (!isEnded) continue;
      if (isNew) told.done++;
      else told.there++;
      this.done[key] = 1;
    }
    if (diesAt < endAt || poison.length > 0) return this.die(worker, diesAt, keys, tries);
    return this.events.push(endAt, (at) => {
      this.end(at);
      this.begin(worker, at);
    });
  }

  /** @param {Worker} worker @param {number} diesAt @param {number[]} keys @param {number} tries */
  die(worker, diesAt, keys, tries) {
    const { fleet, told } = this;
    told.deaths++;
    this.events.push(diesAt + fleet.restartMs, (at) => {
      Object.assign(worker, { diesAt: at + this.life(), sinceTried: 0 });
      this.begin(worker, at);
    });
    if (keys.length === 0) return;
    // Missed after a lease, and a look of somebody.
    this.events.push(diesAt + fleet.leaseMs * (1 + this.random() / 4), (at) => {
      this.putBack(keys, tries);
      this.end(at);
    });
  }

  /** @param {number[]} keys @param {number} tries */
  putBack(keys, tries) {
    const inputs = keys.map((key) => ({ source: String(key), name: '' }));
    for (const piece of piecesOfLoss(inputs, tries, this.fleet.tries)) {
      const key = Number(piece.keys[0]?.source);
      if (piece.parked === undefined) this.tried.push({ key, tries: piece.tries });
      else if (this.poisoned.has(key)) this.told.given++;
      else if (!this.done[key]) this.told.innocent++;
    }
  }

  /** @param {number} now */
  end(now) {
    this.out--;
    this.told.endMs = Math.max(this.told.endMs, now);
  }

  life() {
    return this.fleet.lifeMs === Infinity ? Infinity : -Math.log(1 - this.random()) * this.fleet.lifeMs;
  }

  pictureMs() {
    const normal = Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(2 * Math.PI * this.random());
    return this.fleet.pictureMs * Math.exp(0.5 * normal - 0.125);
  }
}

/** @typedef {{ diesAt: number, sinceTried: number }} Worker */
/** @typedef {{ at: number, run: (at: number) => void }} SimulatedEvent */

/** What happens when: a binary heap. */
class EventQueue {
  /** @type {SimulatedEvent[]} */
  heap = [];

  /** @param {number} at @param {(at: number) => void} run */
  push(at, run) {
    const { heap } = this;
    let place = heap.length;
    heap.push({ at, run });
    for (let parent = (place - 1) >> 1; place > 0 && this.time(parent) > at; parent = (place - 1) >> 1) {
      this.swap(place, parent);
      place = parent;
    }
  }

  pop() {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return first;
    heap[0] = last;
    for (let place = 0; ; ) {
      const [left, right] = [2 * place + 1, 2 * place + 2];
      const child = this.time(right) < this.time(left) ? right : left;
      if (this.time(child) >= last.at) return first;
      this.swap(place, child);
      place = child;
    }
  }

  /** @param {number} place */
  time(place) {
    return this.heap[place]?.at ?? Infinity;
  }

  /** @param {number} a @param {number} b */
  swap(a, b) {
    const [one, other] = [this.heap[a], this.heap[b]];
    if (one === undefined || other === undefined) return;
    this.heap[a] = other;
    this.heap[b] = one;
  }
}

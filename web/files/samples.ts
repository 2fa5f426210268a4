import astronaut from '../samples/astronaut.webp?url';
import chelsea from '../samples/chelsea.webp?url';
import coffee from '../samples/coffee.webp?url';
import rocket from '../samples/rocket.webp?url';
import type { Entry } from '../state/page-state.js';

/** Free photographs, so that the page shows something at once; samples/README.md says where they are from. */
const SAMPLES = [
  { name: 'chelsea.webp', url: chelsea, credit: 'Stefan van der Walt, CC0' },
  { name: 'coffee.webp', url: coffee, credit: 'Rachel Michetti / Pikolo Espresso Bar, CC0' },
  { name: 'astronaut.webp', url: astronaut, credit: 'NASA Great Images, public domain' },
  { name: 'rocket.webp', url: rocket, credit: 'SpaceX, public domain' },
] as const;

/** Fetches the photographs that come with the page. */
export function fetchSamples(): Promise<Omit<Entry, 'id'>[]> {
  return Promise.all(
    SAMPLES.map(async ({ name, url, credit }) => {
      const blob = await (await fetch(url)).blob();
      return { name, credit, photograph: { blob, url } };
    }),
  );
}

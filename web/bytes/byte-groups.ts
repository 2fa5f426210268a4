import type { Field } from 'dicm/browser';

/** What bytes of a file are for; each has a colour of its own. */
export type ByteGroup = 'header' | 'payload' | 'framing' | 'check' | 'metadata' | 'unread';

/** The groups in the order of the legend, in words. */
export const GROUP_WORDS: Readonly<Record<ByteGroup, string>> = {
  header: 'header',
  framing: 'tags and lengths',
  payload: 'entropy-coded picture',
  check: 'checks',
  metadata: 'metadata',
  unread: 'cannot be followed',
};

/** The group of a field, by its name in listings. */
export function groupOf({ name }: Field): ByteGroup {
  if (/ payload$/.test(name)) return 'payload';
  if (/check|checksum|digest content/.test(name)) return 'check';
  if (/ (tag|length)$/.test(name)) return 'framing';
  if (/ content$/.test(name)) return 'metadata';
  return 'header';
}

/** The field that a byte belongs to; fields follow each other without gaps. */
export function fieldAt(fields: readonly Field[], offset: number): number | undefined {
  let [from, to] = [0, fields.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const { offset: start, bytes } = fields[middle]!;
    if (offset < start) to = middle;
    else if (offset >= start + bytes) from = middle + 1;
    else return middle;
  }
  return undefined;
}

/** Bytes of each group, those that could not be followed included. */
export function countGroups(fields: readonly Field[], fileBytes: number): Map<ByteGroup, number> {
  const counts = new Map<ByteGroup, number>();
  const add = (group: ByteGroup, bytes: number) => counts.set(group, (counts.get(group) ?? 0) + bytes);
  for (const field of fields) add(groupOf(field), field.bytes);
  const followed = fields.reduce((sum, { bytes }) => sum + bytes, 0);
  if (followed < fileBytes) add('unread', fileBytes - followed);
  return counts;
}

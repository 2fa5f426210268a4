/** Whether a source or an output is named by an address rather than a path. */
export function isAddress(place: string): boolean {
  return /^(https?|s3):\/\//i.test(place);
}

/** Whether a place lies in a bucket. */
export function isBucket(place: string): boolean {
  return /^s3:\/\//i.test(place);
}

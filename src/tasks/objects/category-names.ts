/** Names of PASCAL VOC that COCO has other words for, as {@link categoryKey} writes them. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  aeroplane: 'airplane',
  motorbike: 'motorcycle',
  sofa: 'couch',
  tvmonitor: 'tv',
};

/**
 * What two lists of categories have in common when they mean the same one: small letters without spaces and hyphens, and
 * COCO's word where PASCAL VOC has another.
 */
export function categoryKey(name: string): string {
  const plain = name.toLowerCase().replace(/[\s_-]/g, '');
  return OTHER_WORDS[plain] ?? plain;
}

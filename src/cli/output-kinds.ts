import { extname } from 'node:path';
import { UsageError } from '../errors.js';
import { STANDARD } from './terminal.js';

/** Kinds of files that people know by their extension. */
const KINDS: readonly { readonly name: string; readonly extensions: RegExp }[] = [
  {
    name: 'a picture',
    extensions:
      /^\.(jpe?g|jpe|jfif|png|apng|webp|gif|avif|tiff?|svg|bmp|hei[cf]|jp2|j2k|jxl|tga|ico|psd|exr|hdr|qoi|p[bgpn]m|dng|cr[23]|nef|arw)$/,
  },
  { name: 'a .dicm file', extensions: /^\.dicm$/ },
  { name: 'an array', extensions: /^\.(np[yz]|safetensors)$/ },
  { name: 'a network', extensions: /^\.(onnx|pth?|h5|pb|tflite|gguf)$/ },
  {
    name: 'text',
    extensions: /^\.(txt|md|log|csv|tsv|jsonl?|ya?ml|toml|xml|html?|js|ts|py|sh|c|h|cpp|rs|go)$/,
  },
  { name: 'a document', extensions: /^\.(pdf|docx?|xlsx?|pptx?|odt|ods)$/ },
  { name: 'an archive', extensions: /^\.(zip|tar|tgz|gz|bz2|xz|zst|7z|rar)$/ },
  { name: 'sound or a video', extensions: /^\.(mp[34]|m4[av]|mov|avi|mkv|webm|wav|flac|ogg)$/ },
];

/**
 * Refuses the name of an output that says it is a file of another kind. A name without an extension, or with one that stands
 * for nothing here (`.part`, `.v2`), is taken as it is.
 *
 * @param path - Path of the output, or `-`.
 * @param what - What is written, for the message: `a .dicm file`.
 * @param extensions - What such files may end in, with the dot.
 * @throws UsageError `output-kind`
 */
export function checkOutputKind(path: string, what: string, extensions: readonly string[]): void {
  if (path === STANDARD) return;
  const extension = extname(path).toLowerCase();
  if (extensions.includes(extension)) return;
  const kind = KINDS.find((one) => one.extensions.test(extension));
  if (kind === undefined) return;
  throw new UsageError(
    'output-kind',
    `${path} would be taken for ${kind.name}, and what is written is ${what}; ` +
      `give it a name that ends in ${extensions.join(' or ')}, or has no extension`,
  );
}

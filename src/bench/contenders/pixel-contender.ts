import type { PictureCodec } from '../codecs/picture-codec.js';
import type { Contender } from './contender.js';
import type { PixelNetwork } from './open-networks.js';

/** A codec for pixels: its pictures are decoded and given to the uncompressed network. */
export function pixelContender(codec: PictureCodec, network: PixelNetwork): Contender {
  const { id, name, version, settingName, settings, payloadName } = codec;
  return {
    id,
    name,
    version,
    networkId: network.id,
    settingName,
    settings,
    payloadName,
    encode: async (source, setting, hooks) => codec.encode(await source.picture(), setting, hooks),
    analyze: async (coded, source, hooks) => {
      // Only what the pixels belong to is taken from the source, so that boxes come in its pixels.
      const { width, height, ...origin } = await source.picture();
      const { data } = await codec.decode(coded, { width, height }, hooks);
      return network.analyze({ ...origin, width, height, data }, hooks);
    },
  };
}

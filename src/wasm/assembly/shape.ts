/** Extents of a model, from its tensors: what the areas of the memory are sized by. */

/** Number of Gaussian tables of every model. */
export const GAUSSIAN_TABLES: u32 = 64;
/** Largest extent of a tile's latent grid. */
export const MAX_LATENT_EXTENT: u32 = 32;
/** Latents of a full tile in one channel. */
export const MAX_POSITIONS: u32 = MAX_LATENT_EXTENT * MAX_LATENT_EXTENT;
/** Hyper-latents of a full tile in one channel. */
export const MAX_HYPER_POSITIONS: u32 = MAX_POSITIONS / 16;

const HEAD_CHANNELS: u32 = 32;
const MAX_WIDTH: u32 = 512;
const MAX_HYPER_CHANNELS: u32 = 256;
const MAX_LATENT_CHANNELS: u32 = 1024;

export let hyperChannels: u32 = 0;
export let latentChannels: u32 = 0;
/** Channels at hyper-latent, half latent and latent resolution. */
export let width1: u32 = 0;
export let width2: u32 = 0;
export let width3: u32 = 0;
/** Quality levels of the gains. */
export let levels: u32 = 0;

/** Keeps the extents; false when no model has them ([DICM-S-02], [DICM-S-20]). */
export function setShape(hyper: u32, latent: u32, w1: u32, w2: u32, w3: u32, gainLevels: u32): bool {
  if (hyper < 1 || hyper > MAX_HYPER_CHANNELS || latent < 1 || latent > MAX_LATENT_CHANNELS) return false;
  if (!isWidth(w1) || !isWidth(w2) || !isWidth(w3) || gainLevels < 1) return false;
  hyperChannels = hyper;
  latentChannels = latent;
  width1 = w1;
  width2 = w2;
  width3 = w3;
  levels = gainLevels;
  return true;
}

function isWidth(channels: u32): bool {
  return channels >= HEAD_CHANNELS && channels <= MAX_WIDTH && channels % HEAD_CHANNELS == 0;
}

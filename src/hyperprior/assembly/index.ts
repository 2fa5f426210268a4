// WebAssembly kernels of the hyper-synthesis. Built by scripts/build-wasm.js; the contract of each function
// is in ../kernels.ts, the order of every rounding in format-spec/v1/hyper-synthesis.md.
// Products and sums are separate instructions throughout: a fused or relaxed one would change the bits.
export { add, depthToSpace, hardSwish } from './elementwise';
export { attention } from './attention';
export { depthwiseResidual } from './depthwise';
export { layerNorm } from './layer-norm';
export { linear } from './linear';

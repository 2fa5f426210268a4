import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCases } from '../evaluation/fixtures.js';
import { bytesOf, type WrittenTensor, writeSafetensors } from '../model/write-safetensors.js';
import { type TensorSpec, tensorOf } from '../nn/op-vectors.js';

/** Writes weights of a small LPIPS, laid out as the published ones, into a folder. */
export function writeLpips(folder: string): string {
  const [small] = readCases<Record<'tensors' | 'heads', Record<string, TensorSpec>>>('lpips');
  const write = (name: string, specs: Record<string, TensorSpec>) => {
    const tensors: Record<string, WrittenTensor> = {};
    for (const [key, spec] of Object.entries(specs)) {
      tensors[key] = {
        dtype: 'F32',
        shape: spec.shape,
        bytes: bytesOf(tensorOf(spec).data as Float32Array),
      };
    }
    writeFileSync(join(folder, name), writeSafetensors(tensors));
  };
  write('squeezenet1_1.safetensors', small!.tensors);
  write('lpips_squeeze_v0.1_linear.safetensors', small!.heads);
  return folder;
}

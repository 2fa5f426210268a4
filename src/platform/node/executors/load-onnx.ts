import type { BackendOptions } from '../../../nn/backend.js';
import { OnnxBackend } from '../../../nn/onnx/onnx-backend.js';
import type { OrtModule } from '../../../nn/onnx/ort.js';
import { importCommonJs } from './native-packages.js';

/**
 * Loads onnxruntime-node.
 *
 * @throws whatever its native library says when it cannot be loaded, or that it lacks a provider asked for
 */
export async function loadOnnx(options: BackendOptions): Promise<OnnxBackend> {
  const ort = await importCommonJs<OrtModule>('onnxruntime-node', 'InferenceSession');
  const asked = options.onnxProviders ?? (process.env.DICM_ONNX_PROVIDERS ?? '').split(',');
  const providers = asked.map((name) => name.trim()).filter((name) => name !== '' && name !== 'cpu');
  const known = ort.listSupportedBackends().map(({ name }) => name);
  const unknown = providers.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(`onnxruntime has no execution provider ${unknown} here; it has ${known.join(', ')}`);
  }
  return new OnnxBackend(ort, [...providers, 'cpu'], options.threads);
}

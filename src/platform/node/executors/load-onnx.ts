import { isMainThread } from 'node:worker_threads';
import type { BackendOptions } from '../../../nn/backend.js';
import { OnnxBackend } from '../../../nn/onnx/onnx-backend.js';
import type { OrtModule, OrtSession } from '../../../nn/onnx/ort.js';
import { importCommonJs } from './native-packages.js';

const PACKAGE = 'onnxruntime-node';

/**
 * Loads onnxruntime-node.
 *
 * @throws whatever its native library says when it cannot be loaded, or that it lacks a provider asked for
 */
export async function loadOnnx(options: BackendOptions): Promise<OnnxBackend> {
  const { ort, providers } = await loadRuntime(options);
  return new OnnxBackend(ort, providers, options.threads, options.precision);
}

/**
 * Opens a network that somebody else wrote as an ONNX file.
 *
 * @throws whatever the native library says when it cannot be loaded, or when it refuses the file
 */
export async function openOnnxFile(
  file: Uint8Array,
  options: BackendOptions,
): Promise<{ ort: OrtModule; session: OrtSession }> {
  const { ort, providers } = await loadRuntime(options);
  const session = await ort.InferenceSession.create(file, {
    executionProviders: providers,
    logSeverityLevel: 3,
    ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
  });
  return { ort, session };
}

async function loadRuntime(options: BackendOptions): Promise<{ ort: OrtModule; providers: string[] }> {
  silenceTelemetry();
  const ort = await importOrt();
  const asked = options.onnxProviders ?? (process.env.DICM_ONNX_PROVIDERS ?? '').split(',');
  const providers = asked.map((name) => name.trim()).filter((name) => name !== '' && name !== 'cpu');
  const known = ort.listSupportedBackends!().map(({ name }) => name);
  const unknown = providers.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(`onnxruntime has no execution provider ${unknown} here; it has ${known.join(', ')}`);
  }
  return { ort, providers: [...providers, 'cpu'] };
}

/**
 * npm drops the package without a word where its install script fails, which downloads a part for CUDA: on networks that
 * block the host. The rest of it, all that CPUs need, comes in the package.
 *
 * @throws Error saying in one line what to do where it is not installed
 */
async function importOrt(): Promise<OrtModule> {
  try {
    return await importCommonJs<OrtModule>(PACKAGE, 'InferenceSession');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes(PACKAGE)) throw cause;
    throw new Error(
      `${PACKAGE} is not installed, which is fast on every CPU: ONNXRUNTIME_NODE_INSTALL=skip npm install ${PACKAGE} brings it ` +
        'without its download for CUDA',
      { cause },
    );
  }
}

/**
 * Switches off what ONNX Runtime reports to its maker, before the module is loaded: since 1.30 it looks up a collector on
 * the network, and keeps a device id and a store of events below the home folder and a log in the temporary one. What the
 * user has set stays, whichever way it is.
 *
 * @throws Error in a worker thread, whose environment is a copy that native code does not see. Without telemetry or not
 *   at all: `auto` goes on to the next executor.
 */
function silenceTelemetry(): void {
  if (process.env.ORT_DISABLE_TELEMETRY !== undefined) return;
  if (!isMainThread) {
    throw new Error(
      'its telemetry cannot be switched off from a worker thread; set ORT_DISABLE_TELEMETRY=1 for the whole process',
    );
  }
  process.env.ORT_DISABLE_TELEMETRY = '1';
}

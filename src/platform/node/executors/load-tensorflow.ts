import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs-core';
import type { BackendOptions } from '../../../nn/backend.js';
import { EagerBackend } from '../../../nn/tfjs/eager-backend.js';
import { quietly } from '../../../nn/tfjs/quietly.js';
import { importCommonJs } from './native-packages.js';

const packageName = '@tensorflow/tfjs-node-gpu';

/** What the package's backend object says about itself. */
interface NodeBackend {
  readonly isUsingGpuDevice: boolean;
}

/**
 * Whether this machine has what TensorFlow could use as a GPU, found without loading TensorFlow, which takes
 * a second and hundreds of megabytes.
 */
export function hasNvidiaDevice(): boolean {
  if (process.platform === 'win32') {
    return existsSync(join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'nvcuda.dll'));
  }
  return ['/dev/nvidiactl', '/dev/nvidia0', '/dev/dxg'].some((path) => existsSync(path));
}

/**
 * Loads TensorFlow's native library through `@tensorflow/tfjs-node-gpu`.
 *
 * @throws Error saying in one line why it cannot be loaded
 */
export async function loadTensorFlow(options: BackendOptions): Promise<EagerBackend> {
  addonPath();
  replaceDeprecatedUtilities();
  setNativeDefaults(options);
  const tf = await quietly(() => importCommonJs<typeof tfjs>(packageName, 'tidy'));
  if (!(await tf.setBackend('tensorflow')))
    throw new Error('TensorFlow.js could not start its tensorflow backend');
  const onGpu = (tf.backend() as unknown as NodeBackend).isUsingGpuDevice;
  return new EagerBackend({
    name: 'tensorflow',
    tf,
    version: tf.version_core,
    device: onGpu ? 'GPU' : 'CPU',
    poolsWithPadding: false,
    transposesFast: true,
    // TensorFlow reports exhaustion as an error.
    memoryLimitBytes: Number.POSITIVE_INFINITY,
  });
}

/**
 * Finds the package's native addon without loading anything. The package's own message about a missing one is a
 * page long and names a command that downloads.
 *
 * @throws Error saying in one line why there is none
 */
export function addonPath(): string {
  let packageFile: string;
  try {
    packageFile = createRequire(import.meta.url).resolve(`${packageName}/package.json`);
  } catch {
    throw new Error(`the optional package ${packageName} is not installed`);
  }
  const folder = join(dirname(packageFile), 'lib');
  const versions = existsSync(folder) ? readdirSync(folder) : [];
  const addon = versions
    .map((version) => join(folder, version, 'tfjs_binding.node'))
    .find((path) => existsSync(path));
  if (addon === undefined) {
    throw new Error(`${packageName} has no native addon; scripts/link-tensorflow.js builds it`);
  }
  return addon;
}

/** The package calls functions of `util` that warn since Node 22 and are gone since Node 23. */
function replaceDeprecatedUtilities(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}

/** Settings TensorFlow reads from the environment while it loads; what the user has set stays. */
function setNativeDefaults(options: BackendOptions): void {
  // Errors only: the library greets at length. One notice about oneDNN is written before it looks at any setting.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  // oneDNN divides by the size of a cache: where a virtual machine does not tell it, pointwise convolutions to 1024
  // channels and more end the process with SIGFPE (TensorFlow 2.21). On a GPU nothing of oneDNN is used anyway.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '0';
  // Without this, convolutions on recent GPUs round their inputs to 10 bits, far from 1e-4 relative.
  process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  // Otherwise it takes all of a GPU's memory from everyone else.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  if (options.threads !== undefined) {
    process.env.TF_NUM_INTRAOP_THREADS ??= String(options.threads);
    process.env.OMP_NUM_THREADS ??= String(options.threads);
  }
}

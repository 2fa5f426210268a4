// The part of reading.py that runs in Node: node reading.js RUNS MODEL FILE...; wants a build of the repository.
import { readFile } from 'node:fs/promises';
import { openCodec } from '../../dist/src/index.js';

const [runs, model, ...paths] = process.argv.slice(2);
const codec = await openCodec({ model, backend: 'onnx' });
const calls = {
  latents: (file) => codec.decodeLatents(file),
  pooled: (file) => codec.embed(file),
  classify: (file) => codec.classify(file),
};
const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};
const results = {};
for (const [name, call] of Object.entries(calls)) {
  for (const path of paths) await call(await readFile(path));
  const [wall, cpu] = [[], []];
  for (let run = 0; run < Number(runs); run++) {
    const [began, beganCpu] = [performance.now(), process.cpuUsage()];
    await call(await readFile(paths[run % paths.length]));
    const { user, system } = process.cpuUsage(beganCpu);
    wall.push(performance.now() - began);
    cpu.push((user + system) / 1000);
  }
  results[name] = { wall: median(wall), cpu: median(cpu) };
}
await codec.dispose();
console.log(JSON.stringify(results));

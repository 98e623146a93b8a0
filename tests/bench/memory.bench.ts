/**
 * `npm run bench -- memory [STEPS]`: resident memory of a synchronous loop of a compiled step over 1 MB of parameters
 * that donates nothing. No finalizer runs in such a loop.
 */
import { jit, type NdArray, numpy as np } from "weft";
import { cpuDevice } from "weft/runtime";

const MEGABYTE = 2 ** 20;
const steps = Number(process.argv[2] ?? 100_000);
if (!Number.isInteger(steps) || steps < 1)
  throw new Error(`STEPS must be a positive integer, got ${process.argv[2]}`);

interface Parameters {
  readonly w: NdArray;
  readonly b: NdArray;
}

const step = jit((p: Parameters) => ({ w: p.w.mul(0.999).add(0.001), b: p.b.mul(0.5).add(0.5) }));
let p: Parameters = { w: np.ones([512, 480]), b: np.ones([16_384]) };

const megabytes = (bytes: number) => `${(bytes / MEGABYTE).toFixed(0)} MB`.padStart(8);
const { memory } = cpuDevice();
const atStart = process.memoryUsage().rss;
let peak = atStart;
const started = performance.now();
console.log(`${steps} steps over 1 MB of parameters; resident at the start ${megabytes(atStart).trim()}`);
console.log("     step   resident   arena of it   evicted and not yet collected");
for (let i = 1; i <= steps; i++) {
  p = step(p);
  if (i % 64 === 0) peak = Math.max(peak, process.memoryUsage().rss);
  if (i % Math.ceil(steps / 10) === 0) {
    // Wasm memory does not count among the array buffers.
    const { rss, arrayBuffers } = process.memoryUsage();
    console.log(
      `${String(i).padStart(9)}   ${megabytes(rss)}      ${megabytes(memory.arena.capacity)}   ${megabytes(arrayBuffers).padStart(29)}`,
    );
  }
}
const seconds = (performance.now() - started) / 1000;
console.log(
  `\npeak ${megabytes(peak).trim()}, ${((seconds * 1e6) / steps).toFixed(0)} µs a step, ${seconds.toFixed(1)} s in all`,
);

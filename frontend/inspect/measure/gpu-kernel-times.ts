/**
 * Times of shaders: each by itself, many dispatches in one pass over memory of zeros. By timestamp queries where the adapter
 * grants them, else by the clock, from the submission until the GPU is done.
 */
import type { GpuShader } from "../../../compiler/program/webgpu.ts";
import type { GpuDevice } from "../../../runtime/webgpu/device.ts";
import type { KernelTimes } from "./kernel-times.ts";

/** Milliseconds that a pass has to last: browsers round timestamps to a tenth of one. */
const LONG_ENOUGH = 4;
const MOST_DISPATCHES = 4096;
const ROUNDS = 5;

// GPUBufferUsage, which Node does not define.
const MAP_READ = 0x1;
const COPY_SRC = 0x4;
const COPY_DST = 0x8;
const QUERY_RESOLVE = 0x200;
const MAP_MODE_READ = 0x1;

export interface GpuTimes {
  /** By the kernel's name; of one with several shaders, their mean. */
  readonly kernels: ReadonlyMap<string, KernelTimes>;
  readonly by: "timestamps" | "clock";
}

/** As much of a WebGpuExecutable as is measured. */
interface Measured {
  readonly shaders: readonly GpuShader[];
  readonly interface: { readonly name: string };
}

/** Rejects with a GpuError where a shader is refused. */
export async function measureGpuKernels(
  { shaders, interface: { name } }: Measured,
  device: GpuDevice,
): Promise<GpuTimes> {
  const stamps = device.gpu.features.has("timestamp-query") ? new Stamps(device.gpu) : null;
  const times = new Map<string, number[][]>();
  for (const shader of shaders) {
    const known = times.get(shader.name) ?? [];
    known.push(await timesOf(shader, name, device, stamps));
    times.set(shader.name, known);
  }
  stamps?.dispose();
  const kernels = new Map([...times].map(([kernel, all]) => [kernel, summary(all)]));
  return { kernels, by: stamps === null ? "clock" : "timestamps" };
}

function summary(shaders: readonly (readonly number[])[]): KernelTimes {
  const mean = (of: (sorted: readonly number[]) => number): number =>
    shaders.reduce((sum, list) => sum + of(list.toSorted((a, b) => a - b)), 0) / shaders.length;
  const median = mean((sorted) => sorted[Math.floor(sorted.length / 2)]);
  return { launches: 1, total: median, fastest: mean((sorted) => sorted[0]), median };
}

/** Milliseconds of one dispatch, several times. */
async function timesOf(
  shader: GpuShader,
  program: string,
  device: GpuDevice,
  stamps: Stamps | null,
): Promise<number[]> {
  const { gpu } = device;
  const { pipeline, layout } = await device.pipelines.get(shader, program);
  const storages = shader.bindings.map(({ bytes }) => device.store(new Uint8Array(bytes)));
  const group = gpu.createBindGroup({
    layout,
    entries: storages.map(({ buffer }, binding) => ({
      binding,
      resource: { buffer: buffer.gpu, size: shader.bindings[binding].bytes },
    })),
  });
  const pass = async (dispatches: number): Promise<number> => {
    const encoder = gpu.createCommandEncoder({ label: shader.name });
    const encoded = encoder.beginComputePass(stamps === null ? {} : { timestampWrites: stamps.writes });
    encoded.setPipeline(pipeline);
    encoded.setBindGroup(0, group);
    if (shader.counters > 0) {
      encoded.setBindGroup(1, device.counterGroup(shader.counters), new Array(2 * shader.counters).fill(0));
    }
    for (let i = 0; i < dispatches; i++) encoded.dispatchWorkgroups(...shader.workgroups);
    encoded.end();
    stamps?.resolve(encoder);
    const start = performance.now();
    gpu.queue.submit([encoder.finish()]);
    await gpu.queue.onSubmittedWorkDone();
    return stamps === null ? performance.now() - start : stamps.read();
  };
  await device.idle();
  let found: number[] = [];
  for (let dispatches = 1; found.length < ROUNDS; dispatches *= 2) {
    found = [];
    // Every round has to last: the first may have waited for the driver's compiler, any for the machine.
    while (found.length < ROUNDS) {
      const time = await pass(dispatches);
      if (time < LONG_ENOUGH && dispatches < MOST_DISPATCHES) break;
      found.push(time / dispatches);
    }
  }
  for (const storage of storages) storage.release();
  return found;
}

/** The timestamps of a pass's beginning and end. */
class Stamps {
  readonly #set: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #host: GPUBuffer;

  constructor(gpu: GPUDevice) {
    this.#set = gpu.createQuerySet({ type: "timestamp", count: 2 });
    this.#resolved = gpu.createBuffer({ size: 16, usage: QUERY_RESOLVE | COPY_SRC });
    this.#host = gpu.createBuffer({ size: 16, usage: MAP_READ | COPY_DST });
  }

  get writes(): GPUComputePassTimestampWrites {
    return { querySet: this.#set, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
  }

  resolve(encoder: GPUCommandEncoder): void {
    encoder.resolveQuerySet(this.#set, 0, 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#host, 0, 16);
  }

  /** Milliseconds between them. */
  async read(): Promise<number> {
    await this.#host.mapAsync(MAP_MODE_READ);
    const [start, end] = new BigUint64Array(this.#host.getMappedRange().slice(0));
    this.#host.unmap();
    return Number(end - start) / 1e6;
  }

  dispose(): void {
    this.#set.destroy();
    this.#resolved.destroy();
    this.#host.destroy();
  }
}

/** A WebGPU device: its buffers, its pipelines and the order of what it is told. */
import { COUNTER_BASE, type GpuFeature, type GpuLimits } from "../../compiler/program/webgpu.ts";
import { DeviceLostError, GpuError } from "../errors.ts";
import { BufferPool, type PooledBuffer } from "./buffer-pool.ts";
import { CollectorPressure } from "./collector.ts";
import {
  COPY_DST,
  COPY_SRC,
  INDIRECT,
  MAP_MODE_READ,
  MAP_READ,
  STORAGE,
  UNIFORM,
  wordBytes,
} from "./constants.ts";
import { Pipelines } from "./pipelines.ts";
import { type GpuLease, GpuStorage, type StorageDevice } from "./storage.ts";
import { Stream } from "./stream.ts";

/** Bytes of free buffers that are kept for reuse. */
const KEEP_BYTES = 256 * 2 ** 20;
const KEEP_STAGING_BYTES = 64 * 2 ** 20;

/** What was asked of the GPU so far. */
export interface GpuStatistics {
  dispatches: number;
  submits: number;
  /** Copies between buffers on the GPU, without those of readbacks. */
  copies: number;
  reads: number;
  /** Bytes written from and read back to the host. */
  uploaded: number;
  downloaded: number;
}

/** A GPU as a device: its buffers, pipelines and the stream of its commands. */
export class GpuDevice implements StorageDevice {
  readonly pool: BufferPool;
  readonly pipelines: Pipelines;
  readonly stream = new Stream();
  readonly statistics: GpuStatistics = {
    dispatches: 0,
    submits: 0,
    copies: 0,
    reads: 0,
    uploaded: 0,
    downloaded: 0,
  };
  /** Why it cannot be used any more. */
  lost: DeviceLostError | null = null;

  readonly #staging: BufferPool;
  readonly #pressure = new CollectorPressure();
  readonly #finalizers: FinalizationRegistry<GpuLease>;
  #counterTable: GPUBuffer | null = null;
  readonly #counterGroups: GPUBindGroup[] = [];

  constructor(
    readonly gpu: GPUDevice,
    readonly limits: GpuLimits,
    /** What it is, for people: `SwiftShader`, `NVIDIA ampere`. */
    readonly description: string,
  ) {
    this.pool = new BufferPool(gpu, {
      usage: STORAGE | INDIRECT | COPY_SRC | COPY_DST,
      label: "array",
      keep: KEEP_BYTES,
    });
    this.#staging = new BufferPool(gpu, {
      usage: MAP_READ | COPY_DST,
      label: "readback",
      keep: KEEP_STAGING_BYTES,
    });
    this.pipelines = new Pipelines(gpu);
    this.#finalizers = new FinalizationRegistry((lease) => {
      lease.storage?.release();
      this.#pressure.collected(this.pool);
    });
    gpu.lost.then(({ reason, message }) => {
      this.lost = new DeviceLostError(reason === "destroyed" ? "it was destroyed" : message || reason);
    });
  }

  /** Throws the DeviceLostError of a lost device. */
  checkAlive(): void {
    if (this.lost !== null) throw this.lost;
  }

  /** A new storage with undefined contents. */
  allocate(byteLength: number): GpuStorage {
    this.checkAlive();
    const buffer = this.pool.acquire(byteLength);
    this.#pressure.check(this.pool);
    return new GpuStorage(this, buffer, byteLength);
  }

  /** A new storage with a copy of `bytes`. */
  store(bytes: Uint8Array): GpuStorage {
    const storage = this.allocate(bytes.byteLength);
    this.#write(storage.buffer, bytes);
    return storage;
  }

  /** A storage that takes over the buffer of a donated one, which is gone from then on. */
  adopt(donated: GpuStorage, by: string): GpuStorage {
    return new GpuStorage(this, donated.handOver(by), donated.byteLength);
  }

  /**
   * Overwrites a storage in its turn: what was called before still reads the old bytes. They are copied if they have
   * to wait.
   */
  overwrite({ buffer }: GpuStorage, bytes: Uint8Array): void {
    buffer.pins++;
    const copy = bytes.slice();
    this.stream.run(() => {
      this.#write(buffer, copy);
      this.pool.unpin(buffer);
    });
  }

  #write(buffer: PooledBuffer, bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    const whole = bytes.byteLength & ~3;
    this.gpu.pushErrorScope("validation");
    // The queue copies them before it returns.
    if (whole > 0) this.gpu.queue.writeBuffer(buffer.gpu, 0, plainBytes(bytes.subarray(0, whole)));
    if (whole < bytes.byteLength) {
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(whole));
      this.gpu.queue.writeBuffer(buffer.gpu, whole, tail);
    }
    // A buffer that could not be allocated reports that itself.
    this.gpu.popErrorScope().catch(() => {});
    this.statistics.uploaded += bytes.byteLength;
  }

  /** Reads a storage back: see GpuStorage.read. */
  async read(storage: GpuStorage): Promise<Uint8Array<ArrayBuffer>> {
    this.checkAlive();
    storage.checkAlive();
    const bytes = await this.readRange(storage.buffer, 0, storage.byteLength, "turn");
    await storage.checked;
    const error = storage.buffer.error ?? storage.error;
    if (error !== null) throw error;
    return bytes;
  }

  /**
   * Copies `bytes` bytes at a multiple of 4 into host memory, in this device's order (`turn`), or now, for the task whose
   * turn it is.
   */
  readRange(
    source: PooledBuffer,
    offset: number,
    bytes: number,
    when: "turn" | "now",
  ): Promise<Uint8Array<ArrayBuffer>> {
    const size = wordBytes(bytes);
    source.pins++;
    const read = (): Promise<Uint8Array<ArrayBuffer>> => {
      const staging = this.#staging.acquire(size);
      const { gpu } = this;
      gpu.pushErrorScope("validation");
      const encoder = gpu.createCommandEncoder({ label: "readback" });
      encoder.copyBufferToBuffer(source.gpu, offset, staging.gpu, 0, size);
      gpu.queue.submit([encoder.finish()]);
      const problem = gpu.popErrorScope().catch(() => null);
      this.pool.unpin(source);
      this.statistics.reads++;
      this.statistics.downloaded += bytes;
      return this.#map(staging, bytes, problem);
    };
    if (when === "now") return read();
    return new Promise((resolve, reject) => {
      this.stream.run(() => {
        // The stream does not wait for the bytes: what is called later computes meanwhile.
        try {
          read().then(resolve, reject);
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  async #map(
    staging: PooledBuffer,
    bytes: number,
    problem: Promise<GPUError | null>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    try {
      await staging.gpu.mapAsync(MAP_MODE_READ, 0, wordBytes(bytes));
      const copy = new Uint8Array(staging.gpu.getMappedRange(0, wordBytes(bytes)).slice(0, bytes));
      staging.gpu.unmap();
      this.#staging.release(staging);
      return copy;
    } catch (error) {
      const refused = await problem;
      // Whether the device was lost is known a little later than that the mapping failed.
      await Promise.race([this.gpu.lost, new Promise((resolve) => setTimeout(resolve, 0))]);
      staging.error ??= this.lost ?? new GpuError(`a readback failed: ${refused?.message ?? String(error)}`);
      this.#staging.release(staging);
      throw staging.error;
    }
  }

  /** Resolves when everything asked for so far was computed. */
  idle(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.stream.run(() => {
        this.gpu.queue.onSubmittedWorkDone().then(() => {
          if (this.lost === null) resolve();
          else reject(this.lost);
        }, reject);
      });
    });
  }

  /** The uniforms of group 1: every digit of every counter is the same table, each with an offset of its own. */
  counterGroup(counters: number): GPUBindGroup {
    this.#counterTable ??= this.#createCounterTable();
    this.#counterGroups[counters] ??= this.gpu.createBindGroup({
      layout: this.pipelines.counterLayout(counters),
      entries: Array.from({ length: 2 * counters }, (_, binding) => ({
        binding,
        resource: { buffer: this.#counterTable as GPUBuffer, size: 4 },
      })),
    });
    return this.#counterGroups[counters];
  }

  /** Bytes from one number of the counter table to the next. */
  get counterStride(): number {
    return this.gpu.limits.minUniformBufferOffsetAlignment;
  }

  #createCounterTable(): GPUBuffer {
    const words = this.counterStride / 4;
    const table = new Uint32Array(COUNTER_BASE * words);
    for (let i = 0; i < COUNTER_BASE; i++) table[i * words] = i;
    const buffer = this.gpu.createBuffer({
      label: "counters",
      size: table.byteLength,
      usage: UNIFORM | COPY_DST,
    });
    this.gpu.queue.writeBuffer(buffer, 0, table);
    return buffer;
  }

  registerFinalizer(storage: GpuStorage, owner: object): void {
    storage.lease ??= { storage };
    this.#finalizers.register(owner, storage.lease, owner);
  }

  unregisterFinalizer(owner: object): void {
    this.#finalizers.unregister(owner);
  }

  /** Gives the GPU back. Its arrays are gone, and reads that are under way fail. */
  destroy(): void {
    this.lost ??= new DeviceLostError("it was destroyed");
    this.gpu.destroy();
  }
}

/** Writing from shared memory is not allowed. */
function plainBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}

const FEATURES: readonly GpuFeature[] = ["subgroups"];

/** Adapters that run on the CPU. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|warp|basic render/i;

/** Limits that a device has to be asked for; without asking one gets the specification's least. */
const LIMITS = [
  "maxStorageBuffersPerShaderStage",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
] as const;

/** Whether WGSL here has the number of a subgroup in its workgroup, by which their parts are told apart. */
async function numbersSubgroups(gpu: GPUDevice): Promise<boolean> {
  gpu.pushErrorScope("validation");
  const code = `enable subgroups;
requires subgroup_id;
@compute @workgroup_size(1) fn main(@builtin(subgroup_id) subgroup: u32) { _ = subgroup; }`;
  const { messages } = await gpu.createShaderModule({ label: "subgroups", code }).getCompilationInfo();
  await gpu.popErrorScope();
  return messages.every(({ type }) => type !== "error");
}

/** A device of an adapter, with all that the adapter grants. `instead`: what to compile for in place of that. */
export async function createDevice(
  adapter: GPUAdapter,
  instead: Partial<GpuLimits> = {},
): Promise<GpuDevice> {
  const features = FEATURES.filter((feature) => adapter.features.has(feature));
  // For whoever measures shaders.
  const timing: GPUFeatureName[] = adapter.features.has("timestamp-query") ? ["timestamp-query"] : [];
  const requiredLimits: Record<string, number> = {};
  for (const name of LIMITS) requiredLimits[name] = adapter.limits[name];
  const gpu = await adapter.requestDevice({
    label: "weft",
    requiredFeatures: [...features, ...timing],
    requiredLimits,
  });
  const numbered = features.includes("subgroups") && (await numbersSubgroups(gpu));
  const usable = features.filter((feature) => feature !== "subgroups" || numbered);
  const { limits } = gpu;
  const { vendor, architecture, description } = adapter.info;
  return new GpuDevice(
    gpu,
    {
      storageBuffers: limits.maxStorageBuffersPerShaderStage,
      workgroupBytes: limits.maxComputeWorkgroupStorageSize,
      invocations: limits.maxComputeInvocationsPerWorkgroup,
      bindingBytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
      software: SOFTWARE.test(`${architecture} ${description}`),
      features: usable,
      ...instead,
    },
    description || [vendor, architecture].filter(Boolean).join(" ") || "unknown adapter",
  );
}

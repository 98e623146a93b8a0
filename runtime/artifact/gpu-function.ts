/** A compiled function on a GPU: as WasmFunction, with results that are promised. */
import { type ArtifactProgram, leavesOf, type Manifest } from "../../compiler/program/artifact.ts";
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import type { GpuDevice } from "../webgpu/device.ts";
import { GpuProgram } from "../webgpu/program.ts";
import type { GpuStorage } from "../webgpu/storage.ts";
import { buildTree, type PreparedCall, prepareCall } from "./call.ts";
import { arrayClass, bytesOf, dtypeOf } from "./elements.ts";
import { GpuTensor } from "./gpu-tensor.ts";
import { fitTo, leafType, programShape, resultShape } from "./sizes.ts";
import { readWebGpuFile, webGpuExecutable } from "./webgpu-file.ts";
import { Weights } from "./weights.ts";

export class GpuFunction {
  readonly #programs = new Map<ArtifactProgram, GpuProgram>();
  readonly #weights = new Map<string, GpuStorage>();
  readonly #resultTypes: readonly string[];

  constructor(
    readonly manifest: Manifest,
    sections: ReadonlyMap<string, Uint8Array>,
    readonly device: GpuDevice,
  ) {
    this.#resultTypes = leavesOf(manifest.results).map(({ type }) => type);
    const weights = new Weights(manifest, sections);
    for (const program of manifest.programs) {
      const file = readWebGpuFile(manifest, program, sections);
      // Without loadGpuProgram's checks: what was compiled for the least limits fits every adapter.
      this.#programs.set(program, new GpuProgram(webGpuExecutable(file, weights), device));
      // Programs of several sizes share them.
      for (const name of program.weights) {
        if (!this.#weights.has(name)) this.#weights.set(name, device.store(weights.bytesOf(name)));
      }
    }
  }

  /** Resolves when the GPU's driver has compiled the shaders. */
  async ready(): Promise<void> {
    for (const program of this.#programs.values()) await program.ready();
  }

  /**
   * Runs it. With `keep` results stay on the GPU as GpuTensors, else they are copies. Arguments are read before it
   * returns, but for tensors that have to be filled up.
   */
  async call(args: readonly unknown[], keep: boolean): Promise<unknown> {
    const { manifest } = this;
    const call = prepareCall(manifest, args, GpuTensor);
    const { program, sizes } = call;
    const loaded = this.#programs.get(program);
    if (loaded === undefined) throw new Error(`${manifest.name} was disposed`);
    const pending = call.leaves.map((_, i) => this.#input(call, i));
    const inputs = pending.some((x) => x instanceof Promise)
      ? await Promise.all(pending)
      : (pending as Input[]);
    const weights = program.weights.map((name) => this.#weights.get(name) as GpuStorage);
    const outputs = loaded.run(
      [...inputs.map(({ storage }) => storage), ...weights],
      [...inputs.map(({ copied }, i) => copied || call.donated[i]), ...weights.map(() => false)],
    );
    const results = await Promise.all(
      outputs.map((storage, o) => {
        const { dtype } = leafType(program.outputs[o]);
        const whole = programShape(program.outputs[o]);
        if (keep && sizes === null) return new GpuTensor(storage, dtype, whole);
        return this.#read(storage, program.outputs[o], whole, this.#shape(o, whole, sizes), keep);
      }),
    );
    return buildTree(manifest.results, results.values());
  }

  /** Places an array on the GPU, once for many calls. */
  put(data: TypedArray, shape: readonly number[] = [data.length]): GpuTensor {
    return new GpuTensor(this.device.store(bytesOf(data)), dtypeOf(data), shape);
  }

  dispose(): void {
    for (const program of this.#programs.values()) program.dispose();
    for (const storage of this.#weights.values()) storage.release();
    this.#programs.clear();
    this.#weights.clear();
  }

  /** Argument i on the GPU: the tensor's own bytes, or a copy that is the call's. */
  #input({ leaves, program, shapes, sizes }: PreparedCall<GpuTensor>, i: number): Input | Promise<Input> {
    const { data, type } = leaves[i];
    const stored = (given: Uint8Array): Input => {
      const bytes = sizes === null ? given : fitTo(type, given, shapes[i], programShape(program.inputs[i]));
      return { storage: this.device.store(bytes), copied: true };
    };
    if (!(data instanceof GpuTensor)) return stored(bytesOf(data));
    if (sizes === null && data.isOn(this.device)) return { storage: data.storage(), copied: false };
    return data.bytes().then(stored);
  }

  #shape(o: number, whole: readonly number[], sizes: PreparedCall<GpuTensor>["sizes"]): readonly number[] {
    return sizes === null ? whole : resultShape(this.#resultTypes[o], whole, sizes);
  }

  /** A result, cut back to what the caller's sizes ask for. */
  async #read(
    storage: GpuStorage,
    type: string,
    whole: readonly number[],
    shape: readonly number[],
    keep: boolean,
  ): Promise<unknown> {
    const { dtype } = leafType(type);
    try {
      const bytes = await storage.read();
      const cut = shape === whole ? bytes : fitTo(type, bytes, whole, shape);
      if (keep) return new GpuTensor(this.device.store(cut), dtype, shape);
      return { data: new (arrayClass(dtype))(cut.buffer), shape };
    } finally {
      storage.release();
    }
  }
}

interface Input {
  readonly storage: GpuStorage;
  /** Whether it was made for the call, which gives it up. */
  readonly copied: boolean;
}

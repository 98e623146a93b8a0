/** A function compiled ahead of time, as a value that can be kept: called, serialised, read back. */
import { packArtifact } from "../../compiler/artifact/container.ts";
import {
  type Artifact,
  type ArtifactProgram,
  leavesOf,
  type Manifest,
  parseLeaf,
} from "../../compiler/program/artifact.ts";
import type { WasmExecutable } from "../../compiler/program/program.ts";
import { type DType, dtypeFromShort } from "../../compiler/types/dtype.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import { checkWebGpuFile } from "../../runtime/artifact/check-webgpu.ts";
import { constantSegment } from "../../runtime/artifact/constant-segment.ts";
import { ArtifactError } from "../../runtime/artifact/errors.ts";
import { readSafetensors, type SavedTensor } from "../../runtime/artifact/safetensors.ts";
import {
  type Choice,
  chooseProgram,
  fitTo,
  type GivenLeaf,
  programShape,
  resultShape,
} from "../../runtime/artifact/sizes.ts";
import { unpackArtifact } from "../../runtime/artifact/unpack.ts";
import { readWebGpuFile, webGpuExecutable } from "../../runtime/artifact/webgpu-file.ts";
import { Weights } from "../../runtime/artifact/weights.ts";
import { cpuDevice } from "../../runtime/device.ts";
import { type LoadedProgram, loadWasm } from "../../runtime/loader.ts";
import type { Storage } from "../../runtime/storage.ts";
import type { LoadedGpuProgram } from "../../runtime/webgpu/loader.ts";
import type { GpuStorage } from "../../runtime/webgpu/storage.ts";
import type { NdArray } from "../core/array.ts";
import { avalOf } from "../core/aval.ts";
import { ConcreteArray, constantArray } from "../core/concrete-array.ts";
import { describeValue } from "../core/describe.ts";
import { type Device, placementOf, WebGpuDevice, withDefaultDevice } from "../core/device.ts";
import { gpuEngine } from "../core/engine.ts";
import { InternalError, UnsupportedError, WeftTypeError } from "../core/errors.ts";
import { gpu } from "../core/gpu.ts";
import { captureSource } from "../core/source.ts";
import { asConcrete, contextFor } from "../core/trace.ts";
import { pad, slice } from "../lax/movement.ts";
import { leafArray } from "../transforms/arguments.ts";
import type { AnyFunction, Arguments, Result } from "../transforms/types.ts";
import { flattenUpTo, unflatten } from "../tree/tree.ts";
import type { TreeDef } from "../tree/treedef.ts";
import { type AnySpec, specOfLeaf, treeDefOf, withoutClasses } from "./tree-spec.ts";

export class Exported<F extends AnyFunction = AnyFunction> {
  readonly artifact: Artifact;
  readonly #trees: readonly TreeDef[];
  readonly #outTree: TreeDef;
  readonly #outTypes: readonly string[];
  readonly #programs = new Map<ArtifactProgram, LoadedProgram>();
  readonly #weights = new Map<string, Storage>();
  #tensors: Map<string, SavedTensor> | null = null;
  /** Declared cache: what is loaded on each GPU. */
  readonly #gpuPrograms = new WeakMap<WebGpuDevice, Map<ArtifactProgram, LoadedOnGpu>>();

  constructor(artifact: Artifact) {
    this.artifact = artifact;
    const { parameters, results } = artifact.manifest;
    this.#trees = parameters.map(({ tree }) => treeDefOf(tree));
    this.#outTree = treeDefOf(results);
    this.#outTypes = leavesOf(results).map(({ type }) => type);
  }

  get manifest(): Manifest {
    return this.artifact.manifest;
  }
  get name(): string {
    return this.manifest.name;
  }
  /** The sizes it was compiled for, ascending; `[{}]` if its shapes name none. */
  get sizes(): readonly Readonly<Record<string, number>>[] {
    return this.manifest.programs.map(({ sizes }) => sizes);
  }
  /** Types of the arguments' leaves. */
  get inAvals(): AnySpec[] {
    return this.manifest.parameters.flatMap(({ tree }) => leavesOf(tree).map(({ type }) => specOfLeaf(type)));
  }
  /** Types of the results' leaves. An extent `?` depends on the sizes without being one of them. */
  get outAvals(): AnySpec[] {
    return this.#outTypes.map(specOfLeaf);
  }
  /** The structure of the list of arguments. */
  get inTree(): TreeDef {
    return treeDefOf(this.manifest.parameters.map(({ tree }) => tree));
  }
  get outTree(): TreeDef {
    return this.#outTree;
  }

  /** The whole as bytes, for `deserialize`. Equal functions give equal bytes. */
  serialize(): Uint8Array {
    return packArtifact(this.artifact);
  }

  /** (arguments…, cotangents of the results) → cotangents of the arguments. Throws where it was exported with no `vjpOrder`. */
  vjp(): Exported {
    const { vjp } = this.manifest;
    const bytes = vjp === null ? undefined : this.artifact.sections.get(vjp);
    if (bytes === undefined) {
      throw new UnsupportedError(
        `${this.name} was exported without its derivative: exportFunction(f, { vjpOrder: 1 })`,
      );
    }
    return new Exported(unpackArtifact(bytes));
  }

  /** Calls it. Throws WeftTypeError that lists every argument that does not fit; a tracer does not, as there is no graph. */
  call(...args: Arguments<Parameters<F>>): Result<ReturnType<F>> {
    const { name } = this;
    const leaves: (GivenLeaf & { readonly array: NdArray })[] = [];
    const donated: boolean[] = [];
    const choice = this.#choose(args, leaves, donated);
    if (contextFor(leaves.map(({ array }) => array)) !== null) {
      throw new UnsupportedError(
        `${name} was compiled ahead of time: it has no graph to be traced into another function. ` +
          "Call the original function there, or this one outside",
        captureSource(),
      );
    }
    const { program, shapes, sizes } = choice;
    const arrays = leaves.map(({ array }) => asConcrete(array));
    const { device, committed } = placementOf(
      arrays,
      (i) => `${leaves[i].path} of ${name} (${leaves[i].text})`,
    );
    if (device instanceof WebGpuDevice && program.webgpu !== null) {
      const outputs = this.#callOnGpu(device, committed, choice, arrays, donated);
      return unflatten(this.#outTree, outputs) as Result<ReturnType<F>>;
    }
    if (program.wasm === null) {
      throw new UnsupportedError(
        `${name} was compiled for WebGPU, and its arguments are on ${device}: put them on a GPU, ` +
          'devicePut(x, await device("webgpu")), or export it with { target: "both" }',
        captureSource(),
      );
    }
    const { memory } = cpuDevice();
    const inputs = leaves.map(({ array, type }, i) => {
      const storage = asConcrete(array).storage();
      if (sizes === null) return storage;
      return memory.store(fitTo(type, storage.bytes(), shapes[i], programShape(program.inputs[i])));
    });
    const weights = program.weights.map((each) => this.#weight(each));
    const gives = [...donated, ...weights.map(() => false)];
    const results = this.#load(program).run([...inputs, ...weights], donated.includes(true) ? gives : null);
    if (sizes !== null) for (const input of inputs) input.release();
    const outputs = results.map((storage, o) => this.#result(program, o, storage, sizes));
    return unflatten(this.#outTree, outputs) as Result<ReturnType<F>>;
  }

  #callOnGpu(
    device: WebGpuDevice,
    committed: Device | null,
    { program, sizes }: Choice,
    given: readonly ConcreteArray[],
    donated: readonly boolean[],
  ): NdArray[] {
    const engine = gpuEngine(device);
    // Filled up and cut back on the GPU.
    const arrays =
      sizes === null ? given : given.map((x, i) => padTo(x, programShape(program.inputs[i]), device));
    const loaded = this.#loadOnGpu(program, device);
    const inputs = [...arrays.map((x) => engine.place(x)), ...loaded.weights];
    const gives = inputs.map((_, i) => donated[i] === true && (sizes === null || arrays[i] !== given[i]));
    const results = loaded.program.run(inputs, gives.includes(true) ? gives : null);
    // The host's copy of a donated array goes with it.
    for (const [i, array] of arrays.entries()) if (gives[i]) array.buffer?.release("donated", this.name);
    return results.map((storage, o) => {
      const dtype = dtypeOfLeaf(this.#outTypes[o]);
      const whole = programShape(program.outputs[o]);
      const weak = parseLeaf(this.#outTypes[o])?.weak;
      const result = engine.wrap(avalOf(tensorType(dtype, whole), weak), storage, committed);
      if (sizes === null) return result;
      const shape = resultShape(this.#outTypes[o], whole, sizes);
      return slice(
        result,
        shape.map(() => 0),
        shape,
      );
    });
  }

  #loadOnGpu(program: ArtifactProgram, device: WebGpuDevice): LoadedOnGpu {
    const programs = this.#gpuPrograms.get(device) ?? new Map<ArtifactProgram, LoadedOnGpu>();
    this.#gpuPrograms.set(device, programs);
    let loaded = programs.get(program);
    if (loaded === undefined) {
      const { manifest, artifact } = this;
      const weights = new Weights(manifest, artifact.sections);
      const executable = webGpuExecutable(readWebGpuFile(manifest, program, artifact.sections), weights);
      loaded = {
        program: gpu().loadGpuProgram(executable, device.gpu),
        weights: program.weights.map((each) => {
          const storage = device.gpu.store(weights.bytesOf(each));
          storage.track(this);
          return storage;
        }),
      };
      programs.set(program, loaded);
    }
    return loaded;
  }

  #result(program: ArtifactProgram, o: number, storage: Storage, sizes: Choice["sizes"]): NdArray {
    const dtype = dtypeOfLeaf(this.#outTypes[o]);
    const weak = parseLeaf(this.#outTypes[o])?.weak;
    const whole = programShape(program.outputs[o]);
    if (sizes === null) return new ConcreteArray(avalOf(tensorType(dtype, whole), weak), storage);
    const shape = resultShape(this.#outTypes[o], whole, sizes);
    const cut = storage.memory.store(fitTo(program.outputs[o], storage.bytes().slice(), whole, shape));
    storage.release();
    return new ConcreteArray(avalOf(tensorType(dtype, shape), weak), cut);
  }

  /** The program for the arguments, whose leaves are appended. */
  #choose(
    args: readonly unknown[],
    leaves: (GivenLeaf & { readonly array: NdArray })[],
    donated: boolean[],
  ): Choice {
    const { name, parameters } = this.manifest;
    const problems: string[] = [];
    if (args.length !== parameters.length) {
      problems.push(`it takes ${parameters.length} arguments, got ${args.length}`);
    }
    for (const [n, { tree, donated: gone }] of parameters.entries()) {
      if (n >= args.length) break;
      let values: unknown[];
      try {
        values = flattenUpTo(this.#trees[n], withoutClasses(args[n]), `args[${n}]`);
      } catch (error) {
        problems.push(error instanceof Error ? error.message.split("\n")[0] : String(error));
        continue;
      }
      for (const [i, { path, type }] of leavesOf(tree).entries()) {
        const leaf = givenLeaf(`args[${n}]${path}`, type, values[i]);
        if (typeof leaf === "string") problems.push(leaf);
        else {
          leaves.push(leaf);
          donated.push(gone);
        }
      }
    }
    const choice = chooseProgram(this.manifest, leaves, problems);
    if (choice !== null) return choice;
    throw new WeftTypeError(
      `Argument types differ from the types for which ${name} was exported:\n${problems
        .sort()
        .map((x) => `  * ${x}`)
        .join("\n")}`,
      captureSource(),
    );
  }

  #load(program: ArtifactProgram): LoadedProgram {
    let loaded = this.#programs.get(program);
    if (loaded === undefined) {
      loaded = loadWasm(this.#executable(program));
      this.#programs.set(program, loaded);
    }
    return loaded;
  }

  #executable(program: ArtifactProgram): WasmExecutable {
    const { wasm, tempBytes } = program;
    const bytes = wasm === null ? undefined : this.artifact.sections.get(wasm.section);
    if (wasm === null || bytes === undefined) {
      throw new ArtifactError(`${this.name} was not compiled for WebAssembly`);
    }
    const constants = constantSegment(program, (tensor) => this.#tensor(tensor).bytes);
    const tensors = (types: readonly string[]) =>
      types.map((type, i) => ({
        dtype: dtypeOfLeaf(type),
        shape: programShape(type),
        label: String(i),
      }));
    const weights = program.weights.map((label) => {
      const { dtype, shape } = this.#tensor(label);
      return { dtype: dtypeOfLeaf(`${dtype}[]`), shape, label };
    });
    return {
      interface: {
        name: this.name,
        inputs: [...tensors(program.inputs), ...weights],
        outputs: tensors(program.outputs),
        aliases: program.aliases,
        tempBytes,
        constants,
      },
      modules: { simd: bytes, relaxed: wasm.relaxed === null ? bytes : bytes.subarray(...wasm.relaxed) },
    };
  }

  #weight(name: string): Storage {
    let storage = this.#weights.get(name);
    if (storage === undefined) {
      storage = cpuDevice().memory.store(this.#tensor(name).bytes);
      this.#weights.set(name, storage);
    }
    return storage;
  }

  #tensor(name: string): SavedTensor {
    const { weights } = this.manifest;
    const file = weights === null ? undefined : this.artifact.sections.get(weights);
    this.#tensors ??= file === undefined ? new Map() : readSafetensors(file, String(weights));
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new ArtifactError(`the file of weights has no tensor ${name}`);
    return tensor;
  }

  toString(): string {
    return `Exported(${this.name})`;
  }
}

interface LoadedOnGpu {
  readonly program: LoadedGpuProgram;
  readonly weights: readonly GpuStorage[];
}

/** The array filled up with zeros at the end of each axis, on the device. */
function padTo(x: ConcreteArray, shape: readonly number[], device: WebGpuDevice): ConcreteArray {
  if (shape.every((extent, axis) => extent === x.shape[axis])) return x;
  const zero = constantArray(0, tensorType(x.dtype, []));
  return withDefaultDevice(device, () =>
    asConcrete(
      pad(
        x,
        zero,
        shape.map((extent, axis) => [0, extent - x.shape[axis], 0]),
      ),
    ),
  );
}

/** The dtype of a checked leaf. */
function dtypeOfLeaf(type: string): DType {
  const dtype = dtypeFromShort(parseLeaf(type)?.dtype ?? "");
  if (dtype === undefined) throw new InternalError(`${type} is no type`);
  return dtype;
}

/** The array at a leaf, or what is wrong with it. */
function givenLeaf(path: string, type: string, value: unknown): (GivenLeaf & { array: NdArray }) | string {
  const leaf = parseLeaf(type);
  // A number takes the type that is wanted, as a weakly typed array would.
  const array =
    typeof value === "number" && leaf?.shape.length === 0
      ? constantArray(value, tensorType(dtypeOfLeaf(type), []))
      : leafArray(value);
  if (array === null) return `${path}: expected ${type}, got ${describeValue(value)}`;
  const text = array.aval.type.text;
  if (array.dtype !== dtypeOfLeaf(type)) return `${path}: expected ${type}, got ${text}`;
  return { path, type, shape: array.shape, count: array.size, text, array };
}

/**
 * Reads what `serialize()` wrote (`jax.export.deserialize`). Throws ArtifactError with the reason where the bytes were
 * truncated or altered, or are of another version.
 */
export function deserialize<F extends AnyFunction = AnyFunction>(bytes: Uint8Array): Exported<F> {
  const artifact = unpackArtifact(bytes);
  const { vjp, weights, programs } = artifact.manifest;
  // Refused as a whole, not when its parts are first used.
  for (const name of [vjp, weights]) {
    const section = name === null ? undefined : artifact.sections.get(name);
    if (section === undefined) continue;
    if (name === vjp) unpackArtifact(section);
    else readSafetensors(section, String(name));
  }
  for (const program of programs) {
    if (program.webgpu === null) continue;
    checkWebGpuFile(readWebGpuFile(artifact.manifest, program, artifact.sections), program);
  }
  return new Exported<F>(artifact);
}

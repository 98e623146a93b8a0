/** The programs of an artifact in WebAssembly memory: constants and weights placed once, a pointer table for each. */
import type { Artifact, ArtifactProgram } from "../../compiler/program/artifact.ts";
import { ArtifactError } from "./errors.ts";
import type { Heap } from "./heap.ts";
import { readSafetensors, type SavedTensor } from "./safetensors.ts";

interface LoadedProgram {
  readonly run: (table: number) => void;
  /** Address of the pointers to scratch, constants, inputs and outputs. */
  readonly table: number;
  readonly constants: number;
  readonly weights: readonly number[];
}

export class Instance {
  readonly #name: string;
  readonly #heap: Heap;
  readonly #blocks: [start: number, bytes: number][] = [];
  readonly #programs = new Map<ArtifactProgram, LoadedProgram>();
  readonly #tensors: Map<string, SavedTensor>;
  readonly #weights = new Map<string, number>();

  /** `modules[i]` is that of program i. */
  constructor({ manifest, sections }: Artifact, modules: readonly WebAssembly.Module[], heap: Heap) {
    this.#name = manifest.name;
    this.#heap = heap;
    const file = manifest.weights === null ? undefined : sections.get(manifest.weights);
    this.#tensors = file === undefined ? new Map() : readSafetensors(file, String(manifest.weights));
    for (const [i, program] of manifest.programs.entries()) {
      this.#programs.set(program, this.#load(program, modules[i]));
    }
  }

  /** Runs a program. Addresses of its arguments' leaves and of its results. */
  run(program: ArtifactProgram, inputs: readonly number[], outputs: readonly number[]): void {
    const loaded = this.#programs.get(program);
    if (loaded === undefined) throw new Error(`${this.#name} was disposed`);
    const { run, table, constants, weights } = loaded;
    const scratch = this.#heap.scratch(program.tempBytes);
    // After all allocations, as memory may have moved.
    const pointers = new Uint32Array(this.#heap.memory.buffer, table);
    pointers.set([scratch, constants, ...inputs, ...weights, ...outputs]);
    run(table);
  }

  dispose(): void {
    this.#programs.clear();
    for (const [start, bytes] of this.#blocks.splice(0)) this.#heap.release(start, bytes);
  }

  #load(program: ArtifactProgram, module: WebAssembly.Module): LoadedProgram {
    const heap = this.#heap;
    // This thread runs all grains of a kernel itself.
    const share = (table: number, kernel: number, count: number): void => {
      if (typeof grains !== "function") throw new ArtifactError("the module exports no function grains");
      grains(table, kernel, 0, count);
    };
    const { exports } = new WebAssembly.Instance(module, { env: { memory: heap.memory, share } });
    const { run, grains } = exports;
    if (typeof run !== "function") throw new ArtifactError("the module exports no function run");
    const constants = this.#place(program.constantBytes);
    for (const { tensor, offset } of program.constants) {
      const { bytes } = this.#tensor(tensor);
      if (offset + bytes.length > program.constantBytes) throw new ArtifactError(`${tensor} does not fit`);
      heap.bytes.set(bytes, constants + offset);
    }
    const weights = program.weights.map((name) => this.#weight(name));
    const table = this.#place(4 * (2 + program.inputs.length + weights.length + program.outputs.length));
    heap.scratch(program.tempBytes);
    return { run: run as LoadedProgram["run"], table, constants, weights };
  }

  /** Where a weight is; programs of several sizes share it. */
  #weight(name: string): number {
    let start = this.#weights.get(name);
    if (start === undefined) {
      const { bytes } = this.#tensor(name);
      start = this.#place(bytes.length);
      this.#heap.bytes.set(bytes, start);
      this.#weights.set(name, start);
    }
    return start;
  }

  #tensor(name: string): SavedTensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new ArtifactError(`the file of weights has no tensor ${name}`);
    return tensor;
  }

  #place(bytes: number): number {
    const start = this.#heap.allocate(bytes);
    this.#blocks.push([start, bytes]);
    return start;
  }
}

/** From traced functions to an artifact: compiles each for its target and writes manifest and sections. */
import { type NamedTensor, writeSafetensors } from "../../compiler/artifact/safetensors.ts";
import { wasmFile } from "../../compiler/artifact/wasm-file.ts";
import { webGpuFile } from "../../compiler/artifact/webgpu-file.ts";
import type { CompileObserver } from "../../compiler/pass-runner.ts";
import { type CompileOptions, compileGraph } from "../../compiler/pipeline.ts";
import {
  ARTIFACT_VERSION,
  type Artifact,
  type ArtifactConstant,
  type ArtifactParameter,
  type ArtifactProgram,
  type Manifest,
} from "../../compiler/program/artifact.ts";
import { crc32 } from "../../compiler/program/checksum.ts";
import type { Program } from "../../compiler/program/program.ts";
import type { NdArray } from "../core/array.ts";
import { avalOf } from "../core/aval.ts";
import { ConcreteArray } from "../core/concrete-array.ts";
import { WeftTypeError, WeftValueError } from "../core/errors.ts";
import { gpu } from "../core/gpu.ts";
import { ShapeDtypeStruct, SymbolicSpec } from "../core/spec.ts";
import { VERSION } from "../inspect/version.ts";
import type { Stages } from "../transforms/stages.ts";
import { graphName } from "../transforms/trace-function.ts";
import type { AnyFunction } from "../transforms/types.ts";
import { flatten } from "../tree/tree.ts";
import { generalise, type SizeChoice } from "./sizes.ts";
import { type AnySpec, leafText, treeSpec } from "./tree-spec.ts";

/** What a function is compiled for. */
export type ExportTarget = "wasm" | "webgpu" | "both";

export const EXPORT_TARGETS: readonly ExportTarget[] = ["wasm", "webgpu", "both"];

/** A function traced for one choice of its sizes. */
export interface Specialisation {
  readonly sizes: SizeChoice;
  readonly stages: Stages<AnyFunction>;
}

export interface BuildOptions {
  /** What the caller gave, with names in shapes: dynamic and static arguments. */
  readonly args: readonly unknown[];
  /** Of all parameters; null where the function's text shows none. */
  readonly parameterNames: readonly (string | null)[];
  readonly pad: boolean;
  readonly target: ExportTarget;
  /** What it and its files are called; by default as the function. */
  readonly name?: string;
  /** Traced only, to tell how results depend on sizes. */
  readonly probes?: readonly Specialisation[];
  /** What a captured array is to be called in the file of weights. */
  readonly nameOf?: (array: NdArray) => string | null;
  /** Sees the compilation of each program. */
  readonly observe?: (stages: Stages<AnyFunction>) => CompileObserver | null;
}

/** Compiles the programs. Throws WeftTypeError for a function that uses values of one being traced. */
export function buildArtifact(specialisations: readonly Specialisation[], options: BuildOptions): Artifact {
  const { entry } = specialisations[0].stages;
  if (!entry.cacheable) {
    throw new WeftTypeError(
      `${entry.name} uses values of a function being traced, so it cannot be exported: pass them as arguments`,
    );
  }
  const name = graphName(options.name ?? entry.name);
  const weights = new WeightTable(options.nameOf ?? (() => null));
  const sections = new Map<string, Uint8Array>();
  const programs = specialisations.map(({ sizes, stages }) =>
    buildProgram(stages, sizes, name, weights, sections, options),
  );
  const weightsFile = weights.size === 0 ? null : `${name}.safetensors`;
  if (weightsFile !== null) sections.set(weightsFile, writeSafetensors(weights.tensors()));
  const manifest: Manifest = {
    format: "weft",
    version: ARTIFACT_VERSION,
    compiler: VERSION,
    name,
    parameters: parametersOf(specialisations[0].stages, options),
    results: resultsOf(specialisations, options),
    pad: options.pad,
    weights: weightsFile,
    vjp: null,
    programs,
    sections: describeSections(sections),
  };
  return { manifest, sections };
}

/** Sizes and checksums. */
export function describeSections(sections: ReadonlyMap<string, Uint8Array>): Manifest["sections"] {
  return [...sections].map(([name, bytes]) => ({ name, bytes: bytes.length, crc32: crc32(bytes) }));
}

function buildProgram(
  stages: Stages<AnyFunction>,
  sizes: SizeChoice,
  name: string,
  weights: WeightTable,
  sections: Map<string, Uint8Array>,
  { target, observe }: BuildOptions,
): ArtifactProgram {
  const { entry, graph, captured, outAvals } = stages;
  const file = `${name}${sizeSuffix(sizes)}`;
  const settings = (): CompileOptions => {
    const observer = observe?.(stages) ?? null;
    return { donated: entry.donated ?? [], ...(observer === null ? {} : { observer }) };
  };
  const wasm = target === "webgpu" ? null : compileGraph(graph, settings());
  const webgpu = target === "wasm" ? null : gpu().compileGraphForWebGpu(graph, settings());
  const strong = (aval: (typeof outAvals)[number]): string =>
    leafText(new ShapeDtypeStruct(avalOf(aval.type)));
  const constants = (program: Program): ArtifactConstant[] =>
    constantsOf(program).map(({ offset, ...tensor }) => ({ tensor: weights.constant(tensor), offset }));
  let wasmSection: ArtifactProgram["wasm"] = null;
  if (wasm !== null) {
    const { simd, relaxed } = wasm.executable.modules;
    const { bytes, relaxed: range } = wasmFile(simd, relaxed);
    wasmSection = { section: `${file}.wasm`, relaxed: range };
    sections.set(wasmSection.section, bytes);
  }
  const captures = captured.map((array) => weights.captured(array));
  const wasmConstants = wasm === null ? [] : constants(wasm.assembled.program);
  if (webgpu !== null) {
    sections.set(`${file}.wgsl.json`, webGpuFile(webgpu.executable, constants(webgpu.assembled.program)));
  }
  const signatures = [wasm?.executable.interface, webgpu?.executable.interface];
  const [{ aliases, tempBytes }] = signatures.filter((each) => each !== undefined);
  return {
    sizes,
    inputs: entry.avals.map(strong),
    outputs: outAvals.map(strong),
    weights: captures,
    aliases,
    tempBytes,
    constantBytes: wasm?.assembled.program.constants.length ?? 0,
    constants: wasmConstants,
    wasm: wasmSection,
    webgpu: webgpu === null ? null : { section: `${file}.wgsl.json` },
  };
}

/** `.b8.t32`, for files of one size each. */
function sizeSuffix(sizes: SizeChoice): string {
  return Object.entries(sizes)
    .map(([name, n]) => `.${name}${n}`)
    .join("");
}

function constantsOf({ buffers, constants }: Program): (Omit<NamedTensor, "name"> & { offset: number })[] {
  return buffers
    .filter(({ kind }) => kind === "constant")
    .map(({ dtype, shape, offset, bytes }) => ({
      dtype,
      shape,
      offset,
      bytes: constants.subarray(offset, offset + bytes),
    }));
}

function parametersOf({ entry }: Stages<AnyFunction>, options: BuildOptions): ArtifactParameter[] {
  const { leaves: given } = flatten(options.args.filter((_, i) => entry.argumentTrees[i] !== null));
  const texts = entry.avals.map((aval, i) => {
    const spec = given[i];
    // Weak types do not matter any more: the function's types are decided.
    return leafText(spec instanceof SymbolicSpec ? spec : new ShapeDtypeStruct(avalOf(aval.type)));
  });
  const leaves = texts.values();
  const taken = new Set<string>();
  let at = 0;
  return entry.argumentTrees.flatMap((tree, i) => {
    if (tree === null) return [];
    const donated = entry.donated !== null && tree.leaves > 0 && entry.donated[at];
    at += tree.leaves;
    let name = options.parameterNames[i] ?? `arg${i}`;
    while (taken.has(name)) name += "_";
    taken.add(name);
    return [{ name, tree: treeSpec(tree, leaves), donated }];
  });
}

function resultsOf(specialisations: readonly Specialisation[], options: BuildOptions): Manifest["results"] {
  const { outTree } = specialisations[0].stages;
  const observations = [...specialisations, ...(options.probes ?? [])].map(({ sizes, stages }) => ({
    sizes,
    types: stages.outAvals.map((aval) => new ShapeDtypeStruct(aval)),
  }));
  const types: AnySpec[] = generalise(observations);
  if (options.pad) {
    const open = types.find(({ shape }) => shape.some((extent) => extent === "?"));
    if (open !== undefined) {
      throw new WeftValueError(
        `pad: a result is ${leafText(open)}, where an extent depends on the sizes without being one of them, so it cannot be cut back`,
      );
    }
  }
  return treeSpec(outTree, types.map(leafText).values());
}

/** Captured arrays and constants of all programs, each once. */
class WeightTable {
  readonly #tensors = new Map<string, NamedTensor>();
  readonly #captured = new Map<NdArray, string>();
  readonly #bySum = new Map<number, string[]>();
  readonly #nameOf: (array: NdArray) => string | null;

  constructor(nameOf: (array: NdArray) => string | null) {
    this.#nameOf = nameOf;
  }

  get size(): number {
    return this.#tensors.size;
  }

  tensors(): NamedTensor[] {
    return [...this.#tensors.values()];
  }

  /** The name of an array that the function uses. */
  captured(array: NdArray): string {
    let name = this.#captured.get(array);
    if (name === undefined) {
      if (!(array instanceof ConcreteArray)) throw new WeftTypeError("a captured array has no values");
      const { dtype, shape } = array;
      const bytes = array.storage().bytes().slice();
      name = this.#add({ dtype, shape, bytes }, this.#nameOf(array) ?? "weight");
      this.#captured.set(array, name);
    }
    return name;
  }

  /** The name of a constant of the program. */
  constant(tensor: Omit<NamedTensor, "name">): string {
    return this.#add(tensor, "constant");
  }

  #add(tensor: Omit<NamedTensor, "name">, wanted: string): string {
    const sum = crc32(tensor.bytes);
    const alike = this.#bySum.get(sum) ?? [];
    const same = alike.find((name) => {
      const other = this.#tensors.get(name);
      return (
        other !== undefined &&
        other.dtype === tensor.dtype &&
        other.shape.join() === tensor.shape.join() &&
        other.bytes.every((x, i) => x === tensor.bytes[i])
      );
    });
    if (same !== undefined) return same;
    const numbered = wanted === "weight" || wanted === "constant";
    let name = numbered ? `${wanted}0` : wanted;
    for (let n = 1; this.#tensors.has(name); n++) name = `${wanted}${numbered ? "" : "_"}${n}`;
    this.#tensors.set(name, { ...tensor, name });
    this.#bySum.set(sum, [...alike, name]);
    return name;
  }
}

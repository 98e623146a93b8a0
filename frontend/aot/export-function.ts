/** `exportFunction(f)(spec…)`: compiles a function ahead of time (`jax.export.export`). */
import type { CompileObserver } from "../../compiler/pass-runner.ts";
import { type Artifact, leavesOf } from "../../compiler/program/artifact.ts";
import type { NdArray } from "../core/array.ts";
import { WeftValueError } from "../core/errors.ts";
import { vjp } from "../transforms/gradient.ts";
import { type JitFunction, jit } from "../transforms/jit.ts";
import { parameterNames } from "../transforms/parameter-names.ts";
import type { Stages } from "../transforms/stages.ts";
import { type AnyFunction, applyFunction, type SymbolicArguments } from "../transforms/types.ts";
import {
  buildArtifact,
  describeSections,
  EXPORT_TARGETS,
  type ExportTarget,
  type Specialisation,
} from "./build.ts";
import { Exported } from "./exported.ts";
import { argumentsAt, type SizeChoice, type Sizes, sizeChoices } from "./sizes.ts";
import { plainTree, specOfLeaf } from "./tree-spec.ts";

export interface ExportOptions {
  /** What the names in symbolic shapes stand for: `{ b: [1, 8, 32] }`. A program is compiled for each combination. */
  readonly sizes?: Sizes;
  /**
   * A call of a size in between is filled up with zeros to the next larger one, and its results are cut back. For functions
   * that treat what lies along that axis apart: a batch, not a sequence that is summed over.
   */
  readonly pad?: boolean;
  /**
   * What it is compiled for: WebAssembly, WebGPU, or both. For WebGPU it is compiled for the least limits that every
   * adapter grants. Default `wasm`.
   */
  readonly target?: ExportTarget;
  /** How often the exported function can be differentiated in reverse mode, by `vjp()`. Default 0. */
  readonly vjpOrder?: number;
  /** What it is called; by default as the function. */
  readonly name?: string;
  /** Names of the arrays that the function uses, in the file of weights. */
  readonly nameOf?: (array: NdArray) => string | null;
  /** Sees the compilation of each program: dumps. */
  readonly observe?: (stages: Stages<AnyFunction>) => CompileObserver | null;
}

/**
 * Compiles `f`, a function or what `jit` returned, for arguments like these: arrays, or specs of them. Static arguments are
 * compiled in and are none of the exported function's.
 *
 *     const predict = exportFunction(model, { sizes: { b: [1, 8, 32] } })(spec(["b", 784]));
 *     writeFileSync("predict.weft", predict.serialize());
 */
export function exportFunction<F extends AnyFunction>(
  f: F,
  options: ExportOptions = {},
): (...args: SymbolicArguments<Parameters<F>>) => Exported<F> {
  const jitted = isJitted(f) ? f : jit(f);
  const names = isJitted(f) ? [] : parameterNames(f);
  return (...args) => exportJitted<F>(jitted, args, names, options);
}

/** Whether it is what `jit` returns. */
function isJitted(f: AnyFunction): f is JitFunction<AnyFunction> {
  return "trace" in f && typeof f.trace === "function";
}

function exportJitted<F extends AnyFunction>(
  f: JitFunction<AnyFunction>,
  args: readonly unknown[],
  names: readonly (string | null)[],
  options: ExportOptions,
): Exported<F> {
  const { vjpOrder = 0 } = options;
  const trace: Tracing = (at) => Reflect.apply(f.trace, undefined, at);
  const { artifact } = exportTraced(trace, args, names, options);
  if (vjpOrder <= 0) return new Exported<F>(artifact);
  const derivative = exportVjp(f, trace, args, artifact, { ...options, vjpOrder: vjpOrder - 1 });
  const name = `${artifact.manifest.name}.vjp.weft`;
  const sections = new Map([...artifact.sections, [name, derivative.serialize()]]);
  const manifest = { ...artifact.manifest, vjp: name, sections: describeSections(sections) };
  return new Exported<F>({ manifest, sections });
}

/** Traces for concrete arguments. */
export type Tracing = (args: readonly unknown[]) => Stages<AnyFunction>;

/** Exports what `trace` gives for arguments of each size. `names`: of the parameters, where `trace` does not know them. */
export function exportTraced(
  trace: Tracing,
  args: readonly unknown[],
  names: readonly (string | null)[],
  options: Omit<ExportOptions, "vjpOrder">,
): Exported {
  const { sizes = {}, pad = false, target = "wasm", name, nameOf, observe } = options;
  if (!EXPORT_TARGETS.includes(target)) {
    throw new WeftValueError(`target is one of ${EXPORT_TARGETS.join(", ")}, got ${String(target)}`);
  }
  const choices = sizeChoices(args, sizes);
  if (pad && Object.keys(sizes).length === 0) {
    throw new WeftValueError(
      'pad is for shapes that name a size: spec(["b", 784]) with { sizes: { b: [8, 32] } }',
    );
  }
  const at = (choice: SizeChoice): Specialisation => ({
    sizes: choice,
    stages: trace(argumentsAt(args, choice)),
  });
  const specialisations = choices.map(at);
  const [{ stages }] = specialisations;
  return new Exported(
    buildArtifact(specialisations, {
      args,
      parameterNames: names.length > 0 ? names : stages.callee.parameters,
      pad,
      target,
      probes: probesFor(choices[0], sizes, at),
      ...(name === undefined ? {} : { name }),
      ...(nameOf === undefined ? {} : { nameOf }),
      ...(observe === undefined ? {} : { observe }),
    }),
  );
}

/** The function (arguments…, cotangents) → cotangents of the arguments. Static arguments are compiled in. */
function exportVjp(
  f: AnyFunction,
  trace: Tracing,
  args: readonly unknown[],
  { manifest }: Artifact,
  options: ExportOptions,
): Exported {
  const { name, parameters, results, programs } = manifest;
  if (leavesOf(results).some(({ type }) => type.includes("?"))) {
    throw new WeftValueError(
      "vjpOrder: an extent of a result depends on the sizes without being one of them",
    );
  }
  const { entry } = trace(argumentsAt(args, programs[0].sizes));
  const isDynamic = args.map((_, i) => entry.argumentTrees[i] !== null);
  const pullback = (...given: NdArray[]): unknown => {
    const primal = (...values: NdArray[]): NdArray => {
      const dynamic = values.values();
      const all = args.map((x, i) => (isDynamic[i] ? dynamic.next().value : x));
      return applyFunction(f, all) as NdArray;
    };
    const [, pull] = vjp(primal, given.slice(0, -1));
    return pull(given[given.length - 1]);
  };
  const specs = [...args.filter((_, i) => isDynamic[i]), plainTree(results, specOfLeaf)];
  const names = [...parameters.map((parameter) => parameter.name), "cotangents"];
  const named = { ...options, name: `${name}_vjp` };
  return exportJitted(jit(pullback, { name: named.name }), specs, names, named);
}

/** Traces with another value of each size that has only one, to see what depends on it. Not every function takes them. */
function probesFor(
  first: SizeChoice,
  sizes: Sizes,
  at: (choice: SizeChoice) => Specialisation,
): Specialisation[] {
  return Object.keys(sizes)
    .filter((name) => new Set(sizes[name]).size === 1)
    .flatMap((name) => {
      try {
        return [at({ ...first, [name]: first[name] + 1 })];
      } catch {
        return [];
      }
    });
}

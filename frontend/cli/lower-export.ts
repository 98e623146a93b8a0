/** From an exported function and arguments to a traced graph. */
import { NdArray } from "../core/array.ts";
import { ShapeDtypeStruct, SymbolicSpec } from "../core/spec.ts";
import { type JitFunction, jit } from "../transforms/jit.ts";
import { parameterNames } from "../transforms/parameter-names.ts";
import type { Lowered } from "../transforms/stages.ts";
import type { AnyFunction } from "../transforms/types.ts";
import { flatten } from "../tree/tree.ts";
import { type ChosenExport, isJitted } from "./exports.ts";

/** Traces the function. */
export function lowerExport(chosen: ChosenExport, args: readonly unknown[]): Lowered<AnyFunction> {
  const { jitted, passed } = jitExport(chosen, args);
  return Reflect.apply(jitted.lower, undefined, passed);
}

/**
 * The function as `jit` has it, and the arguments as it takes them. What `jit` returned decides itself what is static; of
 * another function every argument without an array in it is: `50`, `"relu"`, `{ epochs: 50 }`.
 */
export function jitExport({ name, value }: ChosenExport, args: readonly unknown[]): JittedExport {
  if (isJitted(value)) return { jitted: value, passed: args, parameterNames: [] };
  const staticArgnums = args.flatMap((x, i) => (holdsArray(x) ? [] : [i]));
  const passed = args.map((x, i) => (staticArgnums.includes(i) && isTree(x) ? new FixedArgument(x) : x));
  const f = passed.some((x) => x instanceof FixedArgument) ? unwrapping(value) : value;
  const named = value.name !== "" && value.name !== "default" ? value.name : name;
  return { jitted: jit(f, { staticArgnums, name: named }), passed, parameterNames: parameterNames(value) };
}

export interface JittedExport {
  readonly jitted: JitFunction<AnyFunction>;
  readonly passed: readonly unknown[];
  /** Where `jitted` does not know them. */
  readonly parameterNames: readonly (string | null)[];
}

/** jit takes plain objects and lists for trees of arrays: as a static argument they need a class. */
class FixedArgument {
  constructor(readonly value: unknown) {}

  equals(other: unknown): boolean {
    return other === this;
  }
  hash(): number {
    return 0;
  }
}

function unwrapping(f: AnyFunction): AnyFunction {
  return (...args: readonly unknown[]) =>
    Reflect.apply(
      f,
      undefined,
      args.map((x) => (x instanceof FixedArgument ? x.value : x)),
    );
}

function isTree(x: unknown): boolean {
  return typeof x === "object" && x !== null;
}

function holdsArray(x: unknown): boolean {
  return flatten(x).leaves.some(
    (leaf) =>
      leaf instanceof NdArray ||
      leaf instanceof ShapeDtypeStruct ||
      leaf instanceof SymbolicSpec ||
      ArrayBuffer.isView(leaf),
  );
}

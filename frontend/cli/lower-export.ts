/** From an exported function and arguments to a traced graph. */
import { NdArray } from "../core/array.ts";
import { ShapeDtypeStruct } from "../core/spec.ts";
import { jit } from "../transforms/jit.ts";
import type { Lowered } from "../transforms/stages.ts";
import type { AnyFunction } from "../transforms/types.ts";
import { flatten } from "../tree/tree.ts";
import { type ChosenExport, isJitted } from "./exports.ts";

/**
 * Traces the function. What `jit` returned decides itself what is static; of another function every argument without
 * an array in it is: `50`, `"relu"`, `{ epochs: 50 }`.
 */
export function lowerExport({ name, value }: ChosenExport, args: readonly unknown[]): Lowered<AnyFunction> {
  if (isJitted(value)) return lowerWith(value.lower, args);
  const staticArgnums = args.flatMap((x, i) => (holdsArray(x) ? [] : [i]));
  const passed = args.map((x, i) => (staticArgnums.includes(i) && isTree(x) ? new FixedArgument(x) : x));
  const f = passed.some((x) => x instanceof FixedArgument) ? unwrapping(value) : value;
  const named = value.name !== "" && value.name !== "default" ? value.name : name;
  return lowerWith(jit(f, { staticArgnums, name: named }).lower, passed);
}

function lowerWith(lower: AnyFunction, args: readonly unknown[]): Lowered<AnyFunction> {
  return Reflect.apply(lower, undefined, args);
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
    (leaf) => leaf instanceof NdArray || leaf instanceof ShapeDtypeStruct || ArrayBuffer.isView(leaf),
  );
}

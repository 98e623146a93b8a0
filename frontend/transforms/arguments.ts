/** Arguments of transformed functions: leaves, their abstract values, and what they are called in messages. */

import type { SourceRef } from "../../compiler/types/source.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import { bytesOfTypedArray, dtypeOfTypedArray } from "../../runtime/typed-array.ts";
import { NdArray } from "../core/array.ts";
import type { ShapedArray } from "../core/aval.ts";
import { arrayFromBytes } from "../core/concrete-array.ts";
import { describeValue } from "../core/describe.ts";
import { WeftTypeError, WeftValueError } from "../core/errors.ts";
import { captureSource, describeFunction } from "../core/source.ts";
import { ShapeDtypeStruct, SymbolicSpec } from "../core/spec.ts";
import { asArray, type TracedFunction } from "../core/trace.ts";
import { formatPath, type KeyPath } from "../tree/treedef.ts";
import { parameterNames } from "./parameter-names.ts";
import type { AnyFunction } from "./types.ts";

/** The function as messages name it, and its parameters' names. */
export interface Callee extends TracedFunction {
  readonly parameters: readonly (string | null)[];
}

/** Describes a user's function given to a transformation. Captures the user's line: call it from the transformation. */
export function describeCallee(f: AnyFunction, name?: string): Callee {
  if (typeof f !== "function") {
    throw new WeftTypeError(`Expected a callable value, got ${describeValue(f)}`, captureSource());
  }
  return new DescribedFunction(f, name ?? (f.name === "" ? "<lambda>" : f.name), captureSource());
}

class DescribedFunction implements Callee {
  #parameters: readonly (string | null)[] | null = null;

  constructor(
    private readonly f: AnyFunction,
    readonly name: string,
    readonly source: SourceRef,
  ) {}

  /** Read off the function's text when somebody asks: messages do, and names of inputs. */
  get parameters(): readonly (string | null)[] {
    this.#parameters ??= parameterNames(this.f);
    return this.#parameters;
  }
}

/** `w`, `params.layers[1].w`; `args[0].w` where the parameter's name is unknown. */
export function argumentPath(callee: Callee, argument: number, path: KeyPath): string {
  return `${callee.parameters[argument] ?? `args[${argument}]`}${formatPath(path)}`;
}

/** A name for a graph input: `params_layers_1_w`. */
export function inputHint(callee: Callee, argument: number, path: KeyPath): string | null {
  const name = callee.parameters[argument];
  return name === undefined || name === null
    ? pathHint(path)
    : sanitise([name, ...pathParts(path)].join("_"));
}

/** A name from a path alone, where it has a field in it: `layers_1_w`. */
export function pathHint(path: KeyPath): string | null {
  const named = path.some((key) => key.kind === "field");
  return named ? sanitise(pathParts(path).join("_")) : null;
}

function pathParts(path: KeyPath): string[] {
  return path.map((key) => (key.kind === "index" ? `${key.index}` : key.name));
}

function sanitise(text: string): string | null {
  const clean = text.replace(/[^A-Za-z0-9_]/g, "_");
  return /^[A-Za-z_]/.test(clean) ? clean : `_${clean}`;
}

function isTypedArray(x: unknown): x is TypedArray {
  return (
    ArrayBuffer.isView(x) &&
    !(x instanceof DataView) &&
    !(x instanceof BigInt64Array) &&
    !(x instanceof BigUint64Array)
  );
}

/** A leaf of the arguments as an array; numbers are weakly typed scalars, typed arrays are copied. Null: not an array. */
export function leafArray(x: unknown): NdArray | null {
  if (x instanceof NdArray) return x;
  if (typeof x === "number" || typeof x === "boolean") return asArray(x);
  if (isTypedArray(x)) {
    return arrayFromBytes(bytesOfTypedArray(x), tensorType(dtypeOfTypedArray(x), [x.length]));
  }
  return null;
}

/** The array at a leaf of the arguments. Throws JAX's TypeError for what is none. */
export function argumentArray(
  callee: Callee,
  kind: string,
  argument: number,
  path: KeyPath,
  x: unknown,
): NdArray {
  const array = leafArray(x);
  if (array === null) throw notAnArray(callee, kind, argument, path, x);
  return array;
}

/** The abstract value of a leaf: of an array, a number or a ShapeDtypeStruct. */
export function argumentAval(
  callee: Callee,
  kind: string,
  argument: number,
  path: KeyPath,
  x: unknown,
): ShapedArray {
  if (x instanceof ShapeDtypeStruct) return x.aval;
  return argumentArray(callee, kind, argument, path, x).aval;
}

function notAnArray(
  callee: Callee,
  kind: string,
  argument: number,
  path: KeyPath,
  x: unknown,
): WeftTypeError {
  const hint =
    x instanceof SymbolicSpec
      ? " Names in shapes are for exportFunction and `weft compile`, which are told the sizes."
      : kind === "jit"
        ? " This typically means that a jit-wrapped function was called with a non-array argument, and this argument was " +
          "not marked as static using the staticArgnums option of jit."
        : "";
  return new WeftTypeError(
    `Error interpreting argument to ${describeFunction(callee.name, callee.source)} as an abstract array. ` +
      `The problematic value is ${describeValue(x)} and was passed to the function at path ` +
      `args[${argument}]${formatPath(path)}.${hint}`,
    captureSource(),
  );
}

/** Non-negative argument numbers. Throws WeftValueError for one that the function was not called with. */
export function resolveArgnums(
  argnums: readonly number[],
  count: number,
  option: string,
  callee: Callee,
): number[] {
  return argnums.map((n) => {
    const at = n < 0 ? n + count : n;
    if (!Number.isInteger(n) || at < 0 || at >= count) {
      throw new WeftValueError(
        `${option}=${argnums.length === 1 ? n : `[${argnums.join(", ")}]`} is out of range: ` +
          `${callee.name} was called with ${count} positional argument${count === 1 ? "" : "s"}`,
        captureSource(),
      );
    }
    return at;
  });
}

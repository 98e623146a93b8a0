/** Static arguments of jit: part of the cache key, by value or identity. */
import { NdArray } from "../core/array.ts";
import { describeValue } from "../core/describe.ts";
import { WeftValueError } from "../core/errors.ts";
import { captureSource } from "../core/source.ts";
import { isPlainObject } from "../tree/treedef.ts";
import type { Callee } from "./arguments.ts";

/** A class that defines when two of its instances are the same static argument. */
export interface Hashable {
  equals(other: unknown): boolean;
  hash(): number | string;
}

function isHashable(x: object): x is Hashable {
  return "equals" in x && typeof x.equals === "function" && "hash" in x && typeof x.hash === "function";
}

/** Whether two static arguments are the same: NaN is itself, 0 is not -0, functions and objects go by identity. */
export function sameStatic(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return false;
  return isHashable(a) && isHashable(b) && a.equals(b);
}

/** A text that equal static arguments share; unequal ones may share it too. */
export function staticKey(x: unknown): string {
  if (typeof x === "object" && x !== null) return isHashable(x) ? `h${x.hash()}` : "o";
  if (typeof x === "function") return `f${x.name}`;
  return Object.is(x, -0) ? "n-0" : `${typeof x}:${String(x)}`;
}

/** Throws JAX's ValueError for what has no identity to go by: a fresh object would compile anew at every call. */
export function checkStatic(callee: Callee, index: number, x: unknown): void {
  if (typeof x !== "object" || x === null || isHashable(x)) return;
  const mutable =
    Array.isArray(x) ||
    isPlainObject(x) ||
    x instanceof Map ||
    x instanceof Set ||
    ArrayBuffer.isView(x) ||
    x instanceof NdArray;
  if (!mutable) return;
  throw new WeftValueError(
    "Non-hashable static arguments are used in a jit function: " +
      `static argument (index ${index}) of type ${describeValue(x)} for function ${callee.name} is non-hashable. ` +
      "Pass a primitive, a function, or an instance of a class with equals() and hash(); " +
      (x instanceof NdArray ? "arrays are for dynamic arguments." : "or take it out of staticArgnums."),
    captureSource(),
  );
}

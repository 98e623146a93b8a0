/** Kinds of equation parameters at run time: what TypeScript knows of them, checkable on parsed and built graphs. */

import { isDType } from "../types/dtype.ts";
import { type Attribute, DeferredGraph, DenseTensor, Graph } from "./graph.ts";

export interface ParamKind {
  /** In words, for `axes must be a list of integers`. */
  readonly expected: string;
  /** In words, for a list of them. */
  readonly plural: string;
  /** Whether texts leave the parameter out where it is null. */
  readonly optional: boolean;
  accepts(a: Attribute): boolean;
}

function kind(expected: string, plural: string, accepts: (a: Attribute) => boolean): ParamKind {
  return { expected, plural, accepts, optional: false };
}

/** Any double, NaN and infinities included. */
export const number = kind("a number", "numbers", (a) => typeof a === "number");
export const integer = kind("an integer", "integers", (a) => Number.isSafeInteger(a));
/** An axis, an extent, a count. */
export const natural = kind(
  "a non-negative integer",
  "non-negative integers",
  (a) => Number.isSafeInteger(a) && Number(a) >= 0,
);
export const positive = kind(
  "a positive integer",
  "positive integers",
  (a) => Number.isSafeInteger(a) && Number(a) > 0,
);
export const boolean = kind("true or false", "booleans", (a) => typeof a === "boolean");
export const string = kind("a string", "strings", (a) => typeof a === "string");
export const dtype = kind('a dtype such as "float32"', "dtypes", (a) => typeof a === "string" && isDType(a));
export const graph = kind("a graph", "graphs", (a) => a instanceof Graph);
export const deferred = kind("a deferred graph", "deferred graphs", (a) => a instanceof DeferredGraph);
export const dense = kind("a dense tensor", "dense tensors", (a) => a instanceof DenseTensor);

export function oneOf(...values: readonly string[]): ParamKind {
  const words = values.map((v) => JSON.stringify(v)).join(" or ");
  return kind(words, words, (a) => typeof a === "string" && values.includes(a));
}

export function nullable(inner: ParamKind): ParamKind {
  const plural = `${inner.plural} or nulls`;
  return kind(`${inner.expected} or null`, plural, (a) => a === null || inner.accepts(a));
}

/** Null unless a text says otherwise, and then not printed. */
export function optional(inner: ParamKind): ParamKind {
  return { ...nullable(inner), optional: true };
}

export function listOf(inner: ParamKind): ParamKind {
  const accepts = (a: Attribute): boolean => isList(a) && a.every((item) => inner.accepts(item));
  return kind(`a list of ${inner.plural}`, `lists of ${inner.plural}`, accepts);
}

export function tuple(length: number, inner: ParamKind): ParamKind {
  const accepts = (a: Attribute): boolean =>
    isList(a) && a.length === length && a.every((item) => inner.accepts(item));
  return kind(`a list of ${length} ${inner.plural}`, `lists of ${length} ${inner.plural}`, accepts);
}

export function record(fields: Readonly<Record<string, ParamKind>>): ParamKind {
  const names = Object.keys(fields);
  const form = `{${names.map((name) => `${name}: ${fields[name].expected}`).join(", ")}}`;
  return kind(`a record ${form}`, `records ${form}`, (a) => {
    if (!isRecord(a) || Object.keys(a).length !== names.length) return false;
    return names.every((name) => Object.hasOwn(a, name) && fields[name].accepts(a[name]));
  });
}

/** Whether an attribute is a record, and no list, graph or tensor. */
export function isRecord(a: Attribute): a is { readonly [key: string]: Attribute } {
  return a !== null && typeof a === "object" && !isList(a) && !isNode(a);
}

/** Whether an attribute is a list (`Array.isArray` does not narrow read-only arrays). */
export function isList(a: Attribute): a is readonly Attribute[] {
  return Array.isArray(a);
}

function isNode(a: object): a is Graph | DenseTensor | DeferredGraph {
  return a instanceof Graph || a instanceof DenseTensor || a instanceof DeferredGraph;
}

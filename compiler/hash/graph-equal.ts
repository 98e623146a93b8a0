/** Structural equality of graphs: same equations over corresponding values; names, hints and sources ignored. */
import {
  type Attribute,
  DeferredGraph,
  DenseTensor,
  Graph,
  type Operand,
  type Value,
} from "../graph/graph.ts";
import { isList } from "../graph/param-kinds.ts";
import { sameType } from "../types/tensor-type.ts";

/**
 * Whether two graphs are equal up to the names of their values and their own names. Numbers compare as `Object.is`
 * does, constants by type and bytes, deferred graphs by their key. Linear time.
 */
export function equalGraphs(a: Graph, b: Graph): boolean {
  if (a === b) return true;
  if (
    a.inputs.length !== b.inputs.length ||
    a.equations.length !== b.equations.length ||
    a.outputs.length !== b.outputs.length
  ) {
    return false;
  }
  /** What each value of `a` corresponds to in `b`. Definitions stand in one order, so this is one to one. */
  const partner = new Map<Value, Value>();
  if (!pairAll(a.inputs, b.inputs, partner)) return false;
  for (let i = 0; i < a.equations.length; i++) {
    const x = a.equations[i];
    const y = b.equations[i];
    if (x.op !== y.op || !equalOperands(x.inputs, y.inputs, partner)) return false;
    if (x.params !== y.params && !equalRecords(x.params, y.params)) return false;
    if (!pairAll(x.outputs, y.outputs, partner)) return false;
  }
  return equalOperands(a.outputs, b.outputs, partner);
}

function pairAll(a: readonly Value[], b: readonly Value[], partner: Map<Value, Value>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (!sameType(a[i].type, b[i].type)) return false;
    partner.set(a[i], b[i]);
  }
  return true;
}

function equalOperands(
  a: readonly Operand[],
  b: readonly Operand[],
  partner: ReadonlyMap<Value, Value>,
): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const x = a[i];
    const y = b[i];
    if (x.kind === "literal") {
      if (y.kind !== "literal" || !sameType(x.type, y.type) || !Object.is(x.value, y.value)) return false;
    } else if (y.kind === "literal" || (partner.get(x) ?? x) !== y) {
      return false;
    }
  }
  return true;
}

type RecordAttribute = { readonly [key: string]: Attribute };

function equalRecords(a: RecordAttribute, b: RecordAttribute): boolean {
  let count = 0;
  for (const key in a) {
    if (!Object.hasOwn(b, key) || !equalAttributes(a[key], b[key])) return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}

export function equalAttributes(a: Attribute, b: Attribute): boolean {
  if (Object.is(a, b)) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (a instanceof Graph) return b instanceof Graph && equalGraphs(a, b);
  if (a instanceof DenseTensor) return b instanceof DenseTensor && equalDense(a, b);
  if (a instanceof DeferredGraph) return b instanceof DeferredGraph && a.key === b.key;
  if (b instanceof Graph || b instanceof DenseTensor || b instanceof DeferredGraph) return false;
  if (isList(a)) {
    if (!isList(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equalAttributes(a[i], b[i])) return false;
    return true;
  }
  return !isList(b) && equalRecords(a, b);
}

function equalDense(a: DenseTensor, b: DenseTensor): boolean {
  if (!sameType(a.type, b.type) || a.bytes.length !== b.bytes.length) return false;
  for (let i = 0; i < a.bytes.length; i++) if (a.bytes[i] !== b.bytes[i]) return false;
  return true;
}

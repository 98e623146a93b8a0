/**
 * Structural hash of graphs: equal for graphs that `equalGraphs`, so it does not see names, hints and sources. A
 * compile cache looks up by this and decides by `equalGraphs`.
 */
import {
  type Attribute,
  DeferredGraph,
  DenseTensor,
  Graph,
  type Operand,
  type Value,
} from "../graph/graph.ts";
import { isList } from "../graph/param-kinds.ts";
import { DTYPES } from "../types/dtype.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { Hasher } from "./hasher.ts";

/** Declared caches: hashes of immutable objects, kept as long as these live. */
const graphHashes = new WeakMap<Graph, number>();
const denseHashes = new WeakMap<DenseTensor, number>();
/** Declared cache: a number for the identity of a deferred graph's key. */
const keyNumbers = new WeakMap<object, number>();
let nextKeyNumber = 1;

/** Declared cache, bounded by the number of operations and parameter names. */
const wordHashes = new Map<string, number>();
const WORD_LIMIT = 4096;

const DTYPE_NUMBER: ReadonlyMap<string, number> = new Map(DTYPES.map((d, i) => [d, i]));

/** An integer of 53 bits, invariant under renaming. Linear time; graphs and constants are hashed once. */
export function hashGraph(graph: Graph): number {
  const known = graphHashes.get(graph);
  if (known !== undefined) return known;
  const hash = computeHash(graph);
  graphHashes.set(graph, hash);
  return hash;
}

/** As `hashGraph`, of one parameter. */
export function hashOfAttribute(a: Attribute): number {
  const h = new Hasher();
  hashAttribute(h, a);
  return h.finish();
}

function computeHash(graph: Graph): number {
  const h = new Hasher();
  const numbers = new Map<Value, number>();
  h.int(graph.inputs.length);
  for (const input of graph.inputs) {
    numbers.set(input, numbers.size);
    hashType(h, input.type);
  }
  for (const equation of graph.equations) {
    h.int(wordHash(equation.op));
    h.int(equation.inputs.length);
    for (const x of equation.inputs) hashOperand(h, x, numbers);
    hashRecord(h, equation.params);
    h.int(equation.outputs.length);
    for (const output of equation.outputs) {
      numbers.set(output, numbers.size);
      hashType(h, output.type);
    }
  }
  h.int(graph.outputs.length);
  for (const x of graph.outputs) hashOperand(h, x, numbers);
  return h.finish();
}

function hashType(h: Hasher, type: TensorType): void {
  h.int((DTYPE_NUMBER.get(type.dtype) ?? 0) * 64 + type.shape.length);
  for (const extent of type.shape) h.double(extent);
}

function hashOperand(h: Hasher, x: Operand, numbers: ReadonlyMap<Value, number>): void {
  if (x.kind === "literal") {
    h.int(-2);
    hashType(h, x.type);
    h.double(x.value);
  } else {
    h.int(numbers.get(x) ?? -3);
  }
}

function wordHash(word: string): number {
  const known = wordHashes.get(word);
  if (known !== undefined) return known;
  const h = new Hasher();
  h.string(word);
  const hash = h.finish() | 0;
  if (wordHashes.size < WORD_LIMIT) wordHashes.set(word, hash);
  return hash;
}

/** The fields' hashes are added, so their order does not matter. */
function hashRecord(h: Hasher, record: { readonly [key: string]: Attribute }): void {
  let sum = 0;
  let count = 0;
  for (const key in record) {
    const field = new Hasher(wordHash(key));
    hashAttribute(field, record[key]);
    sum = (sum + field.finish()) | 0;
    count++;
  }
  h.int(count);
  h.int(sum);
}

function hashAttribute(h: Hasher, a: Attribute): void {
  switch (typeof a) {
    case "boolean":
      return h.int(a ? 11 : 12);
    case "number":
      h.int(13);
      return h.double(a);
    case "string":
      h.int(14);
      return h.string(a);
    default:
  }
  if (a === null) h.int(15);
  else if (a instanceof Graph) hashWide(h, 16, hashGraph(a));
  else if (a instanceof DenseTensor) hashWide(h, 17, hashDense(a));
  else if (a instanceof DeferredGraph) hashWide(h, 18, keyNumber(a.key));
  else if (isList(a)) {
    h.int(19);
    h.int(a.length);
    for (const item of a) hashAttribute(h, item);
  } else {
    h.int(20);
    hashRecord(h, a);
  }
}

function hashWide(h: Hasher, tag: number, hash: number): void {
  h.int(tag);
  h.int(hash | 0);
  h.int((hash / 4294967296) | 0);
}

function hashDense(tensor: DenseTensor): number {
  const known = denseHashes.get(tensor);
  if (known !== undefined) return known;
  const h = new Hasher();
  hashType(h, tensor.type);
  h.bytes(tensor.bytes);
  const hash = h.finish();
  denseHashes.set(tensor, hash);
  return hash;
}

function keyNumber(key: object): number {
  const known = keyNumbers.get(key);
  if (known !== undefined) return known;
  const number = nextKeyNumber++;
  keyNumbers.set(key, number);
  return number;
}

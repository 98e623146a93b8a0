/** Eager execution: one operation, or one closed graph, on concrete arrays. */
import type { Attribute, Graph, Operand, Params } from "../../compiler/graph/graph.ts";
import type { PrimitiveName } from "../../compiler/graph/names.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import type { TensorType } from "../../compiler/types/tensor-type.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import type { Storage } from "../../runtime/storage.ts";
import { avalOf } from "./aval.ts";
import { type Backend, currentBackend, type Executable } from "./backend.ts";
import { compiledGraphs } from "./compiled-cache.ts";
import { ConcreteArray, filledStorage } from "./concrete-array.ts";
import { emitUntyped } from "./emit.ts";

interface EagerEntry {
  readonly executable: Executable;
  readonly outputs: readonly TensorType[];
}

/** Declared cache: executables of single operations, by an injective text of operation, parameters and operand types. */
const operations = new Map<string, EagerEntry>();
const OPERATION_LIMIT = 4096;
let operationsBackend: Backend | null = null;

/** Runs one operation now. `weak[i]`: whether output i is weakly typed. */
export function dispatch(
  op: PrimitiveName,
  inputs: readonly ConcreteArray[],
  params: Params,
  weak: (output: number) => boolean,
): ConcreteArray[] {
  const entry = eagerEntry(op, inputs, params);
  // A value known to be one repeated number goes in as a scalar and is spread inside the kernel.
  const storages = new Array<Storage>(inputs.length);
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i];
    storages[i] = isSpread(x) ? spreadScalar(x) : x.storage();
  }
  const results = entry.executable.run(storages, null);
  for (let i = 0; i < inputs.length; i++) if (isSpread(inputs[i])) storages[i].release();
  return results.map((storage, i) => new ConcreteArray(avalOf(entry.outputs[i], weak(i)), storage));
}

/** Runs a closed graph now, compiled once per structure. */
export function runGraph(
  graph: Graph,
  inputs: readonly ConcreteArray[],
  weak: (output: number) => boolean,
): ConcreteArray[] {
  const executable = compiledGraphs.get(graph);
  const results = executable.run(inputs.map((x) => x.storage()));
  return wrapOutputs(graph, results, weak);
}

export function wrapOutputs(
  graph: Graph,
  storages: readonly Storage[],
  weak: (output: number) => boolean,
): ConcreteArray[] {
  return storages.map((storage, i) => new ConcreteArray(avalOf(graph.outputs[i].type, weak(i)), storage));
}

function isSpread(x: ConcreteArray): boolean {
  return x.buffer === null && x.size > 1;
}

function spreadScalar(x: ConcreteArray): Storage {
  x.checkAlive();
  return filledStorage(tensorType(x.dtype, []), x.fill ?? 0);
}

function eagerEntry(op: PrimitiveName, inputs: readonly ConcreteArray[], params: Params): EagerEntry {
  const backend = currentBackend();
  if (operationsBackend !== backend) {
    operations.clear();
    operationsBackend = backend;
  }
  let key: string | null = attributeText(params);
  if (key !== null) {
    for (const x of inputs) key += isSpread(x) ? `|~${x.aval.type.text}` : `|${x.aval.type.text}`;
    key = `${op}${key}`;
    const found = operations.get(key);
    if (found !== undefined) return found;
  }
  const builder = new GraphBuilder();
  const operands = inputs.map((x): Operand => {
    const { type } = x.aval;
    return isSpread(x)
      ? builder.splat(builder.input(tensorType(type.dtype, [])), type.shape)
      : builder.input(type);
  });
  const outputs = emitUntyped(builder, op, operands, params);
  const graph = builder.finish(op, outputs);
  const executable = key === null ? compiledGraphs.get(graph) : backend.compile(graph, null, "operation");
  const entry = { executable, outputs: outputs.map((x) => x.type) };
  if (key !== null) {
    if (operations.size >= OPERATION_LIMIT) {
      const oldest = operations.keys().next();
      if (!oldest.done) operations.delete(oldest.value);
    }
    operations.set(key, entry);
  }
  return entry;
}

/**
 * An injective text of plain parameters, or null where they hold graphs or data, which are compared structurally.
 * Numbers keep their sign of zero, NaN and infinities apart.
 */
function attributeText(a: Attribute): string | null {
  switch (typeof a) {
    case "number":
      return Object.is(a, -0) ? "-0" : `${a}`;
    case "string":
      return JSON.stringify(a);
    case "boolean":
      return a ? "T" : "F";
    default:
      break;
  }
  if (a === null) return "N";
  if (Array.isArray(a)) {
    let text = "[";
    for (const item of a) {
      const part = attributeText(item);
      if (part === null) return null;
      text += `${part},`;
    }
    return `${text}]`;
  }
  if (typeof a !== "object" || Object.getPrototypeOf(a) !== Object.prototype) return null;
  let text = "{";
  for (const [name, item] of Object.entries(a)) {
    const part = attributeText(item);
    if (part === null) return null;
    text += `${name}:${part},`;
  }
  return `${text}}`;
}

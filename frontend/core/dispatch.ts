/** Eager execution: one operation, or one closed graph, on concrete arrays. */
import type { Attribute, Graph, Operand, Params } from "../../compiler/graph/graph.ts";
import type { PrimitiveName } from "../../compiler/graph/names.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import type { ArrayStorage } from "../../runtime/array-storage.ts";
import { avalOf, formatType } from "./aval.ts";
import type { ConcreteArray } from "./concrete-array.ts";
import { accelerated, type Device, type Placement, placementOf, WebGpuDevice } from "./device.ts";
import { emitUntyped } from "./emit.ts";
import { type Engine, gpuEngine, type OperationEntry, wasmEngine } from "./engine.ts";

/** Runs one operation now. `weak[i]`: whether output i is weakly typed. */
export function dispatch(
  op: PrimitiveName,
  inputs: readonly ConcreteArray[],
  params: Params,
  weak: (output: number) => boolean,
): ConcreteArray[] {
  if (!accelerated()) return dispatchOn(wasmEngine, null, op, inputs, params, weak);
  const { device, committed } = placementFor(op, inputs);
  return device instanceof WebGpuDevice
    ? dispatchOn(gpuEngine(device), committed, op, inputs, params, weak)
    : dispatchOn(wasmEngine, committed, op, inputs, params, weak);
}

/** Runs a closed graph now, compiled once per structure. */
export function runGraph(
  graph: Graph,
  inputs: readonly ConcreteArray[],
  weak: (output: number) => boolean,
): ConcreteArray[] {
  if (!accelerated()) return runGraphOn(wasmEngine, null, graph, inputs, weak);
  const { device, committed } = placementFor(graph.name, inputs);
  return device instanceof WebGpuDevice
    ? runGraphOn(gpuEngine(device), committed, graph, inputs, weak)
    : runGraphOn(wasmEngine, committed, graph, inputs, weak);
}

function placementFor(name: string, inputs: readonly ConcreteArray[]): Placement {
  return placementOf(inputs, (i) => `argument ${i} of ${name} with shape ${formatType(inputs[i].aval.type)}`);
}

function dispatchOn<S extends ArrayStorage>(
  engine: Engine<S>,
  committed: Device | null,
  op: PrimitiveName,
  inputs: readonly ConcreteArray[],
  params: Params,
  weak: (output: number) => boolean,
): ConcreteArray[] {
  const entry = operationEntry(engine, op, inputs, params);
  // A value known to be one repeated number goes in as a scalar and is spread inside the kernel.
  const storages = new Array<S>(inputs.length);
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i];
    if (isSpread(x)) x.checkAlive();
    storages[i] = isSpread(x) ? engine.scalar(x.dtype, x.fill ?? 0) : engine.place(x);
  }
  const results = entry.executable.run(storages, null);
  for (let i = 0; i < inputs.length; i++) if (isSpread(inputs[i])) storages[i].release();
  return results.map((storage, i) => engine.wrap(avalOf(entry.outputs[i], weak(i)), storage, committed));
}

function runGraphOn<S extends ArrayStorage>(
  engine: Engine<S>,
  committed: Device | null,
  graph: Graph,
  inputs: readonly ConcreteArray[],
  weak: (output: number) => boolean,
): ConcreteArray[] {
  const executable = engine.graphs.get(graph, engine.backend());
  const results = executable.run(inputs.map((x) => engine.place(x)));
  return results.map((storage, i) => engine.wrap(avalOf(graph.outputs[i].type, weak(i)), storage, committed));
}

function isSpread(x: ConcreteArray): boolean {
  return x.fill !== null && x.buffer === null && x.gpu === null && x.size > 1;
}

function operationEntry<S extends ArrayStorage>(
  engine: Engine<S>,
  op: PrimitiveName,
  inputs: readonly ConcreteArray[],
  params: Params,
): OperationEntry<S> {
  let key: string | null = attributeText(params);
  if (key !== null) {
    for (const x of inputs) key += isSpread(x) ? `|~${x.aval.type.text}` : `|${x.aval.type.text}`;
    key = `${op}${key}`;
    const found = engine.operation(key);
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
  const backend = engine.backend();
  const executable =
    key === null ? engine.graphs.get(graph, backend) : backend.compile(graph, null, "operation");
  const entry = { executable, outputs: outputs.map((x) => x.type) };
  if (key !== null) engine.keepOperation(key, entry);
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

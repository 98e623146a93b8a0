/**
 * debugNans and debugInfs: a backend that looks at the results of everything it runs. Where a NaN comes out, the graph is
 * run again one operation at a time, and the first that made one is named with the user's line, as JAX does.
 *
 * A backend of its own, because caches are per backend: what runs without these settings is not touched by them.
 */
import type { Equation, Graph, Operand } from "../../compiler/graph/graph.ts";
import { calledGraph } from "../../compiler/graph/operations.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import { InternalError } from "../../compiler/types/errors.ts";
import type { SourceRef } from "../../compiler/types/source.ts";
import type { Storage } from "../../runtime/storage.ts";
import type { GpuStorage } from "../../runtime/webgpu/storage.ts";
import { avalOf } from "../core/aval.ts";
import type { Backend, Executable } from "../core/backend.ts";
import { ConcreteArray, constantArray } from "../core/concrete-array.ts";
import { emitUntyped } from "../core/emit.ts";
import type { Settings } from "./config.ts";
import { debugGpuBackend } from "./debug-gpu-backend.ts";
import { FloatingPointError, messageFor } from "./floating-point-error.ts";

/** `nan` or `inf` if an element is one and the settings look for it. */
function invalidIn(x: ConcreteArray, { debugNans, debugInfs }: Readonly<Settings>): "nan" | "inf" | null {
  if (!isFloating(x.dtype) || x.size === 0) return null;
  const data = x.fill === null ? x.dataSync() : [x.fill];
  for (let i = 0; i < data.length; i++) {
    if (debugNans && Number.isNaN(data[i])) return "nan";
    if (debugInfs && Math.abs(data[i]) === Infinity) return "inf";
  }
  return null;
}

class DebugBackend implements Backend {
  readonly onGpu = (inner: Backend<GpuStorage>): Backend<GpuStorage> => debugGpuBackend(inner, this.settings);

  constructor(
    /** What compiles and runs. */
    private readonly inner: Backend,
    private readonly settings: () => Readonly<Settings>,
  ) {}

  compile(...[graph, , purpose]: Parameters<Backend["compile"]>): Executable {
    // Nothing is donated: the inputs are needed again where a result is invalid.
    const executable = this.inner.compile(graph, null, purpose);
    return {
      compiled: executable.compiled,
      run: (inputs) => {
        const results = executable.run(inputs, null);
        this.#check(graph, inputs, results);
        return results;
      },
    };
  }

  #check(graph: Graph, inputs: readonly Storage[], results: readonly Storage[]): void {
    const settings = this.settings();
    for (const [i, storage] of results.entries()) {
      const output = new ConcreteArray(avalOf(graph.outputs[i].type), storage.retain());
      const invalid = invalidIn(output, settings);
      output.dispose();
      if (invalid === null) continue;
      for (const result of results) result.release();
      const arrays = graph.inputs.map((v, k) => new ConcreteArray(avalOf(v.type), inputs[k].retain()));
      const origin = this.#origin(graph, arrays);
      for (const array of arrays) array.dispose();
      throw origin ?? new FloatingPointError(messageFor(invalid, graph.name), null);
    }
  }

  /** The first operation of a graph, sub-graphs included, that makes an invalid value of the graph's inputs. */
  #origin(graph: Graph, inputs: readonly ConcreteArray[]): FloatingPointError | null {
    return this.#walk(graph, inputs, null).error;
  }

  #walk(
    graph: Graph,
    inputs: readonly ConcreteArray[],
    outer: SourceRef | null,
  ): { error: FloatingPointError | null; outputs: ConcreteArray[] } {
    const values = new Map<Operand, ConcreteArray>();
    for (const [i, v] of graph.inputs.entries()) values.set(v, inputs[i]);
    const arrayOf = (x: Operand): ConcreteArray => {
      if (x.kind === "literal") return constantArray(x.value, x.type);
      const found = values.get(x);
      if (found === undefined) throw new InternalError("a value before its equation");
      return found;
    };
    for (const equation of graph.equations) {
      const operands = equation.inputs.map(arrayOf);
      const source = equation.source ?? outer;
      const body = calledGraph(equation);
      let outputs: ConcreteArray[];
      if (body === null) {
        outputs = this.#runOne(equation, operands);
        for (const output of outputs) {
          const invalid = invalidIn(output, this.settings());
          if (invalid === null) continue;
          return { error: new FloatingPointError(messageFor(invalid, equation.op), source), outputs: [] };
        }
      } else {
        const inside = this.#walk(body, operands, source);
        if (inside.error !== null) return inside;
        outputs = inside.outputs;
      }
      for (const [i, v] of equation.outputs.entries()) values.set(v, outputs[i]);
    }
    return { error: null, outputs: graph.outputs.map(arrayOf) };
  }

  /** One equation by itself. */
  #runOne(equation: Equation, operands: readonly ConcreteArray[]): ConcreteArray[] {
    const builder = new GraphBuilder();
    const inputs = operands.map((x) => builder.input(x.aval.type));
    const results = emitUntyped(builder, equation.op, inputs, equation.params);
    const graph = builder.finish(equation.op, results);
    const executable = this.inner.compile(graph, null, "operation");
    const storages = executable.run(operands.map((x) => x.storage()));
    return storages.map((storage, i) => new ConcreteArray(avalOf(graph.outputs[i].type), storage));
  }
}

/** A backend that looks at the results of another's functions. `settings`: what it looks for, now. */
export function debugBackend(inner: Backend, settings: () => Readonly<Settings>): Backend {
  return new DebugBackend(inner, settings);
}

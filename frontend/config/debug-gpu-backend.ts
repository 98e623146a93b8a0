/**
 * debugNans and debugInfs on a GPU. Its results are known later, so a NaN is the error of reading the result that holds it, or
 * whatever is computed from that. As on Wasm, the graph is then run again one operation at a time.
 */
import type { Equation, Graph, Operand } from "../../compiler/graph/graph.ts";
import { calledGraph } from "../../compiler/graph/operations.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import type { DType } from "../../compiler/types/dtype.ts";
import { InternalError } from "../../compiler/types/errors.ts";
import type { SourceRef } from "../../compiler/types/source.ts";
import { captureSource, ERROR_DEPTH } from "../../compiler/types/stack.ts";
import { GpuStorage } from "../../runtime/webgpu/storage.ts";
import type { Backend } from "../core/backend.ts";
import { emitUntyped } from "../core/emit.ts";
import type { Settings } from "./config.ts";
import { FloatingPointError, messageFor } from "./floating-point-error.ts";

type Current = () => Readonly<Settings>;

export function debugGpuBackend(inner: Backend<GpuStorage>, settings: Current): Backend<GpuStorage> {
  return {
    compile(graph, _, purpose) {
      // Nothing is donated: the inputs are needed again where a result is invalid.
      const executable = inner.compile(graph, null, purpose);
      return {
        compiled: executable.compiled,
        run: (inputs) => {
          const results = executable.run(inputs, null);
          const search = new Search(inner, settings());
          search.watch(graph, inputs, results, captureSource(ERROR_DEPTH));
          return results;
        },
      };
    },
  };
}

/** What one call's results are looked at for. */
class Search {
  constructor(
    private readonly inner: Backend<GpuStorage>,
    private readonly settings: Readonly<Settings>,
  ) {}

  /** Gives the results the error of what is invalid in them, once the GPU has computed them. */
  watch(
    graph: Graph,
    inputs: readonly GpuStorage[],
    results: readonly GpuStorage[],
    caller: SourceRef,
  ): void {
    const held = [...inputs, ...results].map((storage) => storage.retain());
    // Reading a result waits for this look at it, which reads the same bytes without waiting.
    const settled = results.map(({ checked }) => checked);
    const found = results.map((storage, i) => this.#read(storage, graph.outputs[i].type.dtype));
    const look = async (): Promise<void> => {
      await Promise.all(settled);
      if (results.every(({ error }) => error === null)) {
        const invalid = (await Promise.all(found)).find((each) => each !== null) ?? null;
        if (invalid !== null) {
          const values = new Map<Operand, GpuStorage>(graph.inputs.map((v, k) => [v, inputs[k]]));
          const walked = await this.#walk(graph, values, null, held);
          const error = walked ?? new FloatingPointError(messageFor(invalid, graph.name), caller);
          for (const result of results) result.error = error;
        }
      }
    };
    const done = look()
      // Of the second run: the device is lost or out of memory, which reading the results tells.
      .catch(() => {})
      .then(() => {
        for (const storage of held) storage.release();
        for (const result of results) if (result.checked === done) result.checked = null;
      });
    for (const result of results) result.checked = done;
  }

  /** `nan` or `inf` if an element is one and the settings look for it. */
  async #read(storage: GpuStorage, dtype: DType): Promise<"nan" | "inf" | null> {
    if (dtype !== "float32" && dtype !== "float16") return null;
    // The same bytes under another name, whose error is nobody's.
    const bytes = await new GpuStorage(storage.device, storage.buffer, storage.byteLength)
      .read()
      .catch(() => null);
    if (bytes === null) return null;
    const [bits, infinity] =
      dtype === "float32"
        ? [new Uint32Array(bytes.buffer), 0x7f800000]
        : [new Uint16Array(bytes.buffer), 0x7c00];
    const magnitude = dtype === "float32" ? 0x7fffffff : 0x7fff;
    for (const each of bits) {
      const size = each & magnitude;
      if (this.settings.debugNans && size > infinity) return "nan";
      if (this.settings.debugInfs && size === infinity) return "inf";
    }
    return null;
  }

  /** The error of the first operation that makes an invalid value; sub-graphs included. What is made is added to `held`. */
  async #walk(
    graph: Graph,
    values: Map<Operand, GpuStorage>,
    outer: SourceRef | null,
    held: GpuStorage[],
  ): Promise<FloatingPointError | null> {
    for (const equation of graph.equations) {
      const source = equation.source ?? outer;
      const body = calledGraph(equation);
      if (body === null) {
        const outputs = this.#runOne(equation, values);
        held.push(...outputs);
        for (const [i, v] of equation.outputs.entries()) {
          values.set(v, outputs[i]);
          const invalid = await this.#read(outputs[i], v.type.dtype);
          if (invalid !== null) return new FloatingPointError(messageFor(invalid, equation.op), source);
        }
        continue;
      }
      const inside = new Map<Operand, GpuStorage>();
      for (const [i, v] of body.inputs.entries()) {
        const [storage] = this.#materialise(equation.inputs[i], values, held);
        inside.set(v, storage);
      }
      const error = await this.#walk(body, inside, source, held);
      if (error !== null) return error;
      for (const [i, v] of equation.outputs.entries()) {
        const [storage] = this.#materialise(body.outputs[i], inside, held);
        values.set(v, storage);
      }
    }
    return null;
  }

  /** The memory of an operand; a literal is computed into some. */
  #materialise(
    x: Operand,
    values: ReadonlyMap<Operand, GpuStorage>,
    held: GpuStorage[],
  ): readonly GpuStorage[] {
    if (x.kind !== "literal") return [memoryOf(x, values)];
    const graph = new GraphBuilder().finish("literal", [x]);
    const storages = this.inner.compile(graph, null, "operation").run([]);
    held.push(...storages);
    return storages;
  }

  /** One equation by itself. */
  #runOne(equation: Equation, values: ReadonlyMap<Operand, GpuStorage>): GpuStorage[] {
    const builder = new GraphBuilder();
    const storages: GpuStorage[] = [];
    const operands = equation.inputs.map((x) => {
      if (x.kind === "literal") return x;
      storages.push(memoryOf(x, values));
      return builder.input(x.type);
    });
    const results = emitUntyped(builder, equation.op, operands, equation.params);
    const graph = builder.finish(equation.op, results);
    return this.inner.compile(graph, null, "operation").run(storages);
  }
}

function memoryOf(x: Operand, values: ReadonlyMap<Operand, GpuStorage>): GpuStorage {
  const found = values.get(x);
  if (found === undefined) throw new InternalError("a value before its equation");
  return found;
}

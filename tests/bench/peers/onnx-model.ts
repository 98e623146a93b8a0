/** Builds ONNX models: nodes, constants and subgraphs, through the protocol buffers of the format. */
import { createRequire } from "node:module";
import type * as OnnxProto from "onnx-proto";
import type { Tensor } from "../workloads/tensor.ts";

const { onnx } = createRequire(import.meta.url)("onnx-proto") as typeof OnnxProto;

const OPSET = 20;
/** The version of the format that operator set 20 came with. */
const IR_VERSION = 9;
export const { DataType } = onnx.TensorProto;

type Attribute = number | string | readonly number[] | GraphBuilder | { readonly float: number };

/** One graph being written. Values are named by their producers. */
export class GraphBuilder {
  readonly #nodes: OnnxProto.onnx.INodeProto[] = [];
  readonly #constants: OnnxProto.onnx.ITensorProto[] = [];
  readonly #inputs: OnnxProto.onnx.IValueInfoProto[] = [];
  readonly #outputs: OnnxProto.onnx.IValueInfoProto[] = [];
  readonly #prefix: string;
  #count = 0;

  /** `prefix` keeps the names of a subgraph apart from those around it. */
  constructor(prefix = "") {
    this.#prefix = prefix;
  }

  input(
    name: string,
    shape: readonly number[],
    type: "float" | "int32" | "int64" | "bool" = "float",
  ): string {
    this.#inputs.push(value(this.#prefix + name, type, shape));
    return this.#prefix + name;
  }

  output(name: string, type: "float" | "bool" = "float"): void {
    this.#outputs.push(value(name, type, null));
  }

  /** A constant of the model; initializers of weights are packed once by the runtime. */
  constant(x: Tensor): string {
    const name = this.#fresh("constant");
    const { buffer, byteOffset, byteLength } = x.data;
    this.#constants.push({
      name,
      dims: [...x.shape],
      dataType: x.data instanceof Int32Array ? DataType.INT32 : DataType.FLOAT,
      rawData: new Uint8Array(buffer, byteOffset, byteLength),
    });
    return name;
  }

  scalar(x: number): string {
    return this.constant({ shape: [], data: new Float32Array([x]) });
  }

  /** Axes, shapes and counts are int64 in ONNX. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): string {
    const name = this.#fresh("integers");
    const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    this.#constants.push({ name, dims: [...shape], dataType: DataType.INT64, rawData });
    return name;
  }

  truth(): string {
    const name = this.#fresh("true");
    this.#constants.push({ name, dims: [], dataType: DataType.BOOL, rawData: new Uint8Array([1]) });
    return name;
  }

  node(opType: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}): string {
    return this.nodes(opType, inputs, 1, attributes)[0];
  }

  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Record<string, Attribute> = {},
  ): string[] {
    const names = Array.from({ length: outputs }, () => this.#fresh(opType));
    this.#nodes.push({
      opType,
      name: names[0],
      input: [...inputs],
      output: names,
      attribute: Object.entries(attributes).map(([name, given]) => attribute(name, given)),
    });
    return names;
  }

  graph(): OnnxProto.onnx.IGraphProto {
    return {
      name: `${this.#prefix}graph`,
      node: this.#nodes,
      initializer: this.#constants,
      input: this.#inputs,
      output: this.#outputs,
    };
  }

  model(): Uint8Array {
    return onnx.ModelProto.encode({
      irVersion: IR_VERSION,
      opsetImport: [{ domain: "", version: OPSET }],
      producerName: "weft-bench",
      graph: this.graph(),
    }).finish();
  }

  #fresh(name: string): string {
    return `${this.#prefix}${name}_${this.#count++}`;
  }
}

function value(
  name: string,
  type: "float" | "int32" | "int64" | "bool",
  shape: readonly number[] | null,
): OnnxProto.onnx.IValueInfoProto {
  const elemType = {
    float: DataType.FLOAT,
    int32: DataType.INT32,
    int64: DataType.INT64,
    bool: DataType.BOOL,
  }[type];
  const dims = shape === null ? {} : { shape: { dim: shape.map((dimValue) => ({ dimValue })) } };
  return { name, type: { tensorType: { elemType, ...dims } } };
}

function attribute(name: string, given: Attribute): OnnxProto.onnx.IAttributeProto {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof given === "number") return { name, type: AttributeType.INT, i: given };
  if (typeof given === "string") {
    return { name, type: AttributeType.STRING, s: new TextEncoder().encode(given) };
  }
  if (given instanceof GraphBuilder) return { name, type: AttributeType.GRAPH, g: given.graph() };
  if ("float" in given) return { name, type: AttributeType.FLOAT, f: given.float };
  return { name, type: AttributeType.INTS, ints: [...given] };
}

/**
 * Small sub-graphs for the generated tests of control flow. They are written equation by equation, types included:
 * a builder that infers them needs the table of primitives, which holds these declarations.
 */
import { DeferredGraph, Graph, Literal, type Operand, Value } from "../../graph/graph.ts";
import type { PrimitiveName } from "../../graph/names.ts";
import type { ScanParams, WhileParams } from "../../graph/operations.ts";
import type { TestCase } from "../../graph/primitive.ts";
import type { DType } from "../../types/dtype.ts";
import { type TensorType, tensorType } from "../../types/tensor-type.ts";

type Emit = (op: PrimitiveName, inputs: readonly Operand[], type?: TensorType) => Operand;

/** A graph of equations of one result, by default of the type of their first operand. */
function graph(
  name: string,
  types: readonly TensorType[],
  body: (emit: Emit, inputs: readonly Value[]) => readonly Operand[],
): Graph {
  const inputs = types.map((type) => new Value(type));
  const equations: Graph["equations"][number][] = [];
  const emit: Emit = (op, operands, type = operands[0].type) => {
    const output = new Value(type);
    equations.push({ op, inputs: operands, params: {}, outputs: [output], source: null });
    return output;
  };
  const outputs = body(emit, inputs);
  return new Graph(name, inputs, equations, outputs);
}

const F = (...shape: number[]): TensorType => tensorType("float64", shape);
const I = tensorType("int32", []);
const BOOL = tensorType("bool", []);
const one = new Literal(I, 1);

function spec(type: TensorType): { shape: readonly number[]; dtype: DType } {
  return { shape: type.shape, dtype: type.dtype };
}

/** w, i, c, x → i + 1, c·w + x, c·x: a const, a counter, a carry, a slice and a stacked result. */
function step(type: TensorType): Graph {
  return graph("step", [type, I, type, type], (emit, [w, i, c, x]) => [
    emit("add", [i, one]),
    emit("add", [emit("mul", [c, w]), x]),
    emit("mul", [c, x]),
  ]);
}

function scanCase(type: TensorType, length: number, reverse: boolean, unroll: number): TestCase<ScanParams> {
  return {
    inputs: [spec(type), spec(I), spec(type), { shape: [length, ...type.shape], dtype: type.dtype }],
    params: { body: step(type), numConsts: 1, numCarry: 2, length, reverse, unroll },
  };
}

export const scanCases: readonly TestCase<ScanParams>[] = [
  scanCase(F(), 5, false, 1),
  scanCase(F(3), 4, true, 1),
  scanCase(F(2, 3), 5, false, 2),
  scanCase(F(3), 0, false, 1),
];

/** Multiplies the carry by w until the counter reaches n. */
function whileCase(type: TensorType): TestCase<WhileParams> {
  return {
    inputs: [
      { shape: [], dtype: "int32", domain: [0, 4] },
      spec(type),
      { shape: [], dtype: "int32", domain: [0, 2] },
      spec(type),
    ],
    params: {
      cond: graph("below", [I, I, type], (emit, [n, i]) => [emit("lt", [i, n], BOOL)]),
      body: graph("step", [type, I, type], (emit, [w, i, c]) => [emit("add", [i, one]), emit("mul", [c, w])]),
      condConsts: 1,
      bodyConsts: 1,
    },
  };
}

export const whileCases: readonly TestCase<WhileParams>[] = [whileCase(F()), whileCase(F(5))];

function product(type: TensorType): Graph {
  return graph("product", [type, type], (emit, [x, y]) => [emit("mul", [x, emit("sin", [y])])]);
}

function condCase(
  type: TensorType,
  index: readonly [number, number],
): TestCase<{ branches: readonly Graph[] }> {
  return {
    inputs: [{ shape: [], dtype: "int32", domain: index }, spec(type), spec(type)],
    params: {
      branches: [
        product(type),
        graph("difference", [type, type], (emit, [x, y]) => [emit("sub", [x, y])]),
        graph("constant", [type, type], () => [new Literal(type, 2)]),
      ],
    },
  };
}

export const condCases: readonly TestCase<{ branches: readonly Graph[] }>[] = [
  condCase(F(), [0, 0]),
  condCase(F(3), [1, 1]),
  condCase(F(3), [2, 7]),
  condCase(F(2, 3), [-3, 0]),
];

const operands = [spec(F(3)), spec(F(3))];

export const callCases = [{ inputs: operands, params: { graph: product(F(3)), name: "product" } }];

export const checkpointCases = [{ inputs: operands, params: { graph: product(F(3)) } }];

/** x·sin(y) with its own rules, which are the true derivatives. */
export const customJvpCases = [
  {
    inputs: operands,
    params: {
      graph: product(F(3)),
      jvp: new DeferredGraph({}, () =>
        graph("product_rule", [F(3), F(3), F(3), F(3)], (emit, [x, y, dx, dy]) => {
          const s = emit("sin", [y]);
          const slope = emit("mul", [x, emit("cos", [y])]);
          return [emit("mul", [x, s]), emit("add", [emit("mul", [dx, s]), emit("mul", [dy, slope])])];
        }),
      ),
      name: "product",
    },
  },
];

export const customVjpCases = [
  {
    inputs: operands,
    params: {
      graph: product(F(3)),
      forward: new DeferredGraph({}, () =>
        graph("product_forward", [F(3), F(3)], (emit, [x, y]) => [emit("mul", [x, emit("sin", [y])]), x, y]),
      ),
      backward: new DeferredGraph({}, () =>
        graph("product_backward", [F(3), F(3), F(3)], (emit, [x, y, ct]) => [
          emit("mul", [ct, emit("sin", [y])]),
          emit("mul", [ct, emit("mul", [x, emit("cos", [y])])]),
        ]),
      ),
      name: "product",
    },
  },
];

/**
 * How an equation reads its operands, found by asking its `lower` rule with symbolic axes: the same rule that will
 * generate the code, so the analysis cannot disagree with it.
 */
import type { Equation, Operand, Params } from "../graph/graph.ts";
import type { Access, LowerContext } from "../graph/primitive.ts";
import type { Expr } from "../kernel/expr.ts";
import { sameIndex } from "../kernel/index-math.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { primitiveOf } from "../primitives/table.ts";
import { computeDType } from "../types/dtype.ts";
import { rowMajorStrides, type Shape, sizeOf } from "../types/tensor-type.ts";

export function contextOf(equation: Equation): LowerContext<Params> {
  return {
    params: equation.params,
    inputs: equation.inputs.map((x) => x.type),
    outputs: equation.outputs.map((v) => v.type),
  };
}

/** Row-major position of an index. */
export function linearise(index: readonly Expr[], shape: Shape): Expr {
  const strides = rowMajorStrides(shape);
  let at = s.int(0);
  for (const [axis, i] of index.entries()) {
    if (shape[axis] !== 1) at = s.add(at, s.mul(i, s.int(strides[axis])));
  }
  return at;
}

/** The index at a row-major position. */
export function delinearise(position: Expr, shape: Shape): Expr[] {
  const strides = rowMajorStrides(shape);
  return shape.map((extent, axis) => {
    if (extent === 1) return s.int(0);
    const quotient = strides[axis] === 1 ? position : s.div(position, s.int(strides[axis]));
    return axis === 0 ? quotient : s.rem(quotient, s.int(extent));
  });
}

export function symbolicIndex(shape: Shape, prefix: string): Expr[] {
  return shape.map((extent, axis) => s.axis({ name: `${prefix}${axis}`, extent, kind: "serial" }));
}

export interface OperandAccess {
  /** How many elements are read per iteration of the consumer. */
  readonly reads: number;
  /** Every read is at the consumer's own row-major output position. */
  readonly identity: boolean;
}

export interface AccessSummary {
  /** Iterations of the consumer: output elements times reduction domain. */
  readonly iterations: number;
  readonly operands: readonly OperandAccess[];
}

/** Access pattern of a map or reduce equation; null for the other kinds. */
export function summariseAccess(equation: Equation): AccessSummary | null {
  const { lower } = primitiveOf(equation.op);
  if (lower.kind !== "map" && lower.kind !== "reduce") return null;
  const out = equation.outputs[0].type;
  if (lower.kind === "map" && lower.elementwise) {
    return { iterations: out.size, operands: equation.inputs.map(() => ({ reads: 1, identity: true })) };
  }
  const context = contextOf(equation);
  const index = symbolicIndex(out.shape, "i");
  const position = linearise(index, out.shape);
  const reads = equation.inputs.map(() => 0);
  const identity = equation.inputs.map((x) => x.type.size === out.size);
  const accesses = equation.inputs.map((x, k) =>
    access(x, (at) => {
      reads[k]++;
      if (identity[k] && !sameIndex(linearise(at, x.type.shape), position)) identity[k] = false;
    }),
  );
  let iterations = out.size;
  if (lower.kind === "map") lower.element(s, accesses, index, context);
  else {
    const domain = lower.domain(context);
    iterations *= sizeOf(domain);
    lower.element(s, accesses, index, symbolicIndex(domain, "r"), context);
  }
  return {
    iterations,
    operands: equation.inputs.map((_, k) => ({ reads: reads[k], identity: identity[k] && reads[k] > 0 })),
  };
}

/** An access that reports its reads and yields an opaque value of the right dtype. */
function access(x: Operand, onRead: (index: readonly Expr[]) => void): Access {
  const dtype = computeDType(x.type.dtype);
  const read = (index: readonly Expr[]): Expr => {
    onRead(index);
    return { op: "local", dtype, local: { name: "probe", dtype } };
  };
  return Object.assign(read, { type: x.type });
}

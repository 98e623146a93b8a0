/** How often a contraction computes each element of an operand that is no more than an expression: once per packing. */
import { contextOf } from "../../fusion/access.ts";
import type { Equation } from "../../graph/graph.ts";
import type { Expr } from "../../kernel/expr.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { primitiveOf } from "../../primitives/table.ts";
import { DTYPE_INFO } from "../../types/dtype.ts";
import { rowMajorStrides } from "../../types/tensor-type.ts";
import { factorAxes, operandSource, product, resultStrides, type Source } from "./axes.ts";
import { type ContractionPlan, planContraction } from "./plan.ts";

/** Times each element of the operand is computed in the contraction's kernel; Infinity where it is once per product. */
export function timesPacked(equation: Equation, operand: number): number {
  const { lower } = primitiveOf(equation.op);
  if (lower.kind !== "reduce" || lower.contraction === undefined || (operand !== 0 && operand !== 1))
    return Infinity;
  const context = contextOf(equation);
  const contraction = lower.contraction(context);
  // Windows overlap: an element of an image is in several of them.
  const windowed = contraction.factors.some(({ coordinates }) =>
    coordinates.some(({ terms }) => terms.length > 1),
  );
  const [out] = equation.outputs;
  const strides = resultStrides(contraction, out.type.shape);
  if (windowed || strides === null || out.type.size === 0 || out.type.dtype === "bool") return Infinity;
  const [{ dtype }] = lower.accumulators(context);
  const sourceOf = (which: 0 | 1, computed: boolean): Source => {
    const { shape, size, dtype: stored } = equation.inputs[which].type;
    const steps = rowMajorStrides(shape);
    const buffer = { name: "x", dtype: stored, size, access: "read" } as const;
    const element = (index: readonly Expr[]): Expr =>
      s.load(
        buffer,
        index.reduce((sum, i, axis) => s.add(sum, s.mul(i, s.int(steps[axis]))), s.int(0)),
      );
    const source = operandSource(contraction, which, element);
    return computed && which === operand ? { ...source, strides: null } : source;
  };
  const planOf = (computed: boolean): ContractionPlan | null =>
    planContraction(
      contraction,
      { sources: [sourceOf(0, computed), sourceOf(1, computed)], out: strides },
      dtype,
    );
  const [plan, stored] = [planOf(true), planOf(false)];
  if (plan === null || stored === null) return Infinity;
  const own = factorAxes(contraction.factors[operand]);
  const others = (axes: readonly number[]): number =>
    product(
      contraction.extents,
      axes.filter((axis) => !own.has(axis)),
    );
  const batches = others(plan.batch);
  if (operand !== plan.rowsFactor) return plan.columnsPacked ? batches : Infinity;
  // Packing rows that could be read where they are costs more than storing them; integers may be packed in pairs.
  const packed = stored.rowsPacked || DTYPE_INFO[dtype].kind !== "float";
  if (!packed || !plan.rowsPacked) return Infinity;
  return plan.rowsPackedOnce ? batches : batches * plan.columnBlocks * others(plan.columnsOuter);
}

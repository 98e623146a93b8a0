/** gather: windows of the operand at indices given at run time (lax.gather). */
import type { GatherParams } from "../../graph/operations.ts";
import { definePrimitive } from "../../graph/primitive.ts";
import type { Expr } from "../../kernel/expr.ts";
import { computeDType, DTYPE_INFO, type DType } from "../../types/dtype.ts";
import { tensorType } from "../../types/tensor-type.ts";
import { knownOperand, noCost, onlyCotangent } from "../linear.ts";
import { reader, tabulate } from "../reference-tensors.ts";
import { checkArity } from "../typing.ts";
import { batchGather } from "./batch.ts";
import { GATHER_CASES } from "./cases.ts";
import { gatherOffsetAxes, gatherShape, otherAxes, scatterOfGather } from "./dimensions.ts";
import { clampedStart, startIndex } from "./starts.ts";

/** What mode "fill" puts where the window is out of bounds, as JAX chooses it. */
export function defaultFillValue(dtype: DType): number {
  const { kind, min, max } = DTYPE_INFO[dtype];
  if (kind === "float") return NaN;
  return kind === "int" ? min : max;
}

export const gather = definePrimitive<GatherParams>({
  name: "gather",
  infer(inputs, params) {
    checkArity("gather", inputs, 2);
    const [operand, indices] = inputs;
    return [tensorType(operand.dtype, gatherShape(operand, indices, params))];
  },
  evaluate([x, indices], p) {
    const { shape } = x.type;
    const type = tensorType(x.type.dtype, gatherShape(x.type, indices.type, p));
    const at = reader(x);
    const startAt = reader(indices);
    const offsetAxes = gatherOffsetAxes(p);
    const fill = p.fillValue ?? defaultFillValue(x.type.dtype);
    return [
      tabulate(type, (i) => {
        const vector = i.filter((_, axis) => !p.offsetDims.includes(axis));
        const index = shape.map(() => 0);
        let inBounds = true;
        for (const [k, axis] of p.startIndexMap.entries()) {
          const start = startAt([...vector, k]);
          const last = shape[axis] - p.sliceSizes[axis];
          if (start < 0 || start > last) inBounds = false;
          index[axis] = Math.min(Math.max(start, 0), last);
        }
        if (p.mode === "fill" && !inBounds) return fill;
        for (const [k, axis] of p.operandBatchingDims.entries()) {
          index[axis] = vector[p.startIndicesBatchingDims[k]];
        }
        for (const [k, axis] of offsetAxes.entries()) index[axis] += i[p.offsetDims[k]];
        return at(index);
      }),
    ];
  },
  jvp(b, [x, indices], [tangent], p) {
    const outputs = [b.one("gather", [x, indices], p)];
    if (tangent === null) return { outputs, tangents: [null] };
    return { outputs, tangents: [b.one("gather", [tangent, indices], { ...p, fillValue: 0 })] };
  },
  transpose(b, cotangents, [x, indices], p) {
    const starts = knownOperand("gather", indices);
    const inputs = [b.zeros(x.type), starts, onlyCotangent(cotangents)];
    return [b.one("scatter_add", inputs, scatterOfGather(p)), null];
  },
  batch: (b, inputs, dims, params) => batchGather(b, inputs, dims, params),
  lower: {
    kind: "map",
    cost: "cheap",
    element(s, [x, indices], i, { params: p }) {
      const { shape, dtype } = x.type;
      const fill = s.const(p.fillValue ?? defaultFillValue(dtype), computeDType(dtype));
      // A window of no elements comes from an empty operand at most; a fill value is all there can be.
      if (x.type.size === 0) return [fill];
      const vector = otherAxes(i.length, p.offsetDims).map((axis) => i[axis]);
      const index: Expr[] = shape.map(() => s.int(0));
      let inBounds = s.bool(true);
      for (const [k, axis] of p.startIndexMap.entries()) {
        const start = indices([...vector, s.int(k)]);
        const last = shape[axis] - p.sliceSizes[axis];
        if (p.mode === "fill") {
          index[axis] = startIndex(s, start);
          inBounds = s.and(inBounds, s.and(s.ge(index[axis], s.int(0)), s.le(index[axis], s.int(last))));
        } else {
          // XLA clamps in every mode: a broken promise must not read other tensors' memory.
          index[axis] = clampedStart(s, start, last);
        }
      }
      for (const [k, axis] of p.operandBatchingDims.entries()) {
        index[axis] = vector[p.startIndicesBatchingDims[k]];
      }
      for (const [k, axis] of gatherOffsetAxes(p).entries()) {
        index[axis] = s.add(index[axis], i[p.offsetDims[k]]);
      }
      return [p.mode === "fill" ? s.guard(inBounds, x(index), fill) : x(index)];
    },
  },
  cost: noCost,
  test: { order: 1, ulp: 0, cases: GATHER_CASES },
});

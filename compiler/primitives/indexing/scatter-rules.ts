/** Derivatives of the scatter family, after jax/_src/lax/slicing.py. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import type { ScatterParams } from "../../graph/operations.ts";
import { type Absent, type JvpRule, notLinear, type TransposeRule } from "../../graph/primitive.ts";
import { UnsupportedError } from "../../types/errors.ts";
import type { TensorType } from "../../types/tensor-type.ts";
import { instantiate, isLinear, knownOperand, onlyCotangent } from "../linear.ts";
import { gatherOfScatter, otherAxes } from "./dimensions.ts";

type Typed = { readonly type: TensorType };

/** `values` at the places each update is written to, 0 for dropped updates: of the updates' shape. */
function gatherUpdated(
  b: Builder,
  values: Operand,
  indices: Operand,
  updates: Typed,
  p: ScatterParams,
): Operand {
  return b.one("gather", [values, indices], gatherOfScatter(values.type.shape, updates.type.shape, p));
}

/** Scatter-add is linear in operand and updates together. */
export const scatterAddJvp: JvpRule<ScatterParams> = (
  b,
  [x, indices, updates],
  [xTangent, , updatesTangent],
  p,
) => {
  const outputs = [b.one("scatter_add", [x, indices, updates], p)];
  if (updatesTangent === null) return { outputs, tangents: [xTangent] };
  const operand = instantiate(b, xTangent, x);
  return { outputs, tangents: [b.one("scatter_add", [operand, indices, updatesTangent], p)] };
};

export const scatterAddTranspose: TransposeRule<ScatterParams> = (
  b,
  cotangents,
  [x, indices, updates],
  p,
) => {
  const ct = onlyCotangent(cotangents);
  const starts = knownOperand("scatter_add", indices);
  return [isLinear(x) ? ct : null, null, isLinear(updates) ? gatherUpdated(b, ct, starts, updates, p) : null];
};

const MUL_UNSUPPORTED =
  "scatter_mul gradients are only implemented if `uniqueIndices=true`: pass it where no element is updated twice.";

export const scatterMulJvp: JvpRule<ScatterParams> = (
  b,
  [x, indices, updates],
  [xTangent, , updatesTangent],
  p,
) => {
  const outputs = [b.one("scatter_mul", [x, indices, updates], p)];
  const byOperand = xTangent === null ? null : b.one("scatter_mul", [xTangent, indices, updates], p);
  if (updatesTangent === null) return { outputs, tangents: [byOperand] };
  if (!p.uniqueIndices) throw new UnsupportedError(MUL_UNSUPPORTED, b.source);
  const spread = b.one("scatter_add", [b.zeros(x.type), indices, updatesTangent], p);
  return { outputs, tangents: [b.addTangents(byOperand, b.mul(x, spread))] };
};

/** Linear in the operand or in the updates, not in both. */
export const scatterMulTranspose: TransposeRule<ScatterParams> = (
  b,
  cotangents,
  [x, indices, updates],
  p,
) => {
  const ct = onlyCotangent(cotangents);
  const starts = knownOperand("scatter_mul", indices);
  if (isLinear(x)) {
    const factors = knownOperand("scatter_mul", updates);
    return [b.one("scatter_mul", [ct, starts, factors], p), null, null];
  }
  if (!p.uniqueIndices) throw new UnsupportedError(MUL_UNSUPPORTED, b.source);
  const operand = knownOperand("scatter_mul", x);
  return [null, null, gatherUpdated(b, b.mul(ct, operand), starts, updates, p)];
};

/**
 * scatter_min and scatter_max: the tangent of the winner; where several values tie, the operand's included, their
 * average, as of other extremes.
 */
export function scatterExtremeJvp(name: "scatter_min" | "scatter_max"): JvpRule<ScatterParams> {
  return (b, [x, indices, updates], [xTangent, , updatesTangent], p) => {
    const out = b.one(name, [x, indices, updates], p);
    const winners = b.binary("eq", updates, gatherUpdated(b, out, indices, updates, p));
    const ones = b.like(updates, 1);
    const won = b.select(winners, ones, b.zeros(updates.type));
    // For each element: the number of updates that won, and whether the operand's own value did.
    const count = b.one("scatter_add", [b.zeros(x.type), indices, won], p);
    const kept = b.select(b.binary("eq", x, out), b.like(x, 1), b.zeros(x.type));
    const share = b.div(b.like(x, 1), b.binary("max", b.add(count, kept), b.like(x, 1)));
    let tangent: Operand | null = null;
    if (xTangent !== null) {
      // An element without a winning update keeps its tangent, also where it is NaN and so equals nothing.
      const untouched = b.binary("eq", count, b.zeros(x.type));
      tangent = b.mul(xTangent, b.select(untouched, b.like(x, 1), b.mul(kept, share)));
    }
    if (updatesTangent !== null) {
      const weights = b.mul(won, gatherUpdated(b, share, indices, updates, p));
      const operand = tangent ?? b.zeros(x.type);
      tangent = b.one("scatter_add", [operand, indices, b.mul(updatesTangent, weights)], p);
    }
    return { outputs: [out], tangents: [tangent] };
  };
}

/**
 * Numbers of the updates from 1, the same within a window: uint32 of the updates' shape. Scattered, they tell which
 * update an element was taken from.
 */
function updateIds(b: Builder, updates: Operand, p: ScatterParams): Operand {
  const { shape } = updates.type;
  const scatterDims = otherAxes(shape.length, p.updateWindowDims);
  const extents = scatterDims.map((d) => shape[d]);
  const count = extents.reduce((n, extent) => n * extent, 1);
  const counted = b.reshape(b.iota("uint32", [count], 0), extents);
  const ids = b.add(counted, b.like(counted, 1));
  return b.broadcastInDim(ids, shape, scatterDims);
}

/**
 * Of updates that overlap only the winner has a tangent. As JAX does: scatter numbers of the updates, gather them
 * back to see who won, and scatter-add what is left, which needs no order and has a transpose.
 */
export const scatterJvp: JvpRule<ScatterParams> = (
  b,
  [x, indices, updates],
  [xTangent, , updatesTangent],
  p,
) => {
  const outputs = [b.one("scatter", [x, indices, updates], p)];
  if (p.uniqueIndices) {
    const inputs = [instantiate(b, xTangent, x), indices, instantiate(b, updatesTangent, updates)];
    return { outputs, tangents: [b.one("scatter", inputs, p)] };
  }
  const ids = updateIds(b, updates, p);
  const noIds = b.literal(0, "uint32", x.type.shape);
  const scattered = b.one("scatter", [noIds, indices, ids], p);
  let tangent: Operand = b.zeros(x.type);
  if (xTangent !== null) {
    const untouched = b.binary("eq", scattered, noIds);
    tangent = b.select(untouched, xTangent, b.zeros(x.type));
  }
  if (updatesTangent !== null) {
    const won = b.binary("eq", ids, gatherUpdated(b, scattered, indices, updates, p));
    const winners = b.select(won, updatesTangent, b.zeros(updates.type));
    tangent = b.one("scatter_add", [tangent, indices, winners], p);
  }
  return { outputs, tangents: [tangent] };
};

export const scatterTranspose: TransposeRule<ScatterParams> = (b, cotangents, [x, indices, updates], p) => {
  if (!p.uniqueIndices) {
    throw new UnsupportedError(
      "scatter transpose is only implemented where uniqueIndices=true: pass it where no element is updated twice.",
      b.source,
    );
  }
  const ct = onlyCotangent(cotangents);
  const starts = knownOperand("scatter", indices);
  return [
    isLinear(x) ? b.one("scatter", [ct, starts, b.zeros(updates.type)], p) : null,
    null,
    isLinear(updates) ? gatherUpdated(b, ct, starts, updates, p) : null,
  ];
};

/** The tangent program of an extreme holds only selections and scatter-adds. */
export function extremeTranspose(name: string): Absent {
  return notLinear(`${name} is not linear in its operands; its derivative is made of gather and scatter_add`);
}

/** Tangents of reductions that are not linear. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import { sizeOf } from "../../types/tensor-type.ts";
import { ascending, keptAxes } from "./axes.ts";

/**
 * Tangent of a product over `axes`: sum_i t_i · prod_{j≠i} x_j, each product of the others being the product of
 * those before times that of those after. Nothing is divided by, so zero factors are right, and so are second
 * derivatives.
 */
export function productTangent(b: Builder, x: Operand, t: Operand, axes: readonly number[]): Operand {
  const { shape } = x.type;
  const kept = keptAxes(shape.length, axes);
  const order = [...kept, ...ascending(axes)];
  const flatShape = [...kept.map((axis) => shape[axis]), sizeOf(axes.map((axis) => shape[axis]))];
  const axis = kept.length;
  const xs = b.reshape(b.transpose(x, order), flatShape);
  const ts = b.reshape(b.transpose(t, order), flatShape);
  const others = b.mul(exclusiveProduct(b, xs, axis, false), exclusiveProduct(b, xs, axis, true));
  return b.sum(b.mul(ts, others), [axis]);
}

/** Product of the elements before (reverse: after) each element along `axis`; 1 for none. */
function exclusiveProduct(b: Builder, x: Operand, axis: number, reverse: boolean): Operand {
  const shift: readonly [number, number, number] = reverse ? [-1, 1, 0] : [1, -1, 0];
  const paddingConfig = x.type.shape.map((_, a) => (a === axis ? shift : ([0, 0, 0] as const)));
  const shifted = b.one("pad", [x, b.literal(1, x.type.dtype)], { paddingConfig });
  return b.one("cumprod", [shifted], { axis, reverse });
}

/**
 * Tangent of a maximum or minimum `out` over `axes`: the mean of the tangents at the places where it is attained,
 * as JAX's `_reduce_chooser_jvp_rule`, so that ties share equally.
 */
export function chooserTangent(
  b: Builder,
  x: Operand,
  out: Operand,
  t: Operand,
  axes: readonly number[],
): Operand {
  const { dtype, shape } = x.type;
  const chosen = b.binary("eq", x, b.broadcastInDim(out, shape, keptAxes(shape.length, axes)));
  const count = b.sum(b.convert(chosen, dtype), axes);
  return b.div(b.sum(b.select(chosen, t, b.like(t, 0)), axes), count);
}

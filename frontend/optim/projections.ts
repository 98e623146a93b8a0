/** Projections of trees onto sets (`optax.projections`): `optim.projections`. Of several points the nearest in Euclid's norm. */
import { cond } from "../control/index.ts";
import { type ArrayLike, convert, type NdArray, WeftValueError } from "../core/index.ts";
import { ravelPytree } from "../flatten-util/index.ts";
import { dynamicIndexInDim } from "../lax/dynamic.ts";
import * as lax from "../lax/elementwise.ts";
import { relu } from "../nn/activations.ts";
import { arange } from "../numpy/creation.ts";
import { flip } from "../numpy/movement.ts";
import { countNonzero, cumsum, sum } from "../numpy/reductions.ts";
import { sort } from "../numpy/sorting.ts";
import {
  add,
  clip,
  divide,
  maximum,
  minimum,
  multiply,
  negative,
  square,
  subtract,
} from "../numpy/ufuncs.ts";
import { customJvp } from "../transforms/custom-jvp.ts";
import type { Result } from "../transforms/types.ts";
import { flatten, flattenUpTo, unflatten } from "../tree/tree.ts";
import * as trees from "./tree-utils.ts";
import { mapTree } from "./trees.ts";

/** x ≥ 0 (`optax.projections.projection_non_negative`). */
export function projectionNonNegative<T>(tree: T): Result<T> {
  return mapTree<Result<T>>(relu, tree);
}

/** A bound of `projectionBox` for each leaf: a number for all, or a tree of them. */
function bounds(bound: unknown, tree: unknown): ArrayLike[] {
  const { treedef } = flatten(tree);
  const one = flatten(bound);
  if (one.treedef.kind === "leaf") {
    return new Array<ArrayLike>(treedef.leaves).fill(one.leaves[0] as ArrayLike);
  }
  return flattenUpTo(treedef, bound, "bound") as ArrayLike[];
}

/** lower ≤ x ≤ upper, bounds numbers, arrays or trees of them (`optax.projections.projection_box`). */
export function projectionBox<T>(tree: T, lower: unknown, upper: unknown): Result<T> {
  const { leaves, treedef } = flatten(tree);
  const [low, high] = [bounds(lower, tree), bounds(upper, tree)];
  return unflatten(
    treedef,
    leaves.map((x, i) => clip(x as ArrayLike, low[i], high[i])),
  ) as Result<T>;
}

/** 0 ≤ x ≤ scale (`optax.projections.projection_hypercube`). */
export function projectionHypercube<T>(tree: T, scale: ArrayLike = 1): Result<T> {
  return projectionBox(tree, 0, scale);
}

/** The nearest vector that is not negative and sums up to 1, by sorting (Held et al. 1974; Duchi et al. 2008). */
const unitSimplex = customJvp((values: NdArray): NdArray => {
  const descending = flip(sort(values));
  const sums = cumsum(descending);
  const ranks = convert(add(arange(values.size), 1), values.dtype);
  const inside = lax.gt(add(divide(1, ranks), subtract(descending, divide(sums, ranks))), 0);
  const count = countNonzero(inside);
  const last = dynamicIndexInDim(sums, subtract(count, 1), { keepdims: false });
  const size = convert(count, values.dtype);
  return relu(add(divide(1, size), subtract(values, divide(last, size))));
});
unitSimplex.defJvp(([values], [tangent]) => {
  const result = unitSimplex(values);
  const support = convert(lax.gt(result, 0), values.dtype);
  const mean = divide(sum(multiply(support, tangent)), sum(support));
  return [result, subtract(multiply(support, tangent), multiply(mean, support))];
});

/** x ≥ 0 and Σ x = scale, over all leaves together (`optax.projections.projection_simplex`). */
export function projectionSimplex<T>(tree: T, scale: ArrayLike = 1): Result<T> {
  const [values, unravel] = ravelPytree(tree);
  if (values.size === 0) throw new WeftValueError("projectionSimplex: the tree has no elements");
  return unravel(multiply(unitSimplex(divide(values, scale)), scale)) as Result<T>;
}

/** ‖x‖₁ = scale (`optax.projections.projection_l1_sphere`). */
export function projectionL1Sphere<T>(tree: T, scale: ArrayLike = 1): Result<T> {
  const magnitudes = projectionSimplex(mapTree(lax.abs, tree), scale);
  return mapTree<Result<T>>((x, m) => multiply(lax.sign(x), m), tree, magnitudes);
}

/** ‖x‖₁ ≤ scale (`optax.projections.projection_l1_ball`). */
export function projectionL1Ball<T>(tree: T, scale: ArrayLike = 1): Result<T> {
  const arrays = mapTree<Result<T>>((x) => x, tree);
  return cond(
    lax.le(trees.norm(tree, { ord: 1 }), scale),
    () => arrays,
    () => projectionL1Sphere(tree, scale),
  ) as Result<T>;
}

/** ‖x‖₂ = scale (`optax.projections.projection_l2_sphere`). */
export function projectionL2Sphere<T>(tree: T, scale: ArrayLike = 1): Result<T> {
  return trees.scale(divide(scale, trees.norm(tree)), tree);
}

/** ‖x‖₂ ≤ scale (`optax.projections.projection_l2_ball`). */
export function projectionL2Ball<T>(tree: T, scale: ArrayLike = 1): Result<T> {
  const greater = maximum(
    trees.norm(tree, { squared: true }),
    typeof scale === "number" ? scale * scale : square(scale),
  );
  return trees.scale(divide(scale, lax.sqrt(greater)), tree);
}

/** max |x| ≤ scale (`optax.projections.projection_linf_ball`). */
export function projectionLinfBall<T>(tree: T, scale: ArrayLike = 1): Result<T> {
  return projectionBox(tree, typeof scale === "number" ? -scale : negative(scale), scale);
}

/** x on the line through 0 and a (`optax.projections.projection_vector`). */
export function projectionVector<T>(x: T, a: T): Result<T> {
  return trees.scale(divide(trees.vdot(x, a), trees.vdot(a, a)), a);
}

/** ⟨x, a⟩ = b (`optax.projections.projection_hyperplane`). */
export function projectionHyperplane<T>(x: T, a: T, b: ArrayLike): Result<T> {
  return trees.addScale(x, wayToPlane(x, a, b), a);
}

/** ⟨x, a⟩ ≤ b (`optax.projections.projection_halfspace`). */
export function projectionHalfspace<T>(x: T, a: T, b: ArrayLike): Result<T> {
  return trees.addScale(x, minimum(wayToPlane(x, a, b), 0), a);
}

function wayToPlane(x: unknown, a: unknown, b: ArrayLike): NdArray {
  return divide(subtract(b, trees.vdot(x, a)), trees.vdot(a, a));
}

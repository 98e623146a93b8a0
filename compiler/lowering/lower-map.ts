/**
 * Elementwise groups: one loop nest over the elements, one store per output. Transposes go tile by tile: a line of the
 * cache that is read across the loops holds the elements of several results, and is used up before it is given up.
 */
import { delinearise, linearise } from "../fusion/access.ts";
import type { FusionGroup } from "../fusion/plan.ts";
import type { Equation } from "../graph/graph.ts";
import type { Axis, Expr, LoadExpr } from "../kernel/expr.ts";
import type { Stmt } from "../kernel/kernel.ts";
import { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { type Shape, sameShape } from "../types/tensor-type.ts";
import type { Elements } from "./elements.ts";
import { choosePartition, countDivisions, makeNest, type Partition } from "./loop-shape.ts";
import type { Parameters } from "./parameters.ts";
import { split, spread, tileIndex, within } from "./reduce-regions.ts";
import { loadsOf, strideAlong, vectorCost } from "./strides.ts";

/** Elements of a tile's edge: float32 of a line of the cache. */
const TILE = 16;
/** Elements from which on what is read across does not stay in the first-level cache. */
const LEAST_TILED = 1 << 12;

/** The index into a root's own shape at the kernel's position. */
export function indexFor(root: Equation, shape: Shape, index: readonly Expr[]): readonly Expr[] {
  const own = root.outputs[0].type.shape;
  return sameShape(own, shape) ? index : delinearise(linearise(index, shape), own);
}

/** All values that the group computes at an index. */
export function evaluateRoots(
  group: FusionGroup,
  shape: Shape,
  elements: Elements,
  index: readonly Expr[],
): Expr[] {
  elements.clear();
  const position = linearise(index, shape);
  return group.roots.flatMap((root) => {
    const values = elements.values(root, indexFor(root, shape, index));
    for (const [n, v] of root.outputs.entries()) elements.hold(v, position, values[n]);
    return [...values];
  });
}

export function lowerMap(group: FusionGroup, elements: Elements, parameters: Parameters): Stmt[] {
  const shape = group.roots[0].outputs[0].type.shape;
  const evaluate = (index: readonly Expr[]): Expr[] => evaluateRoots(group, shape, elements, index);
  const name = (k: number): string => `i${k}`;
  const partition = choosePartition(shape, (candidate) =>
    countDivisions(evaluate(makeNest(shape, candidate, name, "serial").index)),
  );
  const { axes, index } = vectorised(shape, partition, name, evaluate);
  if (shape.includes(0)) return [];

  const k = new KernelBuilder();
  const across = crossedAxis(loadsOf(evaluate(index)), axes);
  if (across === null) {
    within(k, axes, () => emitStores(k, group, index, shape, elements, parameters));
  } else {
    const names = axes.map((axis) => axis.name);
    const places = partition.map((_, n) => names.indexOf(name(n)));
    emitTiles(k, axes, across, (position) => {
      const own = spread(
        shape,
        partition,
        places.map((n) => position[n]),
      );
      emitStores(k, group, own, shape, elements, parameters);
    });
  }
  return k.finish();
}

/**
 * The loop, in the order of `axes`, along which something is read that the vector loop, the last one, reads across; null
 * where there is none, or so little that it stays in the cache.
 */
function crossedAxis(loads: readonly LoadExpr[], axes: readonly Axis[]): number | null {
  const vector = axes.at(-1);
  if (vector === undefined || vector.extent < 2 * TILE) return null;
  for (const load of loads) {
    const stride = strideAlong(load, vector);
    if (stride === null || Math.abs(stride) < TILE || load.buffer.size < LEAST_TILED) continue;
    const along = axes.findIndex((axis) => Math.abs(strideAlong(load, axis) ?? 0) === 1);
    if (along >= 0 && axes[along].extent >= 2 * TILE) return along;
  }
  return null;
}

/** The loops with tiles of the loop `across` and of the last one, and what is left of each; `body` gets each loop's position. */
function emitTiles(
  k: KernelBuilder,
  axes: readonly Axis[],
  across: number,
  body: (position: readonly Expr[]) => void,
): void {
  const last = axes.length - 1;
  const others = axes.filter((_, n) => n !== across && n !== last);
  for (const rows of split(axes[across].extent, TILE)) {
    for (const columns of split(axes[last].extent, TILE)) {
      const loops: Axis[] = [];
      const unrolls: Axis[] = [];
      const row = tileIndex(k, axes[across].name, rows, "serial", loops, unrolls);
      const column = tileIndex(k, axes[last].name, columns, "vector", loops, unrolls);
      const position = axes.map((axis, n): Expr => (n === across ? row : n === last ? column : s.axis(axis)));
      within(k, [...others, ...loops, ...unrolls], () => body(position));
    }
  }
}

/** Makes the innermost axis the vector axis, or an outer one with kinder strides. */
function vectorised(
  shape: Shape,
  partition: Partition,
  name: (k: number) => string,
  evaluate: (index: readonly Expr[]) => Expr[],
): { axes: Axis[]; index: readonly Expr[] } {
  const draft = makeNest(shape, partition, name, "serial");
  if (draft.axes.length === 0) return { axes: [], index: draft.index };
  const loads = loadsOf(evaluate(draft.index));
  let best = draft.axes.length - 1;
  // A store is contiguous only along the innermost axis; elsewhere it costs as a gather does.
  const costOf = (k: number): number =>
    vectorCost(loads, draft.axes[k].axis) + (k === draft.axes.length - 1 ? 0 : 5);
  for (let k = best - 1; k >= 0; k--) if (costOf(k) < costOf(best)) best = k;
  const remade = partition.map((dims, k) =>
    makeNest(shape, [dims], () => name(k), k === best ? "vector" : "serial"),
  );
  const index = shape.map(
    (_, d) => remade[partition.findIndex((dims) => dims.includes(d))]?.index[d] ?? s.int(0),
  );
  const axes = remade.map((n) => n.axes[0].axis);
  axes.push(...axes.splice(best, 1));
  return { axes, index };
}

/** All values first, then all stores: an output may take over the memory of an operand read at the same element. */
export function emitStores(
  k: KernelBuilder,
  group: FusionGroup,
  index: readonly Expr[],
  shape: Shape,
  elements: Elements,
  parameters: Parameters,
): void {
  elements.clear();
  const position = linearise(index, shape);
  const many = group.roots.reduce((n, root) => n + root.outputs.length, 0) > 1;
  const stores: (() => void)[] = [];
  for (const root of group.roots) {
    const values = elements.values(root, indexFor(root, shape, index));
    for (const [n, v] of root.outputs.entries()) {
      const value = many ? s.local(k.let("v", values[n])) : values[n];
      elements.hold(v, position, value);
      if (!group.outputs.includes(v)) continue;
      stores.push(() => k.store(parameters.write(v), position, value));
    }
  }
  for (const store of stores) store();
}

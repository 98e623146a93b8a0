/**
 * Products that are no matrix products: with nothing to sum over (an outer product), and of a matrix with a vector. As
 * multiplications and sums they are computed with what stands around them, where a product would have its operands
 * stored first. XLA does the same (`AlgebraicSimplifier`: dot strength reduction).
 *
 * A matrix that lies in memory anyway stays an operand of a product: nothing is saved there. What is saved is a matrix
 * that is computed element by element, such as a layer's activations.
 */
import type { Builder } from "../graph/builder.ts";
import { type Equation, type Graph, type Operand, Value } from "../graph/graph.ts";
import { type DotParams, type EquationOf, isOp } from "../graph/operations.ts";
import { GraphBuilder } from "../primitives/graph-builder.ts";
import { primitiveOf } from "../primitives/table.ts";
import { type Shape, sizeOf } from "../types/tensor-type.ts";
import type { GraphPass } from "./pass.ts";
import { Rewriter } from "./rewrite.ts";

type Producers = ReadonlyMap<Value, Equation>;

interface Side {
  readonly x: Operand;
  readonly contracting: readonly number[];
  readonly batch: readonly number[];
  readonly free: readonly number[];
}

function side(x: Operand, contracting: readonly number[], batch: readonly number[]): Side {
  const free = x.type.shape.map((_, d) => d).filter((d) => !contracting.includes(d) && !batch.includes(d));
  return { x, contracting, batch, free };
}

function sidesOf([lhs, rhs]: readonly Operand[], p: DotParams): readonly [Side, Side] {
  return [side(lhs, p.lhsContracting, p.lhsBatch), side(rhs, p.rhsContracting, p.rhsBatch)];
}

function sizeAlong({ x }: Side, axes: readonly number[]): number {
  return sizeOf(axes.map((d) => x.type.shape[d]));
}

/** Axis `axes[n]` of x becomes axis `places[n]` of a tensor of `shape`; the other axes of x have one element. */
function spread(
  b: Builder,
  x: Operand,
  axes: readonly number[],
  shape: Shape,
  places: readonly number[],
): Operand {
  const from = axes.map((_, n) => n).sort((m, n) => axes[m] - axes[n]);
  const to = axes.map((_, n) => n).sort((m, n) => places[m] - places[n]);
  const kept = b.reshape(
    x,
    from.map((n) => x.type.shape[axes[n]]),
  );
  const ordered = b.transpose(
    kept,
    to.map((n) => from.indexOf(n)),
  );
  return b.broadcastInDim(
    ordered,
    shape,
    to.map((n) => places[n]),
  );
}

/** A product that sums over nothing: each element of one side times each of the other. */
function outerProduct(b: Builder, lhs: Side, rhs: Side, shape: Shape): Operand {
  const batch = lhs.batch.length;
  const place = (of: Side, first: number): Operand =>
    spread(b, of.x, [...of.batch, ...of.free], shape, [
      ...of.batch.map((_, n) => n),
      ...of.free.map((_, n) => first + n),
    ]);
  return b.mul(place(lhs, batch), place(rhs, batch + lhs.free.length));
}

/** Sums along the matrix of its elements times those of the vector. */
function sumOfProducts(b: Builder, matrix: Side, vector: Side, shape: Shape): Operand {
  const { x } = matrix;
  const weights = spread(b, vector.x, [...vector.batch, ...vector.contracting], x.type.shape, [
    ...matrix.batch,
    ...matrix.contracting,
  ]);
  const sums = b.sum(b.mul(x, weights), matrix.contracting);
  const kept = x.type.shape.map((_, d) => d).filter((d) => !matrix.contracting.includes(d));
  const ordered = [...matrix.batch, ...matrix.free].map((d) => kept.indexOf(d));
  return b.reshape(b.transpose(sums, ordered), shape);
}

/** Computed element by element, if need be seen through reshapes and transposes. */
function isComputed(x: Operand, producers: Producers): boolean {
  for (let at = x; at instanceof Value; ) {
    const from = producers.get(at);
    const lower = from && primitiveOf(from.op).lower;
    if (from === undefined || lower?.kind !== "map" || isOp(from, "constant")) return false;
    if (lower.cost !== "movement") return true;
    [at] = from.inputs;
  }
  return false;
}

/** The form without a product, or null where it is one for good reason. */
function thin(b: Builder, equation: EquationOf<"dot_general">, producers: Producers): Operand | null {
  const [lhs, rhs] = sidesOf(equation.inputs, equation.params);
  const { dtype, shape } = equation.outputs[0].type;
  // Half floats and narrow integers are summed in another dtype than they are multiplied in here.
  if (!["float32", "float64", "int32", "uint32"].includes(dtype)) return null;
  if (lhs.x.type.dtype !== dtype || lhs.x.type.size === 0 || rhs.x.type.size === 0) return null;
  if (sizeAlong(lhs, lhs.contracting) === 1) return outerProduct(b, lhs, rhs, shape);
  for (const [matrix, vector] of [
    [lhs, rhs],
    [rhs, lhs],
  ]) {
    if (sizeAlong(vector, vector.free) !== 1 || !isComputed(matrix.x, producers)) continue;
    return sumOfProducts(b, matrix, vector, shape);
  }
  return null;
}

function rewrite(graph: Graph): Graph {
  const rewriter = new Rewriter(graph);
  const producers = new Map<Value, Equation>();
  const keep = (equation: Equation): void => {
    rewriter.keep(equation);
    for (const v of equation.outputs) producers.set(v, equation);
  };
  for (const original of graph.equations) {
    const equation: Equation = rewriter.update(original, rewrite);
    if (isOp(equation, "dot_general")) {
      const b = new GraphBuilder();
      b.source = equation.source;
      const result = thin(b, equation, producers);
      if (result !== null) {
        b.equations.forEach(keep);
        rewriter.replace(equation, [result]);
        continue;
      }
    }
    keep(equation);
  }
  return rewriter.finish();
}

export const rewriteThinProducts: GraphPass = { name: "thin_products", run: rewrite };

/**
 * Products of small integers two steps of the depth at a time. Where every element of both factors is a number of at most
 * 16 bits, packing puts the elements of two neighbouring steps side by side in an int32, and one instruction
 * (`i32x4.dot_i16x8_s`) multiplies and adds four such pairs. Sums are those of the products one by one, modulo 2^32.
 */
import type { Contraction, ContractionFactor } from "../../graph/contraction.ts";
import type { Axis, Expr } from "../../kernel/expr.ts";
import { rangeOf } from "../../kernel/index-math.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import { coordinatesAt, factorAxes } from "./axes.ts";

type ElementAccess = (index: readonly Expr[]) => Expr;

export interface PairedContraction {
  readonly contraction: Contraction;
  /** The axis whose steps are pairs. */
  readonly axis: number;
  /** The last pair is one element and a zero. */
  readonly odd: boolean;
}

/** The same sums over pairs, or null where elements are too wide or nothing can be paired. `out`: dtype of the results. */
export function pairDepth(
  contraction: Contraction,
  accesses: readonly [ElementAccess, ElementAccess],
  sums: DType,
  out: DType,
): PairedContraction | null {
  if (sums !== "int32" && sums !== "uint32") return null;
  // Results of 16 bits are the same whether a factor's upper bit is taken as its sign or not.
  const wrapped = DTYPE_INFO[out].bits <= 16;
  const { extents, factors } = contraction;
  const axes = extents.map((extent, n): Axis => ({ name: `a${n}`, extent, kind: "serial" }));
  const at = axes.map((axis) => s.axis(axis));
  const small = factors.every((factor, n) =>
    fitsHalf(factor.element(s, accesses[n], coordinatesAt(factor, at)), wrapped),
  );
  const axis = small ? pairedAxis(contraction) : null;
  if (axis === null) return null;
  const extent = extents[axis];
  return {
    contraction: {
      ...contraction,
      extents: extents.with(axis, Math.ceil(extent / 2)),
      factors: [pairFactor(factors[0], axis, extent), pairFactor(factors[1], axis, extent)],
    },
    axis,
    odd: extent % 2 === 1,
  };
}

/** Whether the lower 16 bits of an element of 32, as a signed number, stand for it. */
function fitsHalf(e: Expr, wrapped: boolean): boolean {
  const { kind, bits, max } = DTYPE_INFO[e.dtype];
  if (kind !== "float" && bits <= 16 && (wrapped || max <= 32767)) return true;
  switch (e.op) {
    case "const":
      return e.value >= -32768 && e.value <= 32767;
    case "guard":
    case "select":
      return fitsHalf(e.x, wrapped) && fitsHalf(e.y, wrapped);
    case "convert":
      return DTYPE_INFO[e.x.dtype].kind !== "float" && fitsHalf(e.x, wrapped);
    default:
      return false;
  }
}

/** An axis of the depth that runs along whole dimensions of both factors, with the least left over. */
function pairedAxis({ extents, factors, result }: Contraction): number | null {
  const inResult = new Set(result.flat());
  const used = factors.map(factorAxes);
  const alone = ({ coordinates }: ContractionFactor, axis: number): boolean => {
    const along = coordinates.filter(({ terms }) => terms.some((term) => term.axis === axis));
    return (
      along.length === 1 &&
      along[0].valid === undefined &&
      along[0].terms.length === 1 &&
      along[0].terms[0].step === 1
    );
  };
  const waste = (axis: number): number => Math.ceil(extents[axis] / 2) / extents[axis];
  let best: number | null = null;
  for (const [axis, extent] of extents.entries()) {
    if (extent < 2 || inResult.has(axis) || !used.every((own) => own.has(axis))) continue;
    if (!factors.every((factor) => alone(factor, axis))) continue;
    if (best === null || waste(axis) < waste(best)) best = axis;
  }
  return best;
}

/** The factor with pairs along an axis; behind the last element of an odd extent is a zero. */
function pairFactor(factor: ContractionFactor, axis: number, extent: number): ContractionFactor {
  const dim = factor.coordinates.findIndex(({ terms }) => terms.some((term) => term.axis === axis));
  return {
    coordinates: factor.coordinates.map((c, n) => (n === dim ? { ...c, extent: Math.ceil(extent / 2) } : c)),
    element(ops, x, at) {
      const first = ops.mul(at[dim], ops.int(2));
      const second = ops.add(first, ops.int(1));
      const half = (position: Expr): Expr =>
        ops.convert(factor.element(ops, x, at.with(dim, position)), "int32");
      const low = half(first);
      const range = rangeOf(second);
      if (range.min >= extent) return ops.pair16(low, ops.int(0));
      const high =
        range.max < extent
          ? half(second)
          : ops.guard(ops.lt(second, ops.int(extent)), half(second), ops.int(0));
      return ops.pair16(low, high);
    },
  };
}

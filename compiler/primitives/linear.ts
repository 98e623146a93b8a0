/** Shared parts of movement operations, all of which are linear in their floating operands. */
import type { Builder } from "../graph/builder.ts";
import type { Operand, Params } from "../graph/graph.ts";
import type { Cost, JvpRule, LinearInput, Tangent, TransposeInput } from "../graph/primitive.ts";
import { isLinearInput } from "../graph/primitive.ts";
import { InternalError } from "../types/errors.ts";

/** Moving data computes nothing. */
export function noCost(): Cost {
  return { flops: 0, transcendentals: 0 };
}

/**
 * jvp of an operation that is linear in its first `numLinear` operands together: the same operation on the tangents,
 * with zeros for those that have none. The other operands (indices) pass through. Called with one tangent at least.
 */
export function linearJvp<P extends Params>(
  numLinear: number | "all",
  emit: (b: Builder, inputs: readonly Operand[], params: P) => Operand,
): JvpRule<P> {
  return (b, primals, tangents, params) => {
    const count = numLinear === "all" ? primals.length : numLinear;
    const moved = primals.map((x, i) => (i < count ? instantiate(b, tangents[i], x) : x));
    const anyTangent = tangents.some((t, i) => i < count && t !== null);
    return {
      outputs: [emit(b, primals, params)],
      tangents: [anyTangent ? emit(b, moved, params) : null],
    };
  };
}

/** The tangent of `x`, a literal zero where it is the symbolic zero. */
export function instantiate(b: Builder, tangent: Tangent, x: Operand): Operand {
  return tangent ?? b.zeros(x.type);
}

/** The one cotangent of an operation with one output, which a transpose rule is never called without. */
export function onlyCotangent(cotangents: readonly Tangent[]): Operand {
  const [ct] = cotangents;
  if (cotangents.length !== 1 || ct === null)
    throw new InternalError("a transpose rule of one output got no cotangent");
  return ct;
}

/** An operand that a transpose rule may read. */
export function knownOperand(name: string, x: TransposeInput): Operand {
  if (isLinearInput(x)) throw new InternalError(`${name} is not linear in this operand`);
  return x;
}

export function isLinear(x: TransposeInput): x is LinearInput {
  return isLinearInput(x);
}

/** `list` with `value` inserted at `position`. */
export function inserted<T>(list: readonly T[], position: number, value: T): T[] {
  const out = [...list];
  out.splice(position, 0, value);
  return out;
}

/** 0, 1, …, n-1. */
export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/**
 * What computing and moving an element costs, in units of one cheap operation on one element of a vector loop.
 * Only the proportions count. They were taken on one x64 core: an addition of four lanes per cycle, a polynomial
 * exp of about ten additions, and a stream from memory at a tenth of the rate of the additions.
 */

import type { Equation } from "../graph/graph.ts";
import { isOp } from "../graph/operations.ts";
import { DTYPE_INFO, type DType } from "../types/dtype.ts";

/** A transcendental function. */
export const EXPENSIVE = 10;
/** Loading or storing four bytes of a stream. */
const FOUR_BYTES = 6;
/** Work per element up to which one kernel may grow by inlining. */
export const GROUP_BUDGET = 400;
/** Results one kernel may store or hold: each is a stream of its own, and the hardware follows about this many. */
export const MAX_GROUP_VALUES = 24;

/** Contractions read each operand element many times: their operands are stored unless reading them costs nothing. */
export function isContraction(equation: Equation): boolean {
  return isOp(equation, "dot_general") || isOp(equation, "conv_general_dilated");
}

export function workOf(cost: "movement" | "cheap" | "expensive"): number {
  return cost === "movement" ? 0 : cost === "cheap" ? 1 : EXPENSIVE;
}

/** Loading or storing `elements` of a dtype. */
export function trafficOf(dtype: DType, elements = 1): number {
  return (FOUR_BYTES * elements * DTYPE_INFO[dtype].bytes) / 4;
}

/** A producer that several consumers could compute for themselves, per element of its result. */
export interface Recomputation {
  readonly consumers: number;
  readonly work: number;
  /** Cost of loading what it is computed from. */
  readonly loads: number;
  readonly dtype: DType;
}

export interface Comparison {
  /** Every consumer computes it. */
  readonly again: number;
  /** It is computed once, stored, and loaded by every consumer. */
  readonly stored: number;
}

export function compareRecomputation({ consumers, work, loads, dtype }: Recomputation): Comparison {
  const own = trafficOf(dtype);
  return { again: consumers * (work + loads), stored: work + loads + (1 + consumers) * own };
}

export function formatCost(cost: number): string {
  return Number.isInteger(cost) ? String(cost) : cost.toFixed(1);
}

/** Axes as the layers take them. */
import { canonicalizeAxes } from "../../../lax/axes.ts";

export type Axes = number | readonly number[];

/** Axes from the front, each once, in order. */
export function sortedAxes(ndim: number, axes: Axes): number[] {
  return [...new Set(canonicalizeAxes(axes, ndim))].sort((a, b) => a - b);
}

/** A value for each of `n` places: one number stands for all, null for 1. */
export function perPlace(value: number | readonly number[] | null | undefined, n: number): readonly number[] {
  if (value === null || value === undefined) return new Array<number>(n).fill(1);
  return typeof value === "number" ? new Array<number>(n).fill(value) : value;
}

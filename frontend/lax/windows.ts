/** Padding of windows by name, as convolutions and pooling share it. */
import { formatShape, WeftValueError } from "../core/index.ts";

/** `[low, high]` per windowed axis. */
export type PaddingPairs = readonly (readonly [low: number, high: number])[];
/**
 * "VALID": none. "SAME": so much that the result's extent is ceil(extent / stride), the odd one behind; "SAME_LOWER":
 * the odd one before.
 */
export type Padding = "SAME" | "SAME_LOWER" | "VALID" | PaddingPairs;

/** A window's extent with `dilation − 1` holes between its elements. */
export function dilateExtent(extent: number, dilation: number): number {
  return extent === 0 ? 0 : 1 + dilation * (extent - 1);
}

/** Padding per axis (`jax.lax.padtype_to_pads`). */
export function paddingPairs(
  shape: readonly number[],
  window: readonly number[],
  strides: readonly number[],
  padding: Padding,
): (readonly [number, number])[] {
  if (typeof padding !== "string") return padding.map(([low, high]) => [low, high] as const);
  const kind: string = padding.toUpperCase();
  if (kind === "VALID") return shape.map(() => [0, 0] as const);
  if (kind !== "SAME" && kind !== "SAME_LOWER") {
    throw new WeftValueError(
      `Unrecognized padding type: expected 'VALID', 'SAME', or 'SAME_LOWER', got ${padding}.`,
    );
  }
  if (window.length !== shape.length || strides.length !== shape.length) {
    throw new WeftValueError(
      `padding ${padding} needs a window extent and a stride for each of ${shape.length} axes, got window ` +
        `${formatShape(window)} and strides ${formatShape(strides)}`,
    );
  }
  return shape.map((extent, i) => {
    const out = Math.ceil(extent / strides[i]);
    const total = Math.max((out - 1) * strides[i] + window[i] - extent, 0);
    const half = Math.floor(total / 2);
    return kind === "SAME" ? [half, total - half] : [total - half, half];
  });
}

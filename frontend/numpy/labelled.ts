/** Arrays whose axes have labels, and contractions of pairs of them: what `einsum` and the products of matrices are made of. */
import type { NdArray } from "../core/index.ts";
import { type DotOptions, dotGeneral } from "../lax/contraction.ts";
import { reshape, transpose } from "../lax/movement.ts";
import { broadcastTo } from "../lax/operands.ts";

/** An array whose axes have labels. */
export interface Labelled {
  readonly array: NdArray;
  readonly labels: readonly string[];
}

/** Contracts two operands: labels of both that nobody else wants are summed, the others of both are batch axes. */
export function contractPair(
  x: Labelled,
  y: Labelled,
  wanted: ReadonlySet<string>,
  options: DotOptions = {},
): Labelled {
  const shared = x.labels.filter((l) => y.labels.includes(l));
  const batch = shared.filter((l) => wanted.has(l));
  const contracted = shared.filter((l) => !wanted.has(l));
  const places = (labels: readonly string[], of: readonly string[]): number[] =>
    of.map((l) => labels.indexOf(l));
  const array = dotGeneral(
    x.array,
    y.array,
    [
      [places(x.labels, contracted), places(y.labels, contracted)],
      [places(x.labels, batch), places(y.labels, batch)],
    ],
    { precision: options.precision, preferredElementType: options.preferredElementType ?? null },
  );
  const free = (labels: readonly string[]): string[] => labels.filter((l) => !shared.includes(l));
  return { array, labels: [...batch, ...free(x.labels), ...free(y.labels)] };
}

/** Axes in the order of the labels; labels that vanished with an extent of 1 come back. */
export function arrange(
  x: Labelled,
  output: readonly string[],
  extents: ReadonlyMap<string, number>,
): NdArray {
  const present = output.filter((l) => x.labels.includes(l));
  const ordered = transpose(
    x.array,
    present.map((l) => x.labels.indexOf(l)),
  );
  const target = output.map((l) => extents.get(l) ?? 1);
  if (present.length === output.length) return ordered;
  const spread = reshape(
    ordered,
    output.map((l, i) => (present.includes(l) ? target[i] : 1)),
  );
  return broadcastTo(spread, target);
}

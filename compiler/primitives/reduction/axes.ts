/** Axes of a reduction: which stay, where a batch axis goes, how output and reduction indices make an operand index. */

/** Axes 0 … rank-1 that are not among `axes`. */
export function keptAxes(rank: number, axes: readonly number[]): number[] {
  const kept: number[] = [];
  for (let axis = 0; axis < rank; axis++) if (!axes.includes(axis)) kept.push(axis);
  return kept;
}

export function ascending(axes: readonly number[]): number[] {
  return [...axes].sort((a, b) => a - b);
}

/** The axes of an operand that got a new axis at `dim`. */
export function bumpAxes(axes: readonly number[], dim: number): number[] {
  return axes.map((axis) => (axis >= dim ? axis + 1 : axis));
}

/** The operand's index from the output's index and the index over the sorted reduced `axes`. */
export function interleaveIndex<T>(
  rank: number,
  axes: readonly number[],
  kept: readonly T[],
  reduced: readonly T[],
): T[] {
  const index: T[] = [];
  let k = 0;
  let r = 0;
  for (let axis = 0; axis < rank; axis++) index.push(axes.includes(axis) ? reduced[r++] : kept[k++]);
  return index;
}

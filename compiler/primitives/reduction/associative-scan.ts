/** A prefix operation as a tree of elementwise operations on the graph, for rules that must differentiate through it. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";

/** Operands of one shape that are scanned together, such as a value and its tangent. */
export type ScanElement = readonly Operand[];
export type ScanCombine = (b: Builder, earlier: ScanElement, later: ScanElement) => ScanElement;

/**
 * All prefixes of `combine` along `axis` (from the end if `reverse`), in 2·log2(n) steps and O(n) work: the
 * recursion of `jax.lax.associative_scan`, combining in the same order, so that ties fall as they do there.
 */
export function associativeScan(
  b: Builder,
  combine: ScanCombine,
  element: ScanElement,
  axis: number,
  reverse: boolean,
): ScanElement {
  if (!reverse) return scan(b, combine, element, axis);
  const flip = (x: Operand): Operand => b.one("rev", [x], { dimensions: [axis] });
  return scan(b, combine, element.map(flip), axis).map(flip);
}

function scan(b: Builder, combine: ScanCombine, element: ScanElement, axis: number): ScanElement {
  const n = element[0].type.shape[axis];
  if (n < 2) return element;
  const part = (e: ScanElement, start: number, limit: number, stride: number): ScanElement =>
    e.map((x) => sliceAxis(b, x, axis, start, limit, stride));
  const pairs = combine(b, part(element, 0, n - 1, 2), part(element, 1, n, 2));
  const odd = scan(b, combine, pairs, axis);
  const first = part(element, 0, 1, 1);
  if (n === 2) return odd.map((x, k) => concatenate(b, first[k], x, axis));
  const before = n % 2 === 0 ? part(odd, 0, n / 2 - 1, 1) : odd;
  const even = combine(b, before, part(element, 2, n, 2));
  return odd.map((x, k) => interleave(b, concatenate(b, first[k], even[k], axis), x, axis));
}

function sliceAxis(
  b: Builder,
  x: Operand,
  axis: number,
  start: number,
  limit: number,
  stride: number,
): Operand {
  const { shape } = x.type;
  return b.one("slice", [x], {
    startIndices: shape.map((_, a) => (a === axis ? start : 0)),
    limitIndices: shape.map((n, a) => (a === axis ? limit : n)),
    strides: shape.map((_, a) => (a === axis ? stride : 1)),
  });
}

function concatenate(b: Builder, x: Operand, y: Operand, axis: number): Operand {
  return b.one("concatenate", [x, y], { dimension: axis });
}

/** even[0], odd[0], even[1], …; `even` is as long as `odd` or one longer. */
function interleave(b: Builder, even: Operand, odd: Operand, axis: number): Operand {
  const same = even.type.shape[axis] === odd.type.shape[axis];
  const spread = (x: Operand, low: number, high: number): Operand => {
    const config: readonly [number, number, number] = [low, high, 1];
    const paddingConfig = x.type.shape.map((_, a) => (a === axis ? config : ([0, 0, 0] as const)));
    return b.one("pad", [x, b.literal(0, x.type.dtype)], { paddingConfig });
  };
  return b.add(spread(even, 0, same ? 1 : 0), spread(odd, 1, same ? 0 : 1));
}

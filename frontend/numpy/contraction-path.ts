/**
 * The order in which operands are contracted, pair by pair. After opt_einsum: the optimal order by a search over all
 * subsets for few operands, a greedy one beyond (Smith & Gray, "opt_einsum", JOSS 2018; Pfeifer et al. 2014).
 */
import { sizeOf } from "../../compiler/types/tensor-type.ts";
import { range } from "../lax/axes.ts";

/** A pair of places to contract next; the result goes to the end. */
export type ContractionPath = readonly (readonly [number, number])[];

type Labels = readonly string[];
type Extents = ReadonlyMap<string, number>;

/** Most operands of which all orders are compared: 3ⁿ pairs of subsets. */
const OPTIMAL_LIMIT = 7;

const sizeOfLabels = (labels: Iterable<string>, extents: Extents): number =>
  sizeOf([...labels].map((l) => extents.get(l) ?? 1));

/** The cheapest contraction of a set of operands: its cost and the two sets it is made of. */
interface Best {
  readonly cost: number;
  readonly parts: readonly [number, number] | null;
}

/** The order with the fewest multiplications. Sets of operands are bit masks. */
function optimalPath(inputs: readonly Labels[], output: Labels, extents: Extents): ContractionPath {
  const n = inputs.length;
  const everything = 2 ** n - 1;
  // Labels of a set's result: those that the output or an operand outside of it wants.
  const results = range(everything + 1).map((set) => {
    const within = range(n).filter((i) => set & (1 << i));
    const outside = new Set([
      ...output,
      ...range(n)
        .filter((i) => !within.includes(i))
        .flatMap((i) => inputs[i]),
    ]);
    return new Set(within.flatMap((i) => inputs[i].filter((l) => outside.has(l))));
  });
  const best: Best[] = [];
  for (const set of range(everything + 1)) {
    if ((set & (set - 1)) === 0) {
      best.push({ cost: 0, parts: null });
      continue;
    }
    let cheapest: Best = { cost: Number.POSITIVE_INFINITY, parts: null };
    // Each split once: the part with the lowest operand first.
    for (let part = (set - 1) & set; part > 0; part = (part - 1) & set) {
      const other = set ^ part;
      if (part < other) continue;
      const labels = new Set([...inputLabels(part, results), ...inputLabels(other, results)]);
      const cost = best[part].cost + best[other].cost + sizeOfLabels(labels, extents);
      if (cost < cheapest.cost) cheapest = { cost, parts: [part, other] };
    }
    best.push(cheapest);
  }
  return pathOf(everything, best, n);
}

const inputLabels = (set: number, results: readonly ReadonlySet<string>[]): ReadonlySet<string> =>
  results[set];

/** The contractions of a set, innermost first, as pairs of places in the list of what is left. */
function pathOf(everything: number, best: readonly Best[], n: number): ContractionPath {
  const left = range(n).map((i) => 1 << i);
  const path: [number, number][] = [];
  const contract = (set: number): void => {
    const { parts } = best[set];
    if (parts === null) return;
    const [a, b] = parts;
    contract(a);
    contract(b);
    const [i, j] = [left.indexOf(a), left.indexOf(b)].sort((p, q) => p - q);
    path.push([i, j]);
    left.splice(j, 1);
    left.splice(i, 1);
    left.push(set);
  };
  contract(everything);
  return path;
}

/** At every step the pair whose result is smallest against what it replaces. */
function greedyPath(inputs: readonly Labels[], output: Labels, extents: Extents): ContractionPath {
  const terms = inputs.map((labels) => new Set(labels));
  const path: [number, number][] = [];
  while (terms.length > 1) {
    let best: { i: number; j: number; score: number; flops: number; result: Set<string> } | null = null;
    for (const i of range(terms.length)) {
      for (let j = i + 1; j < terms.length; j++) {
        const union = new Set([...terms[i], ...terms[j]]);
        const others = new Set([...output, ...terms.flatMap((t, k) => (k === i || k === j ? [] : [...t]))]);
        const result = new Set([...union].filter((l) => others.has(l)));
        const score =
          sizeOfLabels(result, extents) - sizeOfLabels(terms[i], extents) - sizeOfLabels(terms[j], extents);
        const flops = sizeOfLabels(union, extents);
        if (best === null || score < best.score || (score === best.score && flops < best.flops)) {
          best = { i, j, score, flops, result };
        }
      }
    }
    if (best === null) break;
    path.push([best.i, best.j]);
    terms.splice(best.j, 1);
    terms.splice(best.i, 1);
    terms.push(best.result);
  }
  return path;
}

/** The order of pairwise contractions. */
export function contractionPath(
  inputs: readonly Labels[],
  output: Labels,
  extents: Extents,
  optimize: "auto" | "optimal" | "greedy" = "auto",
): ContractionPath {
  const all = optimize === "optimal" || (optimize === "auto" && inputs.length <= OPTIMAL_LIMIT);
  return all && inputs.length <= 2 * OPTIMAL_LIMIT
    ? optimalPath(inputs, output, extents)
    : greedyPath(inputs, output, extents);
}

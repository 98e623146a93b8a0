/** Every primitive's batch rule against a loop over the batch, for every set of batched operands. */
import { checkBatch } from "../helpers/batch-check.ts";
import { Random } from "../helpers/random.ts";
import { randomTensor } from "../helpers/tensors.ts";
import { type Case, casesOf, graphOfCase, OPERATIONS, subsets, testCases } from "./cases.ts";

const SIZE = 3;
/** Elementwise primitives have a case per dtype and shape; a spread of them is enough for one shared rule. */
const MAX_CASES = 14;
/** Beyond this many operands not every set of them is tried. */
const MAX_SUBSETS = 15;

/** Which operands are batched, and along which axis: all in front, all at the end, and every set at mixed ends. */
function placements(c: Case): (number | null)[][] {
  const count = c.inputs.length;
  const rank = (i: number): number => c.inputs[i].type.shape.length;
  const all = c.inputs.map((_, i) => i);
  const masks = subsets(all, count);
  // All operands together, and each alone, are the sets that matter most.
  const rare = (mask: readonly boolean[]): boolean => ![1, count].includes(mask.filter(Boolean).length);
  const chosen = masks.length > MAX_SUBSETS ? masks.filter((mask) => !rare(mask)) : masks;
  const mixed = [0, 1].flatMap((odd) =>
    chosen.map((mask) => mask.map((batched, i) => (batched ? [0, rank(i)][(i + odd) % 2] : null))),
  );
  return [all.map(() => 0), all.map(rank), all.map((i) => Math.min(1, rank(i))), ...mixed];
}

function check(c: Case, size: number): void {
  const random = new Random(`batching ${c.title}`);
  const graph = graphOfCase(c);
  for (const dims of placements(c)) {
    checkBatch(graph, size, dims, (i, type, dim) => randomTensor(random, type, c.inputs[i].domain, dim));
  }
}

for (const op of OPERATIONS) {
  const cases = casesOf(op).filter((c) => c.inputs.length > 0);
  const stride = Math.max(1, Math.ceil(cases.length / MAX_CASES));
  const chosen = cases.filter((_, i) => i % stride === 0);
  testCases(op, chosen, (c) => {
    check(c, SIZE);
    // A batch of nothing, and one that could be mistaken for an axis to broadcast.
    if (chosen.indexOf(c) < 3) for (const size of [0, 1]) check(c, size);
  });
}

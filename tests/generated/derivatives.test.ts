/**
 * Every primitive's derivative rules in double precision: jvp against central differences, ⟨J·v, w⟩ = ⟨v, Jᵀ·w⟩,
 * for every set of operands that have tangents, and second derivatives where the table promises them.
 */
import { Absent } from "../../compiler/graph/primitive.ts";
import { primitiveOf } from "../../compiler/primitives/table.ts";
import { jvpGraph } from "../../compiler/transforms/index.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import {
  checkForward,
  checkReverse,
  gradientGraph,
  type Point,
  pointOf,
} from "../helpers/derivative-checks.ts";
import { Random } from "../helpers/random.ts";
import {
  type Case,
  casesOf,
  dataFor,
  graphOfCase,
  inFloat64,
  OPERATIONS,
  subsets,
  testCases,
} from "./cases.ts";

function checkBoth(point: Point, random: Random): void {
  checkReverse(point, random, checkForward(point));
}

function checkFirst(c: Case): void {
  const random = new Random(`derivatives ${c.title}`);
  const graph = graphOfCase(c);
  const inputs = dataFor(c, random);
  const floating = inputs.flatMap((x, i) => (isFloating(x.type.dtype) ? [i] : []));
  for (const nonzero of subsets(floating, inputs.length)) {
    checkBoth(pointOf(graph, inputs, random, nonzero), random);
  }
}

/** Forward and reverse of forward; forward of reverse. */
function checkSecond(c: Case): void {
  const random = new Random(`second ${c.title}`);
  const { graph, inputs, nonzero, direction } = pointOf(graphOfCase(c), dataFor(c, random), random);
  const { graph: first, outNonzero } = jvpGraph(graph, nonzero);
  if (!outNonzero.some(Boolean)) return;
  checkBoth(pointOf(first, [...inputs, ...direction], random), random);
  // The gradient of a linear operation is made of its transpose alone.
  if (primitiveOf(c.op).transpose instanceof Absent)
    checkForward(pointOf(gradientGraph(graph), inputs, random));
}

for (const op of OPERATIONS) {
  const { jvp, test: spec } = primitiveOf(op);
  if (jvp instanceof Absent || spec.order === 0) continue;
  const seen = new Set<string>();
  const cases = casesOf(op).flatMap((c) => {
    const wide = inFloat64(c);
    if (wide === null || seen.has(wide.title)) return [];
    seen.add(wide.title);
    return [wide];
  });
  testCases(op, cases, checkFirst);
  if (spec.order === 2) {
    testCases(`second derivatives of ${op}`, cases, checkSecond);
  }
}

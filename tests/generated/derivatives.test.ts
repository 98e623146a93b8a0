/**
 * Every primitive's derivative rules in double precision: jvp against central differences, ⟨J·v, w⟩ = ⟨v, Jᵀ·w⟩,
 * and second derivatives where the table promises them.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Graph } from "../../compiler/graph/graph.ts";
import { Absent } from "../../compiler/graph/primitive.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { primitiveOf } from "../../compiler/primitives/table.ts";
import { jvpGraph, vjpGraph } from "../../compiler/transforms/index.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import { type Case, casesOf, dataFor, graphOf, inFloat64, OPERATIONS, randomSource } from "./cases.ts";

const STEP = 1e-6;

function randomLike(x: RefTensor, random: () => number): RefTensor {
  return { type: x.type, data: Float64Array.from(x.data, () => 2 * random() - 1) };
}

function shifted(x: RefTensor, v: RefTensor, t: number): RefTensor {
  return { type: x.type, data: x.data.map((a, i) => a + t * v.data[i]) };
}

function dot(a: readonly RefTensor[], b: readonly RefTensor[]): number {
  let sum = 0;
  for (const [k, x] of a.entries()) for (const [i, y] of x.data.entries()) sum += y * b[k].data[i];
  return sum;
}

function scale(...lists: (readonly RefTensor[])[]): number {
  let most = 1;
  for (const x of lists.flat())
    for (const y of x.data) if (Number.isFinite(y)) most = Math.max(most, Math.abs(y));
  return most;
}

interface Point {
  readonly graph: Graph;
  readonly inputs: readonly RefTensor[];
  readonly floating: readonly boolean[];
  readonly tangents: readonly RefTensor[];
}

/** Directional derivative along the floating inputs by jvp; null where no output depends on them differentiably. */
function jvpAt({
  graph,
  inputs,
  floating,
  tangents,
}: Point): { outputs: RefTensor[]; which: boolean[] } | null {
  const { graph: derived, outNonzero } = jvpGraph(graph, floating);
  if (!outNonzero.some(Boolean)) return null;
  const results = interpretGraph(derived, [...inputs, ...tangents]);
  return { outputs: results.slice(graph.outputs.length), which: outNonzero };
}

function checkAgainstDifferences(point: Point, title: string): void {
  const { graph, inputs, floating, tangents } = point;
  const exact = jvpAt(point);
  const move = (t: number): RefTensor[] => {
    let next = 0;
    return inputs.map((x, i) => (floating[i] ? shifted(x, tangents[next++], t) : x));
  };
  const plus = interpretGraph(graph, move(STEP));
  const minus = interpretGraph(graph, move(-STEP));
  let next = 0;
  for (const [o, hi] of plus.entries()) {
    if (!isFloating(hi.type.dtype)) continue;
    const tangent = exact?.which[o] ? exact.outputs[next++] : null;
    for (let i = 0; i < hi.data.length; i++) {
      // The maximum of nothing is -inf on both sides: a constant.
      const difference = hi.data[i] === minus[o].data[i] ? 0 : (hi.data[i] - minus[o].data[i]) / (2 * STEP);
      const got = tangent === null ? 0 : tangent.data[i];
      const bound = 2e-4 * Math.max(1, Math.abs(difference), scale([hi]) * 1e-2);
      assert.ok(
        Math.abs(got - difference) <= bound,
        `${title}: output ${o} element ${i}: jvp ${got}, finite difference ${difference}`,
      );
    }
  }
}

function checkTranspose(point: Point, title: string, random: () => number): void {
  const { graph, inputs, floating, tangents } = point;
  const forward = jvpAt(point);
  const { forward: primal, backward, residuals, outNonzero } = vjpGraph(graph, floating);
  const kept = interpretGraph(primal, inputs).slice(graph.outputs.length);
  assert.equal(kept.length, residuals);
  if (forward === null) {
    assert.ok(!outNonzero.some(Boolean), `${title}: linearize finds a dependence that jvp does not`);
    return;
  }
  assert.deepEqual(outNonzero, forward.which, title);
  const cotangents = forward.outputs.map((x) => randomLike(x, random));
  const pulled = interpretGraph(backward, [...kept, ...cotangents]);
  const left = dot(forward.outputs, cotangents);
  const right = dot(tangents, pulled);
  const size =
    scale(forward.outputs, pulled) *
    Math.max(
      1,
      tangents.reduce((n, v) => n + v.data.length, 0),
    );
  assert.ok(Math.abs(left - right) <= 1e-9 * size, `${title}: <Jv, w> = ${left}, <v, JTw> = ${right}`);
}

function pointOf(c: Case, seed: string): Point {
  const random = randomSource(`${seed} ${c.title}`);
  const inputs = dataFor(c, seed);
  const floating = inputs.map((x) => isFloating(x.type.dtype));
  const tangents = inputs.filter((_, i) => floating[i]).map((x) => randomLike(x, random));
  return { graph: graphOf(c), inputs, floating, tangents };
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
  if (cases.length === 0) continue;
  describe(op, () => {
    for (const c of cases) {
      test(c.title, () => {
        const point = pointOf(c, "derivatives");
        checkAgainstDifferences(point, c.title);
        checkTranspose(point, c.title, randomSource(c.title));
      });
      if (spec.order !== 2) continue;
      test(`second derivative of ${c.title}`, () => {
        const { graph, inputs, floating, tangents } = pointOf(c, "second");
        const { graph: first, outNonzero } = jvpGraph(graph, floating);
        if (!outNonzero.some(Boolean)) return;
        const random = randomSource(`second ${c.title}`);
        const both = [...inputs, ...tangents];
        const wide = both.map((x) => isFloating(x.type.dtype));
        const point: Point = {
          graph: first,
          inputs: both,
          floating: wide,
          tangents: both.filter((_, i) => wide[i]).map((x) => randomLike(x, random)),
        };
        checkAgainstDifferences(point, c.title);
        checkTranspose(point, c.title, random);
      });
    }
  });
}

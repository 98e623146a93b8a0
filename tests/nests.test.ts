/**
 * Random nests of transformations and control flow against a reference without any; `npm run fuzz` runs more of them.
 * A failure is shrunk, and says how to run it again.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkProgram, programOf, sampleOf } from "./fuzz/nests/check.ts";
import { blockProblem } from "./fuzz/nests/evaluate.ts";
import { describeFailure } from "./fuzz/nests/main.ts";
import { add, Dual, mul, sin, tangentAt } from "./fuzz/nests/numbers.ts";
import { allSteps, type Program } from "./fuzz/nests/program.ts";
import { type Check, shrink, withoutDeadSteps } from "./fuzz/nests/shrink.ts";

const PROGRAMS = 200;
/** Seeds of `npm run fuzz` that once failed. */
const REGRESSIONS: readonly number[] = [13, 21, 34, 83, 6896];

function checkSeed(seed: number, sample?: (check: string) => boolean): void {
  const program = programOf(seed);
  const outcome = checkProgram(program, sample);
  if (outcome.kind !== "failed") return;
  const shrunk = shrink(program, outcome.failure, 5_000);
  assert.fail(describeFailure(seed, shrunk.program, shrunk.failure));
}

describe("random nests", () => {
  for (let seed = 0; seed < PROGRAMS; seed++) test(`seed ${seed}`, () => checkSeed(seed, sampleOf(seed)));
});

describe("seeds that failed before, in all ways", () => {
  for (const seed of REGRESSIONS) test(`seed ${seed}`, () => checkSeed(seed));
});

test("a seed gives the same program every time, and programs are well formed", () => {
  for (const seed of [0, 1, 2, 3]) {
    assert.deepEqual(programOf(seed), programOf(seed));
    assert.equal(blockProblem(programOf(seed).main), null);
  }
});

test("the reference keeps the perturbations of nested derivatives apart", () => {
  // d/dx (x · d/dy (x + y)) = d/dx x = 1, not 2.
  const outer = new Dual(1, 2, 1);
  const inner = tangentAt(add(outer, new Dual(2, 3, 1)), 2);
  assert.equal(tangentAt(mul(outer, inner), 1), 1);
  const square = mul(new Dual(1, 3, 1), new Dual(1, 3, 1));
  assert.equal(tangentAt(square, 1), 6);
  assert.equal(tangentAt(sin(new Dual(1, 0, 2)), 1), 2);
});

test("a wrong number is found, and shrunk to the step it comes from", () => {
  const variable = (id: number) => ({ id, shape: [3] });
  const step = (op: string, id: number) => ({
    op,
    args: [id - 1],
    attributes: {},
    blocks: [],
    outs: [variable(id)],
  });
  const steps = [step("sin", 1), step("tanh", 2), step("neg", 3)];
  const program: Program = { dtype: "float64", main: { params: [variable(0)], steps, results: [3] } };
  // A system whose tanh is wrong.
  const lying: Check = (candidate) => {
    const wrong = allSteps(candidate.main).some(({ op }) => op === "tanh");
    return wrong ? { kind: "failed", failure: { check: "jit", message: "wrong" } } : { kind: "passed" };
  };
  const shrunk = shrink(program, { check: "jit", message: "wrong" }, 5_000, lying);
  assert.deepEqual(
    allSteps(shrunk.program.main).map(({ op }) => op),
    ["tanh"],
  );
  assert.deepEqual(shrunk.program.main.params[0].shape, [1]);
});

test("what nobody uses is no part of a shrunk program", () => {
  const { main } = programOf(5);
  const kept = withoutDeadSteps(main);
  assert.equal(blockProblem(kept), null);
  assert.ok(allSteps(kept).length <= allSteps(main).length);
});

/**
 * Random nests of transformations, every compiled function run by one thread and by three, cut into the smallest grains and
 * parts: the same bits. `npm run fuzz -- --threads 3` runs more.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Backend, setBackend } from "../frontend/core/backend.ts";
import { checkProgram, programOf, sampleOf } from "./fuzz/nests/check.ts";
import { describeFailure } from "./fuzz/nests/main.ts";
import { startThreads, type ThreadCounts, threadedBackend } from "./helpers/threaded-backend.ts";

const FIRST = 20_000;
const PROGRAMS = 60;
/** Seeds of `npm run fuzz -- --threads 3` that once failed. */
const REGRESSIONS: readonly number[] = [301027, 301888];

const counts: ThreadCounts = { programs: 0, shared: 0, runs: 0 };
let previous: Backend;

before(async () => {
  await startThreads(3);
  previous = setBackend(threadedBackend(counts));
});

after(() => setBackend(previous));

describe("nests by one thread and by three", () => {
  for (let seed = FIRST; seed < FIRST + PROGRAMS; seed++) {
    test(`seed ${seed}`, () => {
      const program = programOf(seed);
      const outcome = checkProgram(program, sampleOf(seed));
      if (outcome.kind === "failed") assert.fail(describeFailure(seed, program, outcome.failure));
    });
  }

  for (const seed of REGRESSIONS) {
    test(`seed ${seed}, in all ways`, () => {
      const outcome = checkProgram(programOf(seed));
      if (outcome.kind === "failed") assert.fail(describeFailure(seed, programOf(seed), outcome.failure));
    });
  }

  test("threads had something to share", () => {
    assert.ok(counts.runs >= PROGRAMS, `${counts.runs} runs`);
    assert.ok(counts.shared >= counts.programs / 10, `${counts.shared} of ${counts.programs} functions`);
  });
});

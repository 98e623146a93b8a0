/** The plan of temporaries: no two that are alive at once overlap, and how near it is to what cannot be undercut. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { jit, type NdArray, numpy as np, spec } from "weft";
import { align, type DraftBuffer, wholeBuffer } from "../compiler/assembly/buffers.ts";
import { type Interval, planMemory } from "../compiler/assembly/memory-plan.ts";
import type { Step } from "../compiler/program/program.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { Random } from "./helpers/random.ts";

/** Buffers of so many bytes, each alive from one step to another. */
function planned(lives: readonly (readonly [bytes: number, start: number, end: number])[]) {
  const buffers = lives.map(
    ([bytes], id): DraftBuffer => ({
      id,
      type: tensorType("float32", [bytes / 4]),
      kind: "temp",
      bytes,
      offset: 0,
      label: `b${id}`,
    }),
  );
  const last = Math.max(...lives.map(([, , end]) => end));
  const schedule = Array.from(
    { length: last + 1 },
    (_, step): Step => ({
      kind: "launch",
      kernel: "k",
      args: buffers.filter((_, n) => lives[n][1] === step || lives[n][2] === step).map(wholeBuffer),
    }),
  );
  const plan = planMemory(buffers, schedule, []);
  const alive = (a: Interval | undefined, b: Interval | undefined): boolean =>
    a !== undefined && b !== undefined && a.start <= b.end && b.start <= a.end;
  for (const a of buffers) {
    assert.ok(a.offset + align(a.bytes) <= plan.bytes, `${a.label} lies beyond the plan`);
    for (const b of buffers.slice(a.id + 1)) {
      if (!alive(plan.intervals.get(a.id), plan.intervals.get(b.id))) continue;
      const apart = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
      assert.ok(apart, `${a.label} and ${b.label} overlap`);
    }
  }
  return plan;
}

test("first fit reaches the lower bound where lives are nested or follow each other", () => {
  const plan = planned([
    [1024, 0, 5],
    [512, 1, 2],
    [512, 3, 4],
    [1024, 6, 7],
  ]);
  assert.deepEqual([plan.bytes, plan.lowerBound], [1536, 1536]);
});

test("where first fit leaves a gap, the largest buffers are placed first", () => {
  // By start of life b0 is below b1, and b2, which does not fit into b0's place, would lie above b1.
  const plan = planned([
    [512, 0, 1],
    [512, 0, 3],
    [1024, 2, 3],
  ]);
  assert.deepEqual([plan.bytes, plan.lowerBound], [1536, 1536]);
});

test("random lives never overlap; some plans need more than the bound, all together little", () => {
  const random = new Random("lives");
  let [bytes, bound, over] = [0, 0, 0];
  for (let n = 0; n < 100; n++) {
    const lives = Array.from({ length: 40 }, () => {
      const start = random.below(60);
      return [64 * (1 + random.below(64)), start, start + random.below(12)] as const;
    });
    const plan = planned(lives);
    assert.ok(plan.bytes >= plan.lowerBound);
    if (plan.bytes > plan.lowerBound) over++;
    bytes += plan.bytes;
    bound += plan.lowerBound;
  }
  assert.ok(over > 0, "the bound would be the plan itself");
  assert.ok(bytes <= 1.1 * bound, `${bytes} bytes, and ${bound} at least`);
});

test("a compiled function's program says how large its plan is, and the bound; both are in memoryAnalysis()", () => {
  const f = (x: NdArray, w: NdArray): NdArray => np.tanh(np.tanh(x.matmul(w)).matmul(w)).matmul(w);
  const compiled = jit(f)
    .lower(spec([40, 40], "float32"), spec([40, 40], "float32"))
    .compile();
  const { tempSize, tempLowerBound } = compiled.memoryAnalysis();
  assert.equal(tempSize, tempLowerBound);
  assert.ok(
    compiled
      .asText({ stage: "program" })
      .endsWith(`// temporaries: ${tempSize} bytes; at most ${tempLowerBound} are alive at once\n`),
  );
});

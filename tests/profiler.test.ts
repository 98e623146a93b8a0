/** profiler: spans of tracing, compiling, loading and running, and the trace file. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { spans } from "../frontend/core/spans.ts";
import { jit, type NdArray, numpy as np, profiler } from "../frontend/index.ts";

test("a trace records what happens, inner spans within outer ones", () => {
  const step = jit((x: NdArray) => np.sin(x).mul(3).sum(), { name: "step" });
  const x = np.ones(5);
  const { result, trace } = profiler.trace(() =>
    profiler.traceAnnotation("epoch", () => {
      const first = step(x);
      return first.add(step(x)).item();
    }),
  );
  assert.ok(Math.abs(result - 30 * Math.sin(1)) < 1e-4);
  const of = (kind: profiler.SpanKind, name: string) =>
    trace.spans.filter((span) => span.kind === kind && span.name === name);
  assert.equal(of("trace", "step").length, 1);
  assert.equal(of("compile", "step").length, 1);
  assert.equal(of("load", "step").length, 1);
  assert.equal(of("run", "step").length, 2);
  assert.ok(trace.spans.some((span) => span.kind === "pass" && span.name === "fusion"));
  const [epoch] = of("annotation", "epoch");
  for (const span of trace.spans) {
    assert.ok(span.start >= epoch.start && span.start + span.duration <= epoch.start + epoch.duration + 0.01);
  }
  assert.ok((trace.totals("run").get("step") ?? 0) <= epoch.duration);
  const { traceEvents } = JSON.parse(trace.toChromeTrace());
  assert.equal(traceEvents.length, trace.spans.length);
  for (const event of traceEvents)
    assert.deepEqual([event.ph, typeof event.ts, typeof event.dur], ["X", "number", "number"]);
});

test("without a trace nothing listens; two at once, and none to stop, are errors", () => {
  assert.equal(spans.listener, null);
  const f = profiler.annotateFunction((a: number, b: number) => a + b, { name: "sum" });
  assert.equal(f(1, 2), 3);
  assert.throws(() => profiler.stopTrace(), /No profile started/);
  profiler.startTrace({ limit: 2 });
  assert.throws(() => profiler.startTrace(), /Only one profile may be run at a time/);
  for (let i = 0; i < 3; i++) profiler.stepTraceAnnotation("step", i, () => f(i, i));
  const trace = profiler.stopTrace();
  assert.deepEqual(
    trace.spans.map(({ name, detail }) => [name, detail]),
    [
      ["sum", {}],
      ["step", { step_num: 0 }],
    ],
  );
  assert.ok(trace.truncated);
  assert.throws(() => profiler.trace(() => JSON.parse("{")), SyntaxError);
  assert.equal(spans.listener, null);
});

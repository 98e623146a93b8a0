/** What inspection is made of: values matched through stages, rows of differences, collapsed graphs, edits of graphs. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { jit, type NdArray, nn, spec } from "weft";
import { Graph } from "../compiler/graph/graph.ts";
import { refTensor } from "../compiler/interpret/tensors.ts";
import { compileGraph } from "../compiler/pipeline.ts";
import { compileGraphForWebGpu } from "../compiler/pipeline-webgpu.ts";
import { parseGraph, printGraph } from "../compiler/text/index.ts";
import { DTYPES } from "../compiler/types/dtype.ts";
import { graphViolations } from "../compiler/verify/index.ts";
import { formatNpy, parseNpy } from "../frontend/cli/npy.ts";
import { compareResults } from "../frontend/inspect/compare-results.ts";
import { runReference } from "../frontend/inspect/execute.ts";
import { graphData } from "../frontend/inspect/graph-data.ts";
import { diffRows, unmatchedRows, withContext } from "../frontend/inspect/page/diff-rows.ts";
import { GraphModel, WHOLE } from "../frontend/inspect/page/graph-model.ts";
import { randomInput } from "../frontend/inspect/random-inputs.ts";
import { CompileRecording } from "../frontend/inspect/recording.ts";
import { buildReport } from "../frontend/inspect/report-builder.ts";
import { cut, withExtent } from "../frontend/inspect/search/edit-graph.ts";
import { ValueMatching } from "../frontend/inspect/value-matching.ts";

const NET = `graph @net(%w: f32[4,6], %x: f32[8,4]) -> (f32[8,6]) {
  %0: f32[8,6] = dot_general %x, %w {lhsBatch=[], lhsContracting=[1], preferredElementType=null, rhsBatch=[], rhsContracting=[0]}  // net.ts:2:3 in net
  %1: f32[8,6] = neg %0    // net.ts:3:3 in net
  %2: f32[8,6] = neg %1    // net.ts:3:9 in net
  %3: f32[8,6] = exp %2    // net.ts:4:3 in net
  %4: f32[8,6] = exp %0    // net.ts:4:9 in net
  %5: f32[8,6] = add %3, %4  // net.ts:5:3 in net
  return %5
}
`;

describe("values through stages", () => {
  const graph = parseGraph(NET);
  const recording = new CompileRecording();
  const compiled = compileGraph(graph, { observer: recording });
  const stages = recording.passes.flatMap(({ artifact }) => (artifact instanceof Graph ? [artifact] : []));
  const matching = new ValueMatching(stages);

  test("an equation made anew over the same operands is the same value", () => {
    const [first] = stages;
    const last = stages[stages.length - 1];
    assert.notEqual(first, last);
    const names = matching.allNames();
    const text = printGraph(last, { names, sources: false });
    // Of two equal exp the first is kept, and the addition keeps its name though its operands have changed.
    assert.match(text, /%5: f32\[8,6\] = add %\d, %\d\n {2}return %5/);
    for (const e of last.equations) for (const v of e.outputs) assert.ok(matching.numberOf(v) !== null);
  });

  test("two equal equations of one stage are two values", () => {
    const twice = parseGraph(
      "graph @f(%x: f32[]) -> (f32[], f32[]) {\n  %0: f32[] = exp %x\n  %1: f32[] = exp %x\n  return %0, %1\n}\n",
    );
    const [a, b] = twice.equations.map((e) => new ValueMatching([twice]).numberOf(e.outputs[0]));
    assert.notEqual(a, b);
  });

  test("what a rule of a custom derivative computes has names too", () => {
    const { graph } = jit((x: NdArray) => nn.relu(x)).trace(spec([3]));
    const text = printGraph(graph, { names: new ValueMatching([graph]).allNames(), sources: false });
    assert.match(text, /jvp=deferred graph @.*\(%\S+: f32\[3\], %\S+: f32\[3\]\)/);
    assert.doesNotMatch(text, /undefined/);
  });

  test("the report knows each value's kernel, source and way to its readers", () => {
    const report = buildReport({
      compiled,
      gpu: compileGraphForWebGpu(graph),
      passes: recording.passes,
      donated: [true],
      folder: "/",
      readFile: () => "a\nb\nc\nd\ne\n",
      toWat: null,
      machine: null,
      timeOf: () => null,
      gpuMachine: null,
      gpuTimeOf: () => 2,
    });
    const dot = report.nodes.findIndex((node) => node.op === "dot_general");
    assert.ok(report.nodes[dot].kernels.length > 0);
    assert.deepEqual(
      report.files.map((file) => file.name),
      ["net.ts"],
    );
    for (const edge of report.edges) {
      assert.notEqual(edge.reason, "");
      const { kernels: from } = report.nodes[edge.from];
      const { kernels: to } = report.nodes[edge.to];
      assert.equal(edge.boundary, !(to.length > 0 && to.every((k) => from.includes(k))));
      assert.equal(edge.bytes > 0, edge.boundary);
    }
    assert.ok(report.gpu.length > 0);
    for (const { cost, loops, params, launches, milliseconds, wgsl } of report.gpu) {
      assert.ok(cost.flops > 0 && cost.bytesRead > 0 && loops.length > 0 && params.length > 1);
      assert.deepEqual([launches, milliseconds], [1, 2]);
      assert.match(wgsl.join("\n"), /@compute @workgroup_size/);
    }
    assert.deepEqual(report.memory.unused, ["w"]);
    assert.deepEqual(report.passes.map((pass) => pass.name).slice(0, 3), [
      "traced",
      "inline_calls",
      "dead_code",
    ]);
    // Plain data: nothing is lost on its way to the page.
    assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
  });
});

describe("rows of differences", () => {
  test("lines of one value stand in one row, changed or not", () => {
    const left = ["graph @f {", "  %0: f32[] = sin %x", "  %1: f32[] = exp %0", "  return %1"];
    const right = ["graph @f {", "  %1: f32[] = exp %x", "  %2: f32[] = cos %1", "  return %2"];
    assert.deepEqual(
      diffRows(left, right)?.map(({ left: l, right: r, kind }) => [l, r, kind]),
      [
        [0, 0, "same"],
        [1, null, "removed"],
        [2, 1, "changed"],
        [3, null, "removed"],
        [null, 2, "added"],
        [null, 3, "added"],
      ],
    );
  });

  test("texts that have hardly a line in common are not matched", () => {
    const lines = (name: string): string[] => Array.from({ length: 2000 }, (_, i) => `${name} ${i}`);
    assert.equal(diffRows(lines("a"), lines("b")), null);
    assert.deepEqual(unmatchedRows(["a", "b"], ["c"]), [
      { left: 0, right: 0, kind: "same" },
      { left: 1, right: null, kind: "same" },
    ]);
  });

  test("what is far from every change is counted, not shown", () => {
    const left = Array.from({ length: 100 }, (_, i) => `  %${i}: f32[] = sin %x`);
    const right = left.with(50, "  %50: f32[] = cos %x");
    const shown = withContext(diffRows(left, right) ?? [], 2);
    assert.deepEqual(
      shown.filter((row) => "hidden" in row),
      [{ hidden: 48 }, { hidden: 47 }],
    );
    assert.equal(shown.length, 7);
  });
});

describe("collapsed graphs", () => {
  const model = (count: number, functions: number): GraphModel => {
    const nodes = Array.from({ length: count }, (_, i) => ({
      op: "sin",
      outputs: [i],
      kernels: [Math.floor(i / 10)],
      parent: null,
      source: { file: 0, line: Math.floor(i / 25), column: 1, function: `f${i % functions}` },
    }));
    const edges = nodes.slice(1).map((_, i) => ({
      value: i,
      from: i,
      to: i + 1,
      boundary: i % 10 === 9,
      reason: "only a test",
      bytes: i % 10 === 9 ? 8 : 0,
    }));
    return new GraphModel({
      nodes,
      edges,
      titleOf: String,
      functionOf: ({ source }) => source?.function ?? "",
      lineOf: ({ source }) => String(source?.line),
    });
  };

  test("a small graph is drawn whole", () => {
    const small = model(WHOLE, 3);
    const { boxes, arrows } = small.draw(small.openAtFirst);
    assert.equal(boxes.length, WHOLE);
    assert.equal(arrows.length, WHOLE - 1);
    assert.equal(arrows.filter((arrow) => arrow.boundaries > 0).length, 7);
  });

  test("a large one by functions, and no click adds more than a screenful", () => {
    const large = model(5000, 4);
    let open = large.openAtFirst;
    let { boxes } = large.draw(open);
    assert.equal(boxes.length, 4);
    for (let clicks = 0; clicks < 40; clicks++) {
      const closed = boxes.find((box) => box.closed);
      if (closed === undefined) break;
      open = new Set([...open, closed.id]);
      const after = large.draw(open).boxes;
      assert.ok(after.length - boxes.length <= 200, `${after.length - boxes.length} boxes at once`);
      assert.equal(
        after.reduce((n, box) => n + box.nodes.length, 0),
        5000,
      );
      boxes = after;
    }
    // Opened along the path to it, every equation is a box of its own.
    const seen = large.draw(new Set(large.pathTo(4321))).boxes;
    assert.ok(seen.some((box) => !box.closed && box.nodes[0] === 4321));
  });
});

describe("edits of graphs", () => {
  const graph = parseGraph(NET);
  const inputs = graph.inputs.map(({ type }, i) => randomInput(type, 1, i));

  test("what is cut out becomes an input that holds what it was", () => {
    const whole = runReference(graph, inputs);
    const values = new Map(graph.equations.map((e, i) => [e.outputs[0], i]));
    const prefix = new Graph(
      "prefix",
      graph.inputs,
      graph.equations,
      graph.equations.map((e) => e.outputs[0]),
    );
    const known = runReference(prefix, inputs);
    const trial = cut({ graph, inputs }, new Set([0, 1]), (v) => known[values.get(v) ?? 0]);
    assert.ok(trial);
    assert.deepEqual(graphViolations(trial.graph), []);
    assert.deepEqual(
      trial.graph.equations.map((e) => e.op),
      ["neg", "exp", "exp", "add"],
    );
    assert.deepEqual(runReference(trial.graph, trial.inputs), whole);
  });

  test("an extent shrinks everywhere at once, and types are inferred anew", () => {
    const trial = withExtent({ graph, inputs }, 4, 1);
    assert.ok(trial);
    assert.deepEqual(graphViolations(trial.graph), []);
    assert.deepEqual(
      trial.inputs.map((x) => x.type.text),
      ["f32[1,6]", "f32[8,1]"],
    );
    // Another axis is as long: it cannot be told apart, and shrinks as well.
    const square = parseGraph(
      "graph @f(%x: f32[3,3]) -> (f32[3]) {\n  %0: f32[3] = reduce_sum %x {axes=[0]}\n  return %0\n}\n",
    );
    const [output] =
      withExtent({ graph: square, inputs: [randomInput(square.inputs[0].type, 0, 0)] }, 3, 2)?.graph
        .outputs ?? [];
    assert.equal(output?.type.text, "f32[2]");
    // Concatenated extents are a sum, which no longer fits.
    const joined = parseGraph(
      "graph @f(%x: f32[2], %y: f32[3]) -> (f32[5]) {\n  %0: f32[5] = concatenate %x, %y {dimension=0}\n  return %0\n}\n",
    );
    const both = joined.inputs.map(({ type }, i) => randomInput(type, 0, i));
    assert.equal(withExtent({ graph: joined, inputs: both }, 3, 1)?.graph.outputs[0].type.text, "f32[3]");
  });
});

describe("results and files", () => {
  test("differences: by dtype, NaN equal to NaN, the worst element named", () => {
    const a = refTensor("float32", [2, 2], [1, 2, NaN, 1e-6]);
    assert.deepEqual(compareResults([a], [refTensor("float32", [2, 2], [1.00001, 2, NaN, 0])]), [null]);
    const [difference] = compareResults([a], [refTensor("float32", [2, 2], [1, 2.5, NaN, 0])]);
    assert.deepEqual([difference?.mismatches, difference?.index], [1, [0, 1]]);
    const integers = [refTensor("int32", [], [3]), refTensor("int32", [], [4])];
    assert.equal(compareResults([integers[0]], [integers[1]], { rtol: 1, atol: 1 })[0]?.mismatches, 1);
    assert.ok(compareResults([a], [refTensor("float32", [2, 2], [1, 2, 3, 0])])[0] !== null, "NaN is not 3");
  });

  test(".npy of every dtype", () => {
    for (const dtype of DTYPES) {
      const tensor = refTensor(dtype, [2, 3], [0, 1, 1, 0, 1, 0]);
      assert.deepEqual(parseNpy(formatNpy(tensor)), tensor, dtype);
    }
    assert.throws(() => parseNpy(new Uint8Array(10)), /does not begin with/);
  });

  test("graphs as data hold numbers that JSON has not", () => {
    const graph = parseGraph(
      "graph @f(%x: f32[]) -> (f32[]) {\n  %0: f32[] = max %x, -inf:f32[]\n  return %0\n}\n",
    );
    assert.deepEqual(graphData(graph, "/").equations[0].inputs[1], {
      literal: "-inf",
      type: { dtype: "float32", shape: [] },
    });
  });
});

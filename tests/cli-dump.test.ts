/** `weft dump`: stages of an exported function, and what is wrong with a command line or a file. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { GRAPH_PASSES } from "../compiler/pipeline.ts";
import { parseGraph, parseKernel, parseProgram } from "../compiler/text/index.ts";
import { verifyGraph, verifyKernel, verifyProgram } from "../compiler/verify/index.ts";
import { Workspace } from "./helpers/run-cli.ts";

let place: Workspace;
before(() => {
  place = new Workspace();
  place.fixture("model.ts");
});
after(() => place.remove());

const LOSS = ["dump", "model.ts#loss", "--args", "{w: f32[3], b: f32[]}, f32[3]"];

describe("weft dump", { concurrency: 2 }, () => {
  test("prints all stages, each under its heading", async () => {
    const { code, stdout, stderr } = await place.weft(LOSS);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.deepEqual(
      [...stdout.matchAll(/^\/\/ (\w+): .*\n\n(\w+|\()/gm)].map(([, stage, first]) => `${stage} ${first}`),
      ["graph graph", "optimized graph", "fusion plan", "kernel kernel", "program program", "wat ("],
    );
    // The user's TypeScript lines, relative to where the command runs.
    assert.match(stdout, /^ {2}%\d+: f32\[3\] = exp %\d+ +\/\/ model\.ts:12:20 in loss$/m);
    assert.ok(!stdout.includes(place.folder));
  });

  test("--json has every stage as text that can be read back", async () => {
    const { code, stdout } = await place.weft([...LOSS, "--json"]);
    assert.equal(code, 0);
    const { name, inputs, outputs, passes, stages } = JSON.parse(stdout);
    assert.deepEqual(
      { name, inputs, outputs },
      { name: "loss", inputs: ["f32[]", "f32[3]", "f32[3]"], outputs: ["f32[]"] },
    );
    assert.deepEqual(Object.keys(stages), ["graph", "optimized", "fusion", "kernel", "program", "wat"]);
    verifyGraph(parseGraph(stages.graph.text));
    verifyGraph(parseGraph(stages.optimized.text), { level: "optimised" });
    verifyKernel(parseKernel(stages.kernel.text));
    verifyProgram(parseProgram(stages.program.text));
    assert.deepEqual(passes[0], {
      index: 0,
      name: "traced",
      level: "graph",
      milliseconds: 0,
      changed: true,
      equations: 5,
    });
    // Equations, kernels and the schedule are data, which say the same as the text.
    const [mul] = stages.graph.data.equations;
    assert.deepEqual(mul, {
      outputs: [{ name: "%0", type: { dtype: "float32", shape: [3] } }],
      op: "mul",
      inputs: [{ value: "%params_w" }, { value: "%x" }],
      params: {},
      source: { file: "model.ts", line: 12, column: 33, function: "loss" },
    });
    const [kernel] = stages.kernel.data;
    assert.equal(kernel.name, stages.program.data.kernels[0].name);
    assert.deepEqual(kernel.params.map((p: { size: number }) => p.size).sort(), [1, 1, 3, 3]);
    const loads = kernel.expressions.filter((e: { op: string }) => e.op === "load");
    assert.deepEqual(loads.map((e: { name: string }) => e.name).sort(), ["params_b", "params_w", "x"]);
    assert.deepEqual(
      stages.program.data.schedule.map((step: { kind: string }) => step.kind),
      ["launch"],
    );
    const [group] = stages.fusion.data.groups;
    assert.deepEqual([group.kind, group.roots], ["reduce", ["%4"]]);
    assert.ok(stages.fusion.data.decisions.every((d: { reason: string }) => d.reason !== ""));
    assert.match(stages.wat.text, /^\(module/);
  });

  test("--pass: what passes made, by name, number, or all of them", async () => {
    const one = await place.weft([...LOSS, "--pass", "dead_code_again"]);
    assert.match(one.stdout, /^graph @loss/);
    const two = await place.weft([...LOSS, "--pass", "0,fusion"]);
    const [, fusion] =
      /^\/\/ 0 as it was traced: 5 equations, .*\n\ngraph @loss[\s\S]*\n\/\/ (\d+) after fusion, .*\n\nplan @loss/.exec(
        two.stdout,
      ) ?? [];
    assert.equal(Number(fusion), GRAPH_PASSES.length + 1);
    const all = await place.weft([...LOSS, "--pass", "all"]);
    assert.equal(all.stdout.match(/^\/\/ \d+ /gm)?.length, GRAPH_PASSES.length + 4);
    const wrong = await place.weft([...LOSS, "--pass", "simplfy"]);
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.stderr,
      /^weft: no pass simplfy ran; did you mean simplify\?\nPasses: traced, inline_calls, /,
    );
  });

  test("--diff compares passes with the same names for the same values", async () => {
    place.write(
      "twice.ts",
      'import { numpy as np, type NdArray } from "weft";\nexport const f = (x: NdArray): NdArray => {\n  const unused = np.sin(x);\n  return np.exp(x).add(np.exp(x)).add(np.cos(x)).mul(unused.size);\n};\n',
    );
    const { stdout, code } = await place.weft([
      "dump",
      "twice.ts",
      "--args",
      "f32[3]",
      "--diff",
      "traced..optimized",
    ]);
    assert.equal(code, 0);
    const lines = stdout.split("\n");
    assert.deepEqual(lines.slice(0, 2), ["--- traced", "+++ dead_code_again"]);
    // Two equations are gone, and the numbers of those behind them have not moved.
    const removed = lines.filter((line) => line.startsWith("-  %")).map((line) => /%\d+/.exec(line)?.[0]);
    assert.deepEqual(removed, ["%0", "%2", "%3"]);
    assert.deepEqual(
      lines.filter((line) => line.startsWith("+  %")).map((line) => line.replace(/ +\/\/.*/, "")),
      ["+  %3: f32[3] = add %1, %1"],
    );
    const same = await place.weft([...LOSS, "--diff", "simplify"]);
    assert.deepEqual([same.code, same.stdout], [0, ""]);
    assert.match(same.stderr, /^weft: dead_code and simplify are the same$/m);
  });

  test("--kernel: one kernel's loops, WebAssembly and group", async () => {
    const wat = await place.weft([...LOSS, "--stage", "wat", "--kernel", "k0"]);
    assert.match(wat.stdout, /^ {2}\(func \$k0_reduce_sum /);
    const fusion = await place.weft([...LOSS, "--stage", "fusion", "--kernel", "reduce"]);
    assert.match(fusion.stdout, /^plan @loss \{\n {2}group 0 reduce/);
    const wrong = await place.weft([...LOSS, "--kernel", "k7"]);
    assert.deepEqual(
      [wrong.code, wrong.stderr],
      [2, "weft: no kernel is called k7\nKernels: k0_reduce_sum\n"],
    );
  });

  test("--target webgpu: the shaders, with their names and source lines", async () => {
    const { code, stdout } = await place.weft([...LOSS, "--target", "webgpu", "--stage", "wgsl"]);
    assert.equal(code, 0);
    assert.match(stdout, /^\/\/ k0_\w+\n[\s\S]*\/\/ .*model\.ts:12:\d+\n[\s\S]*@compute/);
    const all = await place.weft([...LOSS, "--target", "webgpu"]);
    assert.deepEqual(
      [...all.stdout.matchAll(/^\/\/ (\w+): (?!\d)/gm)].map(([, stage]) => stage),
      ["graph", "optimized", "fusion", "kernel", "program", "wgsl"],
    );
    const wrong = await place.weft([...LOSS, "--target", "webgpu", "--stage", "wat"]);
    assert.deepEqual(
      [wrong.code, wrong.stderr],
      [
        2,
        "weft: there is no wat on the way to webgpu: its stages are graph, optimized, fusion, kernel, program, wgsl\n",
      ],
    );
  });

  test("--format dot draws a stage", async () => {
    const graph = await place.weft([...LOSS, "--stage", "graph", "--format", "dot"]);
    assert.match(graph.stdout, /^digraph "loss" \{\n/);
    assert.match(graph.stdout, /\n {2}n\d+ \[label="exp\\n%3: f32\[3\]\\n[^"]*model\.ts:12:20"\];\n/);
    const fusion = await place.weft([...LOSS, "--stage", "fusion", "--format", "dot"]);
    // All equations have the one group's colour.
    assert.equal(fusion.stdout.match(/fillcolor="#8dd3c7"/g)?.length, 5);
    for (const stage of ["kernel", "program"]) {
      const { stdout } = await place.weft([...LOSS, "--stage", stage, "--format", "dot"]);
      assert.match(stdout, /k0_reduce_sum/);
    }
    const none = await place.weft([...LOSS, "--format", "dot"]);
    assert.equal(none.code, 2);
  });

  test("--out writes the files and a manifest, of this function alone", async () => {
    const { code, stdout, stderr } = await place.weft([...LOSS, "--out", "out/loss"]);
    assert.deepEqual(
      { code, stdout, stderr },
      { code: 0, stdout: "IR of 1 compiled function: out/loss/ (manifest.json)\n", stderr: "" },
    );
    const manifest = JSON.parse(place.read("out/loss/manifest.json"));
    assert.deepEqual(place.list("out/loss"), ["manifest.json", ...manifest.modules[0].files].sort());
    assert.ok(
      place.list("out/loss").every((file) => file === "manifest.json" || file.startsWith("m0000.loss.")),
    );
  });

  test("a jitted export, and --stage graph --format jaxpr; what the file prints goes to stderr", async () => {
    place.write(
      "jitted.ts",
      'import { jit, numpy as np, type NdArray } from "weft";\nconsole.log("hello");\nexport default jit((x: NdArray) => np.sin(x), { name: "wave" });\n',
    );
    const { code, stdout, stderr } = await place.weft([
      "dump",
      "jitted.ts",
      "--args",
      "f32[]*",
      "--stage",
      "graph",
      "--format",
      "jaxpr",
    ]);
    assert.equal(code, 0);
    assert.equal(stderr, "hello\n");
    assert.equal(stdout, "{ lambda ; a:f32[]. let\n    b:f32[] = sin a\n  in (b,) }\n");
  });

  test("numbers, strings and options without arrays are static", async () => {
    const power = await place.weft([
      "dump",
      "model.ts#power",
      "--args",
      'f32[3], 3, "times"',
      "--stage",
      "graph",
    ]);
    assert.equal(power.code, 0, power.stderr);
    assert.equal(power.stdout.match(/ = mul /g)?.length, 2);
    const scaled = await place.weft([
      "dump",
      "model.ts#scaled",
      "--args",
      "i32[3], {factor: 7}",
      "--stage",
      "graph",
    ]);
    assert.match(scaled.stdout, /= mul %\w+, 7:i32\[3\]/);
  });

  test("exampleArgs stand in for --args", async () => {
    place.write(
      "example.ts",
      [
        'import { numpy as np, spec, type NdArray } from "weft";',
        "export const double = (x: NdArray, y: NdArray): NdArray => x.add(y);",
        "export const exampleArgs = async () => [spec([2, 3]), np.ones([3])];",
      ].join("\n"),
    );
    const given = await place.weft(["dump", "example.ts", "--stage", "graph"]);
    assert.match(given.stdout, /^graph @double\(%x: f32\[2,3\], %y: f32\[3\]\) -> \(f32\[2,3\]\) \{\n/);
    const other = await place.weft(["dump", "example.ts", "--args", "f32[], f32[]", "--stage", "graph"]);
    assert.match(other.stdout, /^graph @double\(%x: f32\[\], %y: f32\[\]\)/);
  });
});

describe("weft dump, wrong input", { concurrency: 2 }, () => {
  const cases: readonly [what: string, args: string[], code: number, stderr: RegExp][] = [
    [
      "an unknown export",
      ["model.ts#los"],
      1,
      /^weft: model\.ts exports no los; did you mean loss\?\nIts functions:\n {2}model\.ts#gradient\n {2}model\.ts#loss\n/,
    ],
    [
      "several functions",
      ["model.ts", "--args", "f32[3]"],
      1,
      /^weft: model\.ts exports 5 functions\. Say which:\n {2}model\.ts#gradient\n/,
    ],
    [
      "no function",
      ["model.ts#notAFunction"],
      1,
      /^weft: model\.ts exports notAFunction, but it is not a function\n/,
    ],
    [
      "no arguments",
      ["model.ts#loss"],
      2,
      /^weft: loss takes 2 arguments\. Describe them with --args, as in\n {2}weft dump model\.ts#loss --args 'f32\[3\], f32\[3\]'\n/,
    ],
    [
      "arguments that do not parse",
      ["model.ts#loss", "--args", "{w: f3[3]}"],
      2,
      /^weft: --args:1:5: unknown dtype f3; did you mean f32\?.*\n {2}\{w: f3\[3\]\}\n {6}\^\n$/,
    ],
    [
      "an unknown stage",
      ["model.ts#loss", "--stage", "hlo"],
      2,
      /^weft: option '--stage <stage>' argument 'hlo' is invalid\. Allowed choices are graph, optimized, fusion, kernel, program, wat, wgsl\.\n$/,
    ],
    [
      "shapes that do not fit",
      ["model.ts#mismatched", "--args", "f32[3]", "--out", "never"],
      1,
      /^weft: Weft\w+Error: [^\n]*shapes[^\n]*\(3,\)[^\n]*\(2,\)[\s\S]* {4}at mismatched \(model\.ts:\d+:\d+\)\n$/,
    ],
    [
      "a function that throws",
      ["model.ts#power", "--args", 'f32[3], 3, "x"'],
      1,
      /^weft: Error: expected the name "times", got x\n {4}at power \(model\.ts:\d+:\d+\)\n$/,
    ],
    ["a file that is not there", ["nowhere.ts#loss"], 1, /^weft: there is no file nowhere\.ts\n$/],
  ];
  for (const [what, args, code, stderr] of cases) {
    test(what, async () => {
      const result = await place.weft(["dump", ...args]);
      assert.equal(result.stdout, "");
      assert.match(result.stderr, stderr);
      assert.equal(result.code, code);
      // Nothing half-written, nothing left behind.
      assert.deepEqual(place.list("never"), []);
      assert.deepEqual(
        place.list().filter((name) => /tmp/.test(name)),
        [],
      );
    });
  }
});

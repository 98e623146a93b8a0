/** `weft dump`: stages of an exported function, and what is wrong with a command line or a file. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
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
    const { name, inputs, outputs, stages } = JSON.parse(stdout);
    assert.deepEqual(
      { name, inputs, outputs },
      { name: "loss", inputs: ["f32[]", "f32[3]", "f32[3]"], outputs: ["f32[]"] },
    );
    assert.deepEqual(Object.keys(stages), ["graph", "optimized", "fusion", "kernel", "program", "wat"]);
    verifyGraph(parseGraph(stages.graph));
    verifyGraph(parseGraph(stages.optimized), { level: "optimised" });
    verifyKernel(parseKernel(stages.kernel));
    verifyProgram(parseProgram(stages.program));
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
      /^weft: option '--stage <stage>' argument 'hlo' is invalid\. Allowed choices are graph, optimized, fusion, kernel, program, wat\.\n$/,
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

/** `weft opt` and `weft verify`: passes on IR files, errors with line and column, exit codes; help and version. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { GRAPH_PASSES } from "../compiler/pipeline.ts";
import { parseGraph, printGraph } from "../compiler/text/index.ts";
import { VERSION } from "../frontend/inspect/version.ts";
import { root } from "./helpers/paths.ts";
import { Workspace } from "./helpers/run-cli.ts";

/** `exp` twice, which common_subexpressions merges, and an unused `sin`. */
const GRAPH = `graph @f(%x: f32[3]) -> (f32[3]) {
  %0: f32[3] = exp %x       // src/f.ts:1:2 in f
  %1: f32[3] = exp %x       // src/f.ts:2:2 in f
  %2: f32[3] = sin %x       // src/f.ts:3:2 in f
  %3: f32[3] = add %0, %1   // src/f.ts:4:2 in f
  return %3
}
`;

let place: Workspace;
before(() => {
  place = new Workspace();
  place.write("f.ir", GRAPH);
});
after(() => place.remove());

describe("weft opt", { concurrency: 2 }, () => {
  test("runs the passes that are named, in their order, and prints a graph that can be read", async () => {
    const { code, stdout, stderr } = await place.weft([
      "opt",
      "f.ir",
      "--passes",
      "dead_code, common_subexpressions",
    ]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.equal(
      stdout,
      "graph @f(%x: f32[3]) -> (f32[3]) {\n" +
        "  %0: f32[3] = exp %x      // src/f.ts:1:2 in f\n" +
        "  %1: f32[3] = add %0, %0  // src/f.ts:4:2 in f\n" +
        "  return %1\n}\n",
    );
    assert.equal(printGraph(parseGraph(stdout)), stdout);
  });

  test("reads stdin, runs all passes of graphs by default, prints after each", async () => {
    const { code, stdout } = await place.weft(["opt", "-", "--print-after-all"], { stdin: GRAPH });
    assert.equal(code, 0);
    const headings = [...stdout.matchAll(/^\/\/ (.*)$/gm)]
      .map(([, text]) => text)
      .filter((text) => /^(input|after)/.test(text));
    assert.equal(headings[0], "input: 4 equations");
    assert.deepEqual(
      headings.slice(1).map((text) => /^after (\w+)/.exec(text)?.[1]),
      GRAPH_PASSES.map((pass) => pass.name),
    );
    assert.ok(headings.includes("after dead_code: 3 equations"));
    assert.ok(headings.includes("after inline_calls (no change): 4 equations"));
  });

  test("goes on to the plan, the program and WebAssembly", async () => {
    const plan = await place.weft(["opt", "f.ir", "--passes", "dead_code,fusion"]);
    assert.match(plan.stdout, /^plan @f \{\n {2}group 0 map -> /);
    const program = await place.weft(["opt", "f.ir", "--passes", "fusion,assembly", "--donate", "0"]);
    assert.match(program.stdout, /^program @f \{\n[\s\S]* alias 0\n/);
    // A program is where the last pass can begin, as a dump of its failure does.
    const wat = await place.weft(["opt", "-", "--passes", "wasm"], { stdin: program.stdout });
    assert.match(wat.stdout, /^\(module\n[\s\S]*\(func \$k0_/);
  });

  const wrong: readonly [what: string, args: string[], code: number, stderr: RegExp][] = [
    [
      "an unknown pass",
      ["f.ir", "--passes", "simplfy"],
      2,
      /^weft: unknown pass simplfy; did you mean simplify\?\nPasses of graphs: inline_calls, dead_code, .*\nThen, in this order: fusion, assembly, wasm\n$/,
    ],
    [
      "passes in a wrong order",
      ["f.ir", "--passes", "fusion,simplify"],
      2,
      /^weft: simplify takes a graph, so it cannot run after fusion\n$/,
    ],
    [
      "a pass left out",
      ["f.ir", "--passes", "fusion,wasm"],
      2,
      /^weft: wasm cannot run after fusion: the order is fusion, assembly, wasm\n$/,
    ],
    ["positions that are none", ["f.ir", "--donate", "x"], 2, /^weft: --donate takes positions of inputs/],
    ["no file", ["nowhere.ir"], 1, /^weft: there is no file nowhere\.ir\n$/],
    ["no argument", [], 2, /^weft: missing required argument 'file'\n/],
  ];
  for (const [what, args, code, stderr] of wrong) {
    test(what, async () => {
      const result = await place.weft(["opt", ...args]);
      assert.equal(result.stdout, "");
      assert.match(result.stderr, stderr);
      assert.equal(result.code, code);
    });
  }

  test("a file that does not parse: line, column, the line and a caret", async () => {
    place.write("bad.ir", GRAPH.replace("exp %x", "expp %x"));
    const result = await place.weft(["opt", "bad.ir", "--passes", "simplify"]);
    assert.deepEqual(result, {
      code: 1,
      stdout: "",
      stderr:
        "weft: bad.ir:2:16: unknown operation expp; did you mean exp?\n" +
        "    %0: f32[3] = expp %x       // src/f.ts:1:2 in f\n" +
        "                 ^\n",
    });
  });
});

describe("weft verify", { concurrency: 2 }, () => {
  test("says what a valid file holds", async () => {
    assert.deepEqual(await place.weft(["verify", "f.ir"]), {
      code: 0,
      stdout: "f.ir: graph @f, 4 equations: valid\n",
      stderr: "",
    });
  });

  test("all violations, each with its line and column", async () => {
    place.write(
      "types.ir",
      GRAPH.replace("%0: f32[3] = exp", "%0: f32[4] = exp").replace("%2: f32[3]", "%2: i32[3]"),
    );
    const { code, stdout, stderr } = await place.weft(["verify", "types.ir"]);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    assert.match(
      stderr,
      /^weft: types\.ir:2:3: exp gives f32\[3\], but f32\[4\] is recorded\n {2}in graph @f, equation %0/,
    );
    assert.match(stderr, /^types\.ir:4:3: sin gives f32\[3\], but i32\[3\] is recorded$/m);
  });

  test("kernels and programs too", async () => {
    place.write("k.ir", "kernel @k(%out: buf<f32,2> write) {\n  store %out[5] = 1.0f32\n}\n");
    const { code, stderr } = await place.weft(["verify", "k.ir"]);
    assert.equal(code, 1);
    assert.match(stderr, /^weft: k\.ir:2:\d+: /);
  });
});

describe("weft", { concurrency: 2 }, () => {
  test("--version is the package's", async () => {
    const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
    assert.equal(VERSION, version);
    assert.deepEqual(await place.weft(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("--help tells of the commands and exit codes; none is wrong usage", async () => {
    const help = await place.weft(["--help"]);
    assert.equal(help.code, 0);
    for (const text of [
      "run ",
      "dump ",
      "opt ",
      "verify ",
      "diff ",
      "bisect ",
      "reduce ",
      "Examples:",
      "Exit codes: 0",
    ])
      assert.ok(help.stdout.includes(text), text);
    const none = await place.weft([]);
    assert.deepEqual(
      { code: none.code, stdout: none.stdout, stderr: none.stderr },
      { code: 2, stdout: "", stderr: help.stdout },
    );
    const unknown = await place.weft(["frobnicate"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /^weft: unknown command 'frobnicate'/);
  });
});

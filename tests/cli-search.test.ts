/** `weft bisect` and `weft reduce`: a broken pass and a wrong choice of fusion are found, and shrunk to what matters. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseGraph } from "../compiler/text/index.ts";
import { verifyGraph } from "../compiler/verify/index.ts";
import { Workspace } from "./helpers/run-cli.ts";

/** A network's forward pass, in whose middle one subtraction stands. */
const NETWORK = `graph @net(%w: f32[8,16], %x: f32[32,8], %s: f32[32]) -> (f32[], f32[32,16], f32[32]) {
  %0: f32[32,16] = dot_general %x, %w {lhsBatch=[], lhsContracting=[1], preferredElementType=null, rhsBatch=[], rhsContracting=[0]}
  %1: f32[32,16] = tanh %0                                                              // net.ts:3:4 in net
  %2: f32[32,16] = broadcast_in_dim %s {broadcastDimensions=[0], shape=[32, 16]}
  %3: f32[32,16] = sub %1, %2                                                           // net.ts:4:4 in net
  %4: f32[32,16] = exp %3
  %6: f32[], %5: f32[32] = scan 0.0:f32[], %s {
    body=graph @body(%c: f32[], %v: f32[]) -> (f32[], f32[]) {
      %0: f32[] = add %c, %v
      return %0, %0
    },
    length=32,
    numCarry=1,
    numConsts=0,
    reverse=false,
    unroll=1
  }
  %7: f32[] = reduce_sum %4 {axes=[0, 1]}
  return %7, %4, %5
}
`;

/** Two reductions over the same number of results and different extents. */
const REDUCTIONS = `graph @f(%x: f32[4,8], %y: f32[4,16]) -> (f32[4], f32[4]) {
  %0: f32[4] = reduce_sum %x {axes=[1]}              // two.ts:1:1 in f
  %1: f32[4,16] = mul %y, 2.0:f32[4,16]
  %2: f32[4] = reduce_sum %1 {axes=[1]}              // two.ts:2:1 in f
  return %0, %2
}
`;

let place: Workspace;
before(() => {
  place = new Workspace();
  place.fixture("wrong-pass.ts");
  for (const file of ["wrong-fusion.ts", "wrong-kernel.ts", "wrong-code.ts", "replace-function.ts"]) {
    place.fixture(file);
  }
  place.write("net.ir", NETWORK);
  place.write("two.ir", REDUCTIONS);
});
after(() => place.remove());

describe("weft bisect", { concurrency: 2 }, () => {
  test("no pass of Weft changes the results", async () => {
    const { code, stdout } = await place.weft(["bisect", "net.ir"]);
    assert.equal(code, 0, stdout);
    assert.match(
      stdout,
      /^inline_calls +changed nothing\n[\s\S]*\nwasm +same results\n\nNo pass changes the results\.\n$/,
    );
  });

  test("finds a broken pass", async () => {
    const { code, stdout } = await place.weft([
      "bisect",
      "net.ir",
      "--seed",
      "5",
      "--plugin",
      "wrong-pass.ts",
    ]);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^common_subexpressions +(same results|changed nothing)\nexchange +RESULTS DIFFER\n\n/m,
    );
    assert.match(
      stdout,
      /\nThe first pass after which results differ: exchange\n {2}output 0, f32\[\]: 1 of 1 elements differ/,
    );
  });

  test("finds a wrong choice of fusion", async () => {
    const { code, stdout } = await place.weft(["bisect", "two.ir", "--plugin", "wrong-fusion.ts"]);
    assert.equal(code, 1);
    assert.match(stdout, /\nfusion +RESULTS DIFFER\n/);
    assert.match(
      stdout,
      /\n {2}reduce_sum f32\[4\] \(two\.ts:2:1\) joins the kernel of reduce_sum f32\[4\] \(two\.ts:1:1\): forced\n$/,
    );
    const { culprit } = JSON.parse(
      (await place.weft(["bisect", "two.ir", "--plugin", "wrong-fusion.ts", "--json"])).stdout,
    );
    assert.deepEqual([culprit.pass, culprit.kind, culprit.choice.kind], ["fusion", "mismatch", "join"]);
    assert.deepEqual(culprit.choice.equation.outputs, [{ name: "%2", type: "f32[4]" }]);
  });

  test("names the kernel that was lowered wrongly, and the one whose code is wrong", async () => {
    for (const [plugin, pass] of [
      ["wrong-kernel.ts", "assembly"],
      ["wrong-code.ts", "wasm"],
    ]) {
      const { code, stdout } = await place.weft(["bisect", "net.ir", "--plugin", plugin]);
      assert.equal(code, 1, stdout);
      assert.match(
        stdout,
        new RegExp(
          `^${pass} +RESULTS DIFFER\n[\\s\\S]*\nThe first kernel that is wrong: k\\d+_\\w+ \\(.*net\\.ts:3:4.*\\)\n  out\\w*: f32\\[512\\]: `,
          "m",
        ),
      );
      const json = await place.weft(["bisect", "net.ir", "--plugin", plugin, "--json"]);
      const { culprit } = JSON.parse(json.stdout);
      assert.equal(culprit.pass, pass);
      assert.match(culprit.kernel.name, /^k\d+_\w+$/);
      assert.equal(culprit.kernel.difference.elements, 512);
    }
  });

  test("wrong files and options", async () => {
    const kernel = await place.weft(["bisect", "-"], { stdin: "kernel @k(%o: buf<f32,1> write) {\n}\n" });
    assert.deepEqual([kernel.code, kernel.stderr], [1, "weft: <stdin> is a kernel, and a graph is needed\n"]);
    const plugin = await place.weft(["bisect", "two.ir", "--plugin", "two.ir"]);
    assert.equal(plugin.code, 1);
    const seed = await place.weft(["bisect", "two.ir", "--seed", "x"]);
    assert.deepEqual([seed.code, seed.stderr], [2, "weft: --seed takes a whole number, and not x\n"]);
  });
});

describe("weft reduce", { concurrency: 2 }, () => {
  test("to one subtraction of numbers, with the inputs beside it", async () => {
    const { code, stdout, stderr } = await place.weft([
      "reduce",
      "net.ir",
      "--plugin",
      "wrong-pass.ts",
      "--out",
      "small.ir",
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^8 equations → 1, by \d+ trials\n$/);
    const graph = parseGraph(place.read("small.ir"));
    verifyGraph(graph);
    assert.deepEqual(
      graph.equations.map((e) => e.op),
      ["sub"],
    );
    assert.ok(graph.equations[0].outputs[0].type.size <= 1);
    const files = stdout.trim().split("\n");
    assert.deepEqual(files, ["small.ir", ...graph.inputs.map((_, i) => `small.${i}.npy`)]);
    // What is left still fails, on the inputs that were left with it.
    const again = await place.weft([
      "run",
      "small.ir",
      ...(files.length > 1 ? ["--inputs", ...files.slice(1)] : []),
      "--reference",
      "--plugin",
      "wrong-pass.ts",
    ]);
    assert.equal(again.code, 1, again.stdout);
    assert.match(again.stdout, /1 of 1 elements differ/);
  });

  test("a wrong choice of fusion: the two reductions and nothing else", async () => {
    const { stdout } = await place.weft(["reduce", "two.ir", "--plugin", "wrong-fusion.ts", "--json"]);
    const { equations, graph } = JSON.parse(stdout);
    assert.deepEqual(equations, { before: 3, after: 2 });
    assert.deepEqual(
      parseGraph(graph).equations.map((e) => e.op),
      ["reduce_sum", "reduce_sum"],
    );
  });

  test("by a command's exit code", async () => {
    // Fails where there is an exp.
    const command = "! grep -q '= exp ' {}";
    const { stdout } = await place.weft(["reduce", "net.ir", "--command", command]);
    assert.deepEqual(
      parseGraph(stdout).equations.map((e) => e.op),
      ["exp"],
    );
  });

  test("what does not fail cannot be reduced", async () => {
    const mismatch = await place.weft(["reduce", "two.ir"]);
    assert.equal(mismatch.code, 1);
    assert.match(
      mismatch.stderr,
      /^weft: the results are as the interpreter has them: there is no mismatch\n$/,
    );
    const crash = await place.weft(["reduce", "two.ir", "--fails", "crash"]);
    assert.match(crash.stderr, /^weft: the graph compiles and runs: it does not crash\n$/);
  });
});

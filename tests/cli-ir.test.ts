/** `weft run FILE.ir`, `weft diff`, `weft completion`, and `--json` of `opt` and `verify`. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { refTensor } from "../compiler/interpret/tensors.ts";
import { formatNpy, parseNpy } from "../frontend/cli/npy.ts";
import { Workspace } from "./helpers/run-cli.ts";

const GRAPH = `graph @f(%x: f32[2,3], %n: i32[]) -> (f32[3], i32[]) {
  %0: f32[3] = reduce_sum %x {axes=[0]}  // f.ts:1:2 in f
  %1: i32[] = mul %n, %n                 // f.ts:2:2 in f
  return %0, %1
}
`;

let place: Workspace;
before(() => {
  place = new Workspace();
  place.write("f.ir", GRAPH);
  place.fixture("model.ts");
  place.fixture("wrong-pass.ts");
  const write = (name: string, ...tensor: Parameters<typeof refTensor>): void =>
    writeFileSync(path.join(place.folder, name), formatNpy(refTensor(...tensor)));
  write("x.npy", "float32", [2, 3], [1, 2, 3, 10, 20, 30]);
  write("x64.npy", "float64", [2, 3], [1, 2, 3, 10, 20, 30]);
  write("n.npy", "int32", [], [7]);
});
after(() => place.remove());

describe("weft run, IR", { concurrency: 2 }, () => {
  test("on NumPy files, with the reference", async () => {
    const { code, stdout, stderr } = await place.weft([
      "run",
      "f.ir",
      "--inputs",
      "x64.npy",
      "n.npy",
      "--reference",
    ]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.equal(
      stdout,
      "output 0, f32[3]:\n[11. 22. 33.]\nas the reference has it\noutput 1, i32[]:\n49\nas the reference has it\n",
    );
  });

  test("results as files and as JSON", async () => {
    const { stdout } = await place.weft([
      "run",
      "f.ir",
      "--inputs",
      "x.npy",
      "n.npy",
      "--outputs",
      "result",
      "--json",
    ]);
    assert.deepEqual(JSON.parse(stdout), {
      name: "f",
      outputs: [
        { dtype: "float32", shape: [3], file: "result.0.npy", difference: null },
        { dtype: "int32", shape: [], file: "result.1.npy", difference: null },
      ],
      matchesReference: null,
    });
    const { type, data } = parseNpy(readFileSync(path.join(place.folder, "result.0.npy")));
    assert.deepEqual([type.text, [...data]], ["f32[3]", [11, 22, 33]]);
  });

  test("kernels and programs", async () => {
    const kernel =
      "kernel @k(%x: buf<f32,4> read, %y: buf<f32,4> readwrite) {\n  serial i in 0..4 {\n    store %y[i] = load %y[i] + load %x[i]\n  }\n}\n";
    const sum = await place.weft(["run", "-", "--seed", "1", "--reference"], { stdin: kernel });
    assert.deepEqual([sum.code, sum.stderr], [0, ""]);
    assert.match(sum.stdout, /as the reference has it/);
    const program = await place.weft(["opt", "f.ir", "--passes", "fusion,assembly"]);
    place.write("p.ir", program.stdout);
    const ran = await place.weft(["run", "p.ir", "--inputs", "x.npy", "n.npy"]);
    assert.match(ran.stdout, /\[11\. 22\. 33\.\]\n/);
  });

  test("a difference to the reference is exit code 1", async () => {
    place.write(
      "sub.ir",
      "graph @g(%a: f32[], %b: f32[]) -> (f32[]) {\n  %0: f32[] = sub %a, %b\n  return %0\n}\n",
    );
    const { code, stdout } = await place.weft([
      "run",
      "sub.ir",
      "--seed",
      "2",
      "--reference",
      "--plugin",
      "wrong-pass.ts",
      "--json",
    ]);
    assert.equal(code, 1);
    const { outputs, matchesReference } = JSON.parse(stdout);
    assert.equal(matchesReference, false);
    const { actual, expected } = outputs[0].difference;
    assert.equal(actual, -Math.fround(expected));
  });

  const wrong: readonly [what: string, args: string[], code: number, stderr: RegExp][] = [
    [
      "no inputs",
      ["f.ir"],
      2,
      /^weft: it takes x: f32\[2,3\], n: i32\[\]\. Give --inputs with a NumPy file for each, or --seed N/,
    ],
    [
      "too few",
      ["f.ir", "--inputs", "x.npy"],
      2,
      /^weft: it takes 2 inputs, and --inputs names 1 files:\n {2}x: f32\[2,3\]\n/,
    ],
    [
      "another shape",
      ["f.ir", "--inputs", "n.npy", "n.npy"],
      1,
      /^weft: n\.npy holds i32\[\], and the input x is f32\[2,3\]\n/,
    ],
    [
      "no NumPy file",
      ["f.ir", "--inputs", "f.ir", "n.npy"],
      1,
      /^weft: f\.ir cannot be read: .*it does not begin with/,
    ],
    [
      "options of IR for a program",
      ["model.ts", "--reference"],
      2,
      /^weft: --reference is for files of IR \(\.ir\), and model\.ts is a program: its own options stand behind --\n/,
    ],
    ["arguments", ["f.ir", "--", "3"], 2, /^weft: a file of IR takes no arguments/],
    [
      "a device",
      ["f.ir", "--device", "webgpu"],
      2,
      /^weft: --device is for programs; weft profile FILE\.ir --device/,
    ],
  ];
  for (const [what, args, code, stderr] of wrong) {
    test(what, async () => {
      const result = await place.weft(["run", ...args]);
      assert.match(result.stderr, stderr);
      assert.deepEqual([result.code, result.stdout], [code, ""]);
    });
  }
});

describe("weft diff", { concurrency: 1 }, () => {
  test("what a changed pass does to a function, and nothing where nothing differs", async () => {
    place.write(
      "d.ts",
      'import { numpy as np, type NdArray } from "weft";\nexport const f = (x: NdArray): NdArray => np.exp(x).sub(np.sin(x));\n',
    );
    const dump = ["dump", "d.ts", "--args", "f32[3]", "--out"];
    assert.equal((await place.weft([...dump, "out/a"])).code, 0);
    assert.equal((await place.weft([...dump, "out/b", "--plugin", "wrong-pass.ts"])).code, 0);
    const same = await place.weft(["diff", "out/a", "out/a"]);
    assert.deepEqual([same.code, same.stdout], [0, "no difference\n"]);
    const { code, stdout } = await place.weft(["diff", "out/a", "out/b"]);
    assert.equal(code, 1);
    assert.match(stdout, /^function f: changed\n/);
    assert.match(stdout, /\n {2}pass exchange: added\n/);
    assert.match(
      stdout,
      /\n {2}kernel k0_sub: changed, \+2 -2 lines\n {4}--- m0000\.f\.\d{4}\.kernel\.k0_sub\.ir\n/,
    );
    const { modules } = JSON.parse(
      (await place.weft(["diff", "out/a", "out/b", "--json", "--kernel", "k0"])).stdout,
    );
    assert.deepEqual(
      modules[0].changes.map((c: { kind: string; name: string }) => `${c.kind} ${c.name}`),
      ["kernel k0_sub"],
    );
    const none = await place.weft(["diff", "out/a", "nowhere"]);
    assert.equal(none.code, 1);
    assert.match(none.stderr, /^weft: nowhere holds no dump/);
  });
});

describe("weft completion", { concurrency: 2 }, () => {
  test("bash completes commands, options and choices", async () => {
    const { stdout } = await place.weft(["completion", "bash"]);
    const complete = (...words: string[]): string[] => {
      const quoted = words.map((word) => `'${word}'`).join(" ");
      const script = `${stdout}\nCOMP_WORDS=(weft ${quoted}); COMP_CWORD=${words.length}; _weft; echo "\${COMPREPLY[*]}"`;
      return spawnSync("bash", ["-c", script], { encoding: "utf8" }).stdout.trim().split(" ");
    };
    assert.deepEqual(complete("bi"), ["bisect"]);
    assert.deepEqual(complete("dump", "--st"), ["--stage"]);
    assert.deepEqual(complete("dump", "--stage", "p"), ["program"]);
    assert.deepEqual(complete("completion", ""), ["bash", "zsh", "fish"]);
    // Files are the shell's.
    assert.deepEqual(complete("run", ""), [""]);
  });

  test("zsh and fish have the same commands", async () => {
    for (const shell of ["zsh", "fish"]) {
      const { code, stdout } = await place.weft(["completion", shell]);
      assert.equal(code, 0);
      for (const name of ["run", "dump", "bisect", "reduce", "diff"])
        assert.match(stdout, new RegExp(`\\b${name}\\b`));
    }
    assert.equal((await place.weft(["completion", "cmd"])).code, 2);
  });
});

describe("--json", { concurrency: 2 }, () => {
  test("of opt: the passes, and the result as text and data", async () => {
    const { stdout } = await place.weft(["opt", "f.ir", "--passes", "dead_code,simplify", "--json"]);
    const { passes, result } = JSON.parse(stdout);
    assert.deepEqual(
      passes.map((p: { name: string }) => p.name),
      ["traced", "dead_code", "simplify"],
    );
    assert.equal(result.text, GRAPH);
    assert.equal(result.data.equations.length, 2);
  });

  test("of verify: every violation with its place", async () => {
    const good = await place.weft(["verify", "f.ir", "--json"]);
    assert.deepEqual(JSON.parse(good.stdout), {
      file: "f.ir",
      kind: "graph",
      summary: "graph @f, 2 equations",
      valid: true,
      violations: [],
    });
    const bad = await place.weft(["verify", "-", "--json"], {
      stdin: GRAPH.replace("%1: i32[]", "%1: i32[1]"),
    });
    assert.equal(bad.code, 1);
    const { valid, violations } = JSON.parse(bad.stdout);
    assert.equal(valid, false);
    assert.deepEqual([violations[0].line, violations[0].column], [3, 3]);
  });
});

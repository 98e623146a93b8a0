/** Dumps from within a program: which compilations are seen, and what a failing pass leaves. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import path from "node:path";
import { after, describe, test } from "node:test";
import { jit, type NdArray, numpy as np, vmap } from "weft";
import { type CompileObserver, PassRunner } from "../compiler/pass-runner.ts";
import { ASSEMBLY_PASS, compileGraph, FUSION_PASS, GRAPH_PASSES, WASM_PASS } from "../compiler/pipeline.ts";
import { parseGraph, parseProgram, printGraph } from "../compiler/text/index.ts";
import { currentBackend, setBackend, setCompileWatcher } from "../frontend/core/backend.ts";
import { DumpDirectory } from "../frontend/inspect/dump-directory.ts";
import { IrDump } from "../frontend/inspect/ir-dump.ts";
import { withRelativeSources } from "../frontend/inspect/stage-text.ts";
import { watOfKernel } from "../frontend/inspect/wat.ts";
import { Workspace } from "./helpers/run-cli.ts";

const workspaces: Workspace[] = [];

function workspace(): Workspace {
  const made = new Workspace();
  workspaces.push(made);
  return made;
}

after(() => {
  for (const each of workspaces) each.remove();
});

/** Names of the functions whose compilation is seen while `work` runs. */
function seenBy(work: () => void, operations = false): string[] {
  const seen: string[] = [];
  const before = currentBackend();
  setCompileWatcher((graph, _, purpose) => {
    if (purpose === "function" || operations) seen.push(graph.name);
    return null;
  });
  try {
    work();
  } finally {
    setBackend(before);
  }
  return seen;
}

const GRAPH = parseGraph(`graph @f(%x: f32[3], %y: f32[3]) -> (f32[3]) {
  %0: f32[3] = add %x, %y
  %1: f32[3] = exp %0
  return %1
}
`);

/** A dump of a compilation, in a folder `ir` of its own; `name` says in which pass it fails. */
function dumpFailure(place: Workspace, name: string): { error: Error; files: string[] } {
  const dump = new IrDump(new DumpDirectory(path.join(place.folder, "ir"), { fs, path }), null);
  const donated = [false, true];
  const error = failIn(name, donated, dump.observe(GRAPH, donated));
  return { error, files: place.list("ir") };
}

function failIn(name: string, donated: readonly boolean[], observer: CompileObserver): Error {
  const runner = new PassRunner({ donated }, null, observer);
  const failing = <P extends { readonly name: string }>(pass: P): P =>
    pass.name === name ? { ...pass, run: () => assert.fail("no such luck") } : pass;
  try {
    runner.start(GRAPH);
    const graph = GRAPH_PASSES.reduce((current, pass) => runner.run("graph", failing(pass), current), GRAPH);
    const plan = runner.run("fusion", failing(FUSION_PASS), graph);
    const assembled = runner.run("program", failing(ASSEMBLY_PASS), plan);
    runner.run("wasm", failing(WASM_PASS), assembled);
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  return assert.fail(`${name} did not fail`);
}

describe("watching compilations", () => {
  test("what was compiled before is seen when it is used again, and once", () => {
    const double = jit((x: NdArray) => x.add(x), { name: "double" });
    const rows = vmap((x: NdArray) => np.sum(np.exp(x)));
    const x = np.ones([2, 3]);
    const use = (): void => {
      double(x);
      rows(x);
      double(x);
      rows(x);
    };
    use();
    const first = seenBy(use);
    assert.equal(first.length, 2, first.join());
    assert.equal(first[0], "double");
    assert.deepEqual(seenBy(use), first);
  });

  test("lower().compile() is seen, and the call after it does not compile again", () => {
    const square = jit((x: NdArray) => x.mul(x), { name: "square" });
    const x = np.ones([2]);
    assert.deepEqual(
      seenBy(() => {
        const compiled = square.lower(x).compile();
        compiled.call(x);
        square(x);
      }),
      ["square"],
    );
  });

  test("single operations are told apart", () => {
    const x = np.array([1, 2, 3]);
    const work = (): void => void np.arctan2(x, x);
    assert.deepEqual(seenBy(work), []);
    assert.deepEqual(seenBy(work, true), ["atan2"]);
  });
});

describe("a failing pass", () => {
  test("leaves its input and a command, in the error and in the manifest", () => {
    const place = workspace();
    const { error, files } = dumpFailure(place, "simplify");
    const index = String(GRAPH_PASSES.findIndex((pass) => pass.name === "simplify") + 1).padStart(4, "0");
    const input = `m0000.f.${index}.graph.failed_simplify.input.ir`;
    assert.ok(files.includes(input), files.join());
    assert.ok(!files.some((file) => file.endsWith(".tmp")));
    assert.equal(printGraph(parseGraph(place.read(`ir/${input}`))), printGraph(GRAPH));
    const folder = path.join(place.folder, "ir");
    const note = `The pass simplify failed. Its input is ${folder}/${input}; to reproduce: weft opt ${folder}/${input} --passes simplify`;
    assert.equal(error.message, `no such luck\n${note}`);
    assert.ok(error.stack?.includes(`no such luck\n${note}\n    at `));
    const [module] = JSON.parse(place.read("ir/manifest.json")).modules;
    assert.equal(module.status, "failed");
    assert.deepEqual(module.failure, {
      pass: "simplify",
      message: "no such luck",
      input,
      command: `weft opt ${input} --passes simplify`,
    });
  });

  test("below graphs leaves what the command can begin with", async () => {
    const place = workspace();
    const { error, files } = dumpFailure(place, "assembly");
    const input = files.find((file) => file.endsWith("failed_assembly.input.ir"));
    assert.ok(input !== undefined && files.includes(input.replace(/ir$/, "txt")), files.join());
    const command = /to reproduce: weft (.*)$/.exec(error.message)?.[1].split(" ") ?? [];
    assert.deepEqual(command.slice(2), ["--passes", "fusion,assembly", "--donate", "1"]);
    // The failure was made up, so the command succeeds: it is a valid one, and gives the program of the same options.
    const { code, stdout } = await place.weft(command);
    assert.equal(code, 0);
    const expected = compileGraph(GRAPH, { donated: [false, true] }).assembled.program;
    assert.deepEqual(parseProgram(stdout).aliases, expected.aliases);
    assert.deepEqual(expected.aliases, [1]);

    const wasm = dumpFailure(workspace(), "wasm");
    assert.match(wasm.error.message, /weft opt \S+\.failed_wasm\.input\.ir --passes wasm$/);
  });

  test("a folder that cannot be written does not hide the pass's error", () => {
    const place = workspace();
    const unwritable: CompileObserver = new IrDump(
      new DumpDirectory(path.join(place.folder, "file"), { fs, path }),
      null,
    ).observe(GRAPH, null);
    place.write("file", "in the way");
    const record = { index: 3, name: "simplify", level: "graph", milliseconds: 1, changed: false } as const;
    const error = new Error("of the pass");
    unwritable.failed(record, GRAPH, error);
    assert.match(error.message, /^of the pass\n\(cannot write the IR dump to .*file: /);
    assert.equal(place.read("file"), "in the way");
  });
});

describe("texts of dumps", () => {
  test("sources are relative to the folder, in comments alone", () => {
    const text = [
      "graph @f() -> () {  // /home/me/a.b/src/f.ts:1:2 in f",
      '  %0: f32[] = neg %1 {name="// /home/me/a.b/src/f.ts:1:2"}',
      "  // /home/me/aXb/src/f.ts:1:2",
      "  // /home/me/a.b/g.ts:3:4",
    ].join("\n");
    assert.equal(
      withRelativeSources(text, "/home/me/a.b"),
      text
        .replace("// /home/me/a.b/src/f.ts:1:2 in f", "// src/f.ts:1:2 in f")
        .replace("// /home/me/a.b/g.ts", "// g.ts"),
    );
  });

  test("a module's text is taken apart by kernels", () => {
    const wat = [
      "(module",
      "  (type (;0;) (func))",
      '  (import "env" "memory" (memory (;0;) 0))',
      "  (func $k1_sum (type 0)",
      "    call $k1_sum.i)",
      "  (func $k1_sum.i (type 0))",
      "  (func $k1_sum_more (type 0))",
      '  (export "run" (func $run))',
      "  (func $run (type 0)))",
      "",
    ].join("\n");
    assert.equal(
      watOfKernel(wat, "k1_sum"),
      "  (func $k1_sum (type 0)\n    call $k1_sum.i)\n  (func $k1_sum.i (type 0))\n",
    );
    assert.equal(watOfKernel(wat, "run"), "  (func $run (type 0))\n");
    assert.equal(watOfKernel(wat, "k1"), "");
  });
});

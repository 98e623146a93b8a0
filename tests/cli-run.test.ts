/** `weft run`: programs, their failures, and the dumps they leave. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { GRAPH_PASSES } from "../compiler/pipeline.ts";
import { root } from "./helpers/paths.ts";
import { Workspace } from "./helpers/run-cli.ts";

const workspaces: Workspace[] = [];

function workspace(...fixtures: string[]): Workspace {
  const made = new Workspace();
  workspaces.push(made);
  for (const name of fixtures) made.fixture(name);
  return made;
}

after(() => {
  for (const each of workspaces) each.remove();
});

/** The number of the pass behind the passes of graphs, as file names have it. */
function lowerPass(n: number): string {
  return String(GRAPH_PASSES.length + n).padStart(4, "0");
}

interface ManifestModule {
  name: string;
  status: string;
  files: string[];
  passes: { index: number; name: string; level: string; changed: boolean; file: string | null }[];
  kernels: { name: string; file: string; wat: string | null; sources: string[] }[];
  memory: { tempBytes: number; lowerBound: number };
  milliseconds: number;
  donated: number[];
}

function manifestOf(place: Workspace, folder: string): { weft: string; modules: ManifestModule[] } {
  return JSON.parse(place.read(`${folder}/manifest.json`));
}

describe("weft run", { concurrency: 2 }, () => {
  test("runs TypeScript with its arguments, its own URL and one instance of weft, and leaves nothing", async () => {
    const place = workspace("training.ts");
    const { code, stdout, stderr } = await place.weft(["run", "training.ts", "--", "--epochs", "3"]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), {
      arguments: ["--epochs", "3"],
      ownFirstLine: place.read("training.ts").split("\n")[0],
      oneInstance: true,
      w: ["3.000", "3.000", "3.000"],
      slope: [-4, -2],
    });
    assert.deepEqual(place.list(), ["training.ts"]);
    assert.deepEqual(place.list("../tmp"), []);
  });

  test("--dump writes what is compiled: functions, and no single operations", async () => {
    const place = workspace("training.ts");
    const { code, stdout, stderr } = await place.weft(["run", "training.ts", "--dump", "out/ir"]);
    assert.equal(code, 0);
    assert.ok(stdout.startsWith('{"arguments":[]'), stdout);
    assert.equal(stderr, "IR of 2 compiled functions: out/ir/ (manifest.json)\n");

    const manifest = manifestOf(place, "out/ir");
    assert.deepEqual(
      manifest.modules.map(({ name, status, donated }) => ({ name, status, donated })),
      [
        { name: "train_step", status: "compiled", donated: [0] },
        { name: "cost_grad", status: "compiled", donated: [] },
      ],
    );
    // Exactly the files that the manifest tells of.
    const files = manifest.modules.flatMap((each) => each.files);
    assert.deepEqual(place.list("out/ir"), ["manifest.json", ...files].sort());

    const [step] = manifest.modules;
    assert.deepEqual(
      step.passes.map(({ index, name }) => [index, name]),
      ["traced", ...GRAPH_PASSES.map((pass) => pass.name), "fusion", "assembly", "wasm"].map((name, i) => [
        i,
        name,
      ]),
    );
    for (const pass of step.passes) {
      if (pass.changed)
        assert.ok(pass.file !== null && files.includes(pass.file), `${pass.name} has no file`);
      else assert.equal(pass.file, null, pass.name);
    }
    const traced = place.read("out/ir/m0000.train_step.0000.graph.traced.ir");
    assert.match(traced, /^graph @train_step\(%w\d?: f32\[3\]\) -> \(f32\[3\]\) \{\n/);
    assert.match(traced, /\/\/ training\.ts:6:\d+ in cost$/m);
    const [kernel] = step.kernels;
    assert.match(kernel.name, /^k0_/);
    assert.equal(kernel.file, `m0000.train_step.${lowerPass(2)}.kernel.${kernel.name}.ir`);
    assert.equal(kernel.wat, kernel.file.replace(/ir$/, "wat"));
    assert.ok(
      kernel.sources.every((each) => /^training\.ts:[67]:\d+$/.test(each)),
      kernel.sources.join(),
    );
    assert.ok(place.read(`out/ir/${kernel.file}`).startsWith(`kernel @${kernel.name}(`));
    const wat = place.read(`out/ir/${kernel.wat}`);
    assert.ok(wat.startsWith(`  (func $${kernel.name} `), wat.slice(0, 80));
    assert.equal(wat.split("(").length, wat.split(")").length);
    assert.match(
      place.read("out/ir/m0000.train_step.wat"),
      /^\(module\n[\s\S]*\(export "run" \(func \$run\)\)\)\n$/,
    );
    assert.ok(step.memory.tempBytes >= step.memory.lowerBound);

    // Dumps of two machines can be compared: none knows where it lies.
    for (const file of place.list("out/ir")) {
      assert.ok(!place.read(`out/ir/${file}`).includes(place.folder), `${file} holds the folder's path`);
    }
  });

  test("a dump replaces the one before it, and leaves other files alone", async () => {
    const place = workspace("training.ts");
    const old = { modules: [{ files: ["m0007.old.wat", "../training.ts", "notes.txt", 5] }] };
    place.write("out/manifest.json", JSON.stringify(old));
    place.write("out/m0007.old.wat", "old");
    place.write("out/notes.txt", "mine");
    const { code } = await place.weft(["run", "training.ts", "--dump", "out"]);
    assert.equal(code, 0);
    const files = place.list("out");
    assert.ok(!files.includes("m0007.old.wat"));
    assert.equal(place.read("out/notes.txt"), "mine");
    assert.deepEqual(place.list(), ["out", "training.ts"]);
    assert.equal(manifestOf(place, "out").modules.length, 2);
  });

  test("WEFT_DUMP dumps any program that uses weft, and WEFT_DUMP_EAGER its single operations", async () => {
    const place = workspace();
    await place.weft(["--version"]); // Brings dist/ up to date.
    const weft = pathToFileURL(path.join(root, "dist/index.js")).href;
    const source = `
      import { jit, numpy as np } from ${JSON.stringify(weft)};
      const double = jit((x) => x.add(x), { name: "double" });
      console.log(double(np.array([1, 2])).mul(np.array([5, 6])).dataSync().join());
    `;
    place.write("program.mjs", source);
    const plain = await place.node(["program.mjs"], { env: { WEFT_DUMP: "plain" } });
    assert.deepEqual(plain, { code: 0, stdout: "10,24\n", stderr: "" });
    const modules = manifestOf(place, "plain").modules;
    assert.deepEqual(
      modules.map((each) => each.name),
      ["double"],
    );
    assert.ok(place.list("plain").includes("m0000.double.wat"));
    assert.ok(modules[0].files.includes("m0000.double.wat"));

    const eager = await place.node(["program.mjs"], { env: { WEFT_DUMP: "eager", WEFT_DUMP_EAGER: "1" } });
    assert.equal(eager.code, 0, eager.stderr);
    assert.deepEqual(
      manifestOf(place, "eager").modules.map((each) => each.name),
      ["double", "mul"],
    );

    assert.deepEqual(place.list(), ["eager", "plain", "program.mjs"]);
  });

  test("a dump that cannot be written fails with the folder's name", async () => {
    const place = workspace("training.ts");
    place.write("taken", "a file");
    const { code, stderr } = await place.weft(["run", "training.ts", "--dump", "taken"]);
    assert.equal(code, 1);
    assert.match(stderr, /cannot write the IR dump to taken: E(EXIST|NOTDIR)/);
    assert.doesNotMatch(stderr, /IR of/);
    assert.equal(place.read("taken"), "a file");
    assert.deepEqual(place.list(), ["taken", "training.ts"]);
  });
});

describe("weft run, programs that fail", { concurrency: 2 }, () => {
  const cases: readonly [kind: string, code: number, stdout: string, stderr: RegExp | string][] = [
    [
      "shapes",
      1,
      "before\n",
      /^weft: failing\.ts failed\nWeft\w+Error: [^\n]*broadcast[^\n]*\n(?: {2}at [^\n]*\n)?(?: {4}at inner \(failing\.ts:9:12\)\n) {4}at failing\.ts:15:\d+\n$/,
    ],
    [
      "later",
      1,
      "before\nafter\n",
      /^weft: failing\.ts failed\nError: thrown later\n {4}at [^\n]*failing\.ts:19:13\)?\n$/,
    ],
    [
      "rejection",
      1,
      "before\nafter\n",
      /^weft: failing\.ts failed\nError: rejected\n {4}at [^\n]*failing\.ts:23:\d+\)?\ncaused by Error: the cause\n {4}at [^\n]*failing\.ts:23:\d+\)?\n$/,
    ],
    ["text", 1, "before\n", "weft: failing.ts failed\nthrown: 'only text'\n"],
    ["code", 3, "before\nafter\n", ""],
    ["never", 1, "before\n", /weft: failing\.ts awaits a promise at its top level that nothing can settle/],
  ];
  for (const [kind, code, stdout, stderr] of cases) {
    test(kind, async () => {
      const place = workspace("failing.ts");
      const result = await place.weft(["run", "failing.ts", "--", kind]);
      assert.equal(result.stdout, stdout);
      if (typeof stderr === "string") assert.equal(result.stderr, stderr);
      else assert.match(result.stderr, stderr);
      assert.equal(result.code, code);
      assert.deepEqual(place.list("../tmp"), []);
    });
  }

  test("--verbose shows the whole stack", async () => {
    const place = workspace("failing.ts");
    const { stderr } = await place.weft(["run", "failing.ts", "--verbose", "--", "shapes"]);
    assert.match(stderr, /failing\.ts:9:12/);
    assert.match(stderr, /frontend\/transforms\/jit\.ts:\d+/);
  });

  test("a file that does not parse, an import that is not there", async () => {
    const place = workspace();
    place.write("broken.ts", 'console.log("never");\nconst x: = 3;\n');
    const broken = await place.weft(["run", "broken.ts", "--dump", "out"]);
    assert.equal(broken.code, 1);
    assert.equal(broken.stdout, "");
    assert.match(
      broken.stderr,
      /^weft: broken\.ts cannot be bundled\n.*ERROR.*Unexpected "="\n\n +broken\.ts:2:9:/,
    );
    place.write("imports.ts", 'import "./missing.ts";\nimport "not-installed";\nimport "weft/secret";\n');
    const imports = await place.weft(["run", "imports.ts"]);
    assert.equal(imports.code, 1);
    assert.match(imports.stderr, /Could not resolve "\.\/missing\.ts"/);
    assert.match(imports.stderr, /Could not resolve "not-installed"/);
    assert.match(imports.stderr, /weft exports no "weft\/secret"/);
    assert.deepEqual(place.list(), ["broken.ts", "imports.ts"]);
    assert.deepEqual(place.list("../tmp"), []);
  });

  test("a file that is not there, a folder, an option of the program before --", async () => {
    const place = workspace("failing.ts");
    assert.deepEqual(await place.weft(["run", "nowhere.ts"]), {
      code: 1,
      stdout: "",
      stderr: "weft: there is no file nowhere.ts\n",
    });
    assert.deepEqual(await place.weft(["run", "."]), {
      code: 1,
      stdout: "",
      stderr: "weft: the folder . has no main.ts: name the file to run\n",
    });
    place.write("app/main.ts", "console.log(import.meta.filename, process.argv.slice(2));\n");
    const folder = await place.weft(["run", "app", "--", "3"]);
    assert.equal(folder.stderr, "");
    assert.match(folder.stdout, /app[\\/]main\.ts \[ '3' \]/);
    const option = await place.weft(["run", "failing.ts", "--epochs", "3"]);
    assert.equal(option.code, 2);
    assert.equal(option.stdout, "");
    assert.match(option.stderr, /^weft: unknown option '--epochs'\nA program's own options stand behind --/);
  });

  test("--device is where a program computes by default", async () => {
    const place = workspace();
    place.write(
      "sum.ts",
      'import { defaultDevice, numpy as np } from "weft";\nconst x = np.arange(5).sum();\nconsole.log(defaultDevice().platform, await x.data());\n',
    );
    for (const device of ["wasm", "webgpu"]) {
      const { code, stdout } = await place.weft(["run", "sum.ts", "--device", device]);
      assert.deepEqual({ code, stdout }, { code: 0, stdout: `${device} Int32Array(1) [ 10 ]\n` });
    }
    const wrong = await place.weft(["run", "sum.ts", "--device", "gpu"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /'gpu' is invalid\. Allowed choices are wasm, webgpu\./);
  });

  test("without esbuild the error says how to get it", async () => {
    const place = workspace("failing.ts");
    await place.weft(["--version"]); // Brings dist/ up to date.
    // The package as installed with --omit=optional: commander and nothing else.
    const installed = path.join(place.folder, "../installed");
    mkdirSync(path.join(installed, "node_modules"), { recursive: true });
    cpSync(path.join(root, "dist"), path.join(installed, "dist"), {
      recursive: true,
      filter: (file) => !file.endsWith(".map") && !file.includes("types"),
    });
    cpSync(path.join(root, "package.json"), path.join(installed, "package.json"));
    symlinkSync(path.join(root, "node_modules/commander"), path.join(installed, "node_modules/commander"));
    const cli = path.join(installed, "dist/cli.js");
    assert.ok(existsSync(cli));
    const run = await place.node([cli, "run", "failing.ts"]);
    assert.deepEqual(run, {
      code: 1,
      stdout: "",
      stderr:
        "weft: the package esbuild is needed to read TypeScript, and it is not installed: npm install esbuild\n",
    });
    place.write("f.ir", "graph @f(%x: f32[]) -> (f32[]) {\n  %0: f32[] = neg %x\n  return %0\n}\n");
    const wasm = await place.node([cli, "opt", "f.ir", "--passes", "fusion,assembly,wasm"]);
    assert.equal(wasm.code, 1);
    assert.match(wasm.stderr, /^weft: the package wabt is needed .*: npm install wabt\n$/);
    const graph = await place.node([cli, "opt", "f.ir"]);
    assert.equal(graph.code, 0, graph.stderr);
  });
});

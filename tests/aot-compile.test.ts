/** `weft compile`: its files, and what happens when they run where there is nothing else. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { buildLoader } from "./helpers/loader-file.ts";
import { root } from "./helpers/paths.ts";
import { type CliResult, Workspace } from "./helpers/run-cli.ts";

const MODEL = `
import { type NdArray, grad, jit, nn, numpy as np } from "weft";
interface Params { readonly w: NdArray; readonly b: NdArray }
export const scale = { rates: [np.array([0.1, 0.2])] };
export function loss({ w, b }: Params, x: NdArray, y: NdArray): NdArray {
  return np.mean(np.square(x.matmul(w).add(b).sub(y)));
}
export const step = jit((p: Params, x: NdArray, y: NdArray): Params => {
  const d = grad(loss)(p, x, y);
  return { w: p.w.sub(d.w.mul(scale.rates[0])), b: p.b.sub(d.b.mul(0.1)) };
}, { name: "step", donateArgnums: [0] });
export const softmax = (x: NdArray) => nn.softmax(x);
export function mixed({ mask, n }: { mask: NdArray; n: NdArray }, rest: [NdArray, null]) {
  return { "of half": rest[0].mul(2), list: [np.where(mask, n, n.neg()), null], any: mask.any() };
}
export const broken = (x: NdArray) => x.add(np.zeros([7]));
`;

const STEP = ["compile", "model.ts#step", "--args", "{w: f32[2], b: f32[]}, f32[3,2], f32[3]"];
const STEP_FILES = [
  "step.d.ts",
  "step.js",
  "step.safetensors",
  "step.wasm",
  "weft-loader.d.ts",
  "weft-loader.js",
];

let place: Workspace;
before(() => {
  place = new Workspace();
  place.write("model.ts", MODEL);
});
after(() => place.remove());

/** Runs a script in a copy of a folder: nothing else is in reach. */
async function runAlone(folder: string, script: string): Promise<CliResult> {
  const alone = new Workspace();
  try {
    cpSync(path.join(place.folder, folder), alone.folder, { recursive: true });
    alone.write("main.mjs", script);
    return await alone.node(["main.mjs"]);
  } finally {
    alone.remove();
  }
}

async function compiled(args: readonly string[], folder: string): Promise<CliResult> {
  const result = await place.weft([...args, "--out", folder]);
  assert.equal(result.stderr, "");
  assert.equal(result.code, 0);
  return result;
}

describe("weft compile", () => {
  test("writes a module, its types, the program, the weights and the loader", async () => {
    const { stdout } = await compiled(STEP, "out/step");
    assert.deepEqual(place.list("out/step"), STEP_FILES);
    assert.match(stdout, /^step\(p, x, y\):\n/);
    for (const file of STEP_FILES)
      assert.match(stdout, new RegExp(`out/step/${file}\\s+\\d+ bytes, \\d+ compressed`));
    const types = place.read("out/step/step.d.ts");
    assert.match(types, /\(p: \{\s+\/\*\* f32\[\] \*\/\s+readonly b: ArrayInput<Float32Array>;/);
    assert.match(types, /, x: ArrayInput<Float32Array>, y: ArrayInput<Float32Array>\): \{/);
    assert.match(types, /load\(options\?: LoadOptions\): Promise<StepFunction>/);
    // The name under which the file exports the array.
    assert.match(
      place.read("out/step/step.safetensors").slice(8),
      /^\{"scale\.rates\.0":\{"dtype":"F32","shape":\[2\]/,
    );
  });

  test("twice gives the same files, byte for byte", async () => {
    await compiled(STEP, "out/again");
    for (const file of STEP_FILES) {
      assert.deepEqual(
        readFileSync(path.join(place.folder, "out/again", file)),
        readFileSync(path.join(place.folder, "out/step", file)),
        file,
      );
    }
  });

  test("the program is one valid WebAssembly module, with the other variant in a custom section", async () => {
    const bytes = new Uint8Array(readFileSync(path.join(place.folder, "out/step/step.wasm")));
    const module = new WebAssembly.Module(bytes);
    const [inner] = WebAssembly.Module.customSections(module, "weft.relaxed");
    assert.deepEqual([...new Uint8Array(inner).subarray(0, 4)], [0, 0x61, 0x73, 0x6d]);
  });

  test("gives the bits of the just-in-time run, where only the output is", async () => {
    place.write(
      "jit.ts",
      `import { numpy as np } from "weft";
       import { step } from "./model.ts";
       let p = { w: np.zeros([2]), b: np.array(0) };
       for (let i = 0; i < 20; i++) p = step(p, np.array([[1, 2], [3, 4], [5, 6]]).mul(0.3), np.array([1, 2, 3]));
       console.log(JSON.stringify([[...p.w.dataSync()], p.b.item()]));`,
    );
    const jit = await place.weft(["run", "jit.ts"]);
    const script = (call: string) => `
      import load from "./step.js";
      const step = await load();
      const x = [[1, 2], [3, 4], [5, 6]].map((row) => row.map((v) => Math.fround(v * Math.fround(0.3))));
      let p = { w: new Float32Array(2), b: 0 };
      for (let i = 0; i < 20; i++) p = ${call}(p, x, new Float32Array([1, 2, 3]));
      console.log(JSON.stringify([[...p.w.data], p.b.data[0]]));`;
    for (const call of ["step", "step.onDevice"]) {
      const { stdout, stderr } = await runAlone("out/step", script(call));
      assert.equal(stderr, "");
      assert.equal(stdout, jit.stdout, call);
    }
  });

  test("arguments that do not fit are all listed; donated tensors are gone", async () => {
    const { stdout } = await runAlone(
      "out/step",
      `import { load } from "./step.js";
       import { Tensor } from "./weft-loader.js";
       const step = await load();
       const message = (f) => { try { f(); } catch (error) { console.log(error.name + ": " + error.message); } };
       message(() => step({ w: new Float32Array(3), c: 1 }, [[1, 2], [3]], new Int32Array(3)));
       message(() => step(1));
       const p = { w: step.put(new Float32Array(2)), b: 0 };
       const x = step.put(new Float32Array(6), [3, 2]);
       const q = step.onDevice(p, x, [1, 2, 3]);
       message(() => p.w.data);
       message(() => step({ w: q.w, b: q.b }, x, q.w));
       console.log(q.w instanceof Tensor, q.w.dtype, q.w.shape, x.data.length);
       q.w.dispose();
       message(() => q.w.data);
       step.dispose();
       message(() => step({ w: [1, 2], b: 0 }, x, [1, 2, 3]));`,
    );
    assert.deepEqual(stdout.split("\n"), [
      "TypeError: The arguments of step do not fit:",
      "  args[0].b: expected f32[], got undefined",
      "  args[0].w: expected f32[2], got Float32Array of 3",
      "  args[0]: has c, which was not expected",
      "  args[1]: expected f32[3,2], got a list of 2",
      "  args[2]: expected f32[3], got Int32Array of 3",
      "TypeError: The arguments of step do not fit:",
      "  args[0]: expected {b, w}, got 1",
      "  it takes 3 arguments, got 1",
      "Error: this tensor was donated to step, which may have reused its memory for a result",
      "TypeError: The arguments of step do not fit:",
      "  args[2]: expected f32[3], got f32[2]",
      "true f32 [ 2 ] 6",
      "Error: this tensor was disposed",
      "Error: step was disposed",
      "",
    ]);
  });

  test("structures, dtypes and static arguments pass", async () => {
    await compiled(
      ["compile", "model.ts#mixed", "--args", "{mask: bool[3], n: i32[3]}, [f64[2], null]"],
      "out/mixed",
    );
    const { stdout, stderr } = await runAlone(
      "out/mixed",
      `import load from "./mixed.js";
       const mixed = await load();
       const result = mixed({ mask: [true, false, true], n: new Int32Array([1, 2, 3]) }, [new Float64Array([0.1, 0.2]), null]);
       console.log(JSON.stringify(result, (_, x) => ArrayBuffer.isView(x) ? [x.constructor.name, ...x] : x));`,
    );
    assert.equal(stderr, "");
    assert.deepEqual(JSON.parse(stdout), {
      any: { data: ["Uint8Array", 1], shape: [] },
      list: [{ data: ["Int32Array", 1, -2, 3], shape: [3] }, null],
      "of half": { data: ["Float64Array", 0.2, 0.4], shape: [2] },
    });
  });

  test("sizes: the call picks its program, or is filled up", async () => {
    await compiled(
      ["compile", "model.ts#softmax", "--args", "f32[n,3]", "--sizes", "n=2,4", "--pad"],
      "out/softmax",
    );
    assert.ok(place.list("out/softmax").includes("softmax.n4.wasm"));
    const { stdout } = await runAlone(
      "out/softmax",
      `import load from "./softmax.js";
       const softmax = await load();
       for (const n of [1, 2, 3, 4]) {
         const { data, shape } = softmax(new Float32Array(3 * n).fill(1));
         console.log(shape.join("x"), data.length, data[3 * n - 1]);
       }
       const kept = softmax.onDevice(new Float32Array(9));
       console.log(kept.shape, kept.data.length);
       try { softmax(new Float32Array(15)); } catch (error) { console.log(error.message); }`,
    );
    const third = Math.fround(1 / 3);
    assert.deepEqual(stdout.split("\n"), [
      ...[1, 2, 3, 4].map((n) => `${n}x3 ${3 * n} ${third}`),
      "[ 3, 3 ] 9",
      "The arguments of softmax do not fit:",
      "  no program for n = 5: it was compiled for n = 2; n = 4",
      "",
    ]);
  });

  test("--bundle: one module that imports nothing, with loadSync", async () => {
    await compiled([...STEP, "--bundle"], "out/bundle");
    assert.deepEqual(place.list("out/bundle"), ["step.d.ts", "step.js"]);
    assert.doesNotMatch(place.read("out/bundle/step.js"), /\bimport\s*[{"']/);
    const { stdout, stderr } = await runAlone(
      "out/bundle",
      `import { load, loadSync } from "./step.js";
       const args = [{ w: [0, 0], b: 0 }, [[1, 2], [3, 4], [5, 6]], [1, 2, 3]];
       console.log(loadSync()(...args).w.data, (await load({ variant: "simd" }))(...args).w.data);`,
    );
    assert.equal(stderr, "");
    const [, first, second] = /^(.*\]) (Float32Array.*)\n$/.exec(stdout) ?? [];
    assert.equal(first, second);
  });

  test("--json lists files and interface", async () => {
    const { stdout } = await compiled([...STEP, "--json"], "out/json");
    const { name, parameters, results, files } = JSON.parse(stdout);
    assert.equal(name, "step");
    assert.deepEqual(parameters[0], { name: "p", tree: { b: "f32[]", w: "f32[2]" }, donated: true });
    assert.deepEqual(results, { b: "f32[]", w: "f32[2]" });
    assert.deepEqual(files.map(({ file }: { file: string }) => file).sort(), STEP_FILES);
  });

  test("the declarations type-check, and refuse what does not fit", async () => {
    mkdirSync(path.join(place.folder, "types"), { recursive: true });
    const use = (argument: string) => `
      import load from "../out/step/step.js";
      import { loadSync } from "../out/bundle/step.js";
      const step = await load();
      const { w, b } = step(${argument}, [[1, 2], [3, 4], [5, 6]], new Float32Array(3));
      const sum: number = w.data[0] + b.data[0] + b.shape.length;
      const kept = step.onDevice({ w: step.put(new Float32Array(2)), b: 1 }, [], { data: [1, 2, 3], shape: [3] });
      loadSync()({ w: kept.w.data, b: kept.b.data }, [], [sum]);`;
    place.write("types/good.ts", use("{ w: new Float32Array(2), b: 0.5 }"));
    place.write("types/bad.ts", use("{ w: new Int32Array(2) }"));
    const tsc = path.join(root, "node_modules/typescript/bin/tsc");
    const check = (file: string) =>
      place.node([
        tsc,
        "--noEmit",
        "--strict",
        "--target",
        "es2022",
        "--module",
        "esnext",
        "--moduleResolution",
        "bundler",
        "--types",
        "",
        file,
      ]);
    assert.equal((await check("types/good.ts")).stdout, "");
    assert.match((await check("types/bad.ts")).stdout, /Int32Array/);
  });

  test("a function that cannot be compiled, and a folder that cannot be written, leave nothing", async () => {
    const failed = await place.weft([
      "compile",
      "model.ts#broken",
      "--args",
      "f32[3]",
      "--out",
      "out/broken/deep",
    ]);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /Incompatible shapes/);
    assert.deepEqual(place.list("out/broken"), []);
    place.write("out/file", "in the way");
    const blocked = await place.weft([...STEP, "--out", "out/file/step"]);
    assert.equal(blocked.code, 1);
    assert.equal(blocked.stderr, "weft: out/file is a file, and out/file/step is to be a folder\n");
    assert.equal(place.read("out/file"), "in the way");
    place.write("out/taken/step.wasm/file", "in the way");
    const taken = await place.weft([...STEP, "--out", "out/taken"]);
    assert.equal(taken.code, 1);
    assert.equal(taken.stderr, "weft: out/taken/step.wasm is a folder, and a file is to be written there\n");
    assert.deepEqual(place.list("out/taken"), ["step.wasm"]);
    const page = await place.weft(["inspect", ...STEP.slice(1), "--no-run", "--out", "out/taken"]);
    assert.equal(page.stderr, "weft: out/taken is a folder, and a file is to be written there\n");
    assert.deepEqual(
      place.list("out").filter((file) => file.startsWith(".")),
      [],
    );
  });

  test("what is wrong with the command line is said, with exit code 2", async () => {
    const usage = async (args: readonly string[], why: RegExp): Promise<void> => {
      const { code, stderr } = await place.weft(["compile", ...args]);
      assert.match(stderr, why);
      assert.equal(code, 2);
    };
    await usage(["model.ts#step"], /required option '--out <dir>'/);
    await usage(["model.ts#step", "--out", "o"], /step takes 3 arguments\. Describe them with --args/);
    await usage(["model.ts#softmax", "--args", "f32[", "--out", "o"], /--args:1:5/);
    await usage(
      ["model.ts#softmax", "--args", "f32[n]", "--sizes", "n", "--out", "o"],
      /--sizes takes a name/,
    );
    const unsized = await place.weft(["compile", "model.ts#softmax", "--args", "f32[n,2]", "--out", "o"]);
    assert.match(unsized.stderr, /no sizes are given for it/);
    assert.equal(unsized.code, 1);
  });
});

describe("files that were changed are refused", () => {
  const attempt = async (change: (folder: string) => void, from = "out/step"): Promise<string> => {
    const copy = `out/changed${Math.random()}`;
    cpSync(path.join(place.folder, from), path.join(place.folder, copy), { recursive: true });
    change(path.join(place.folder, copy));
    const { stdout } = await runAlone(
      copy,
      `import load from "./step.js"; await load().then(() => console.log("ran"), (e) => console.log(e.name, e.message));`,
    );
    return stdout.trim();
  };
  const edit = (file: string, change: (bytes: Buffer) => Buffer) => (folder: string) =>
    writeFileSync(path.join(folder, file), change(readFileSync(path.join(folder, file))));
  const flip = (at: number) => (bytes: Buffer) => {
    bytes[at] ^= 4;
    return bytes;
  };

  test("truncated, altered, swapped", async () => {
    assert.match(
      await attempt(edit("step.wasm", (b) => b.subarray(0, 200))),
      /^ArtifactError step\.wasm was truncated: it has 200/,
    );
    assert.match(
      await attempt(edit("step.wasm", flip(300))),
      /^ArtifactError step\.wasm was altered: its CRC-32/,
    );
    assert.match(
      await attempt(edit("step.safetensors", flip(85))),
      /^ArtifactError step\.safetensors was altered/,
    );
    const newer = (b: Buffer) => Buffer.from(b.toString().replace('"version":1', '"version":2'));
    assert.match(await attempt(edit("step.js", newer)), /^ArtifactError step has format version 2/);
    assert.equal(await attempt(() => undefined), "ran");
  });

  test("of WebGPU too, before a GPU is asked for", async () => {
    await compiled([...STEP, "--target", "webgpu"], "out/gpu");
    assert.deepEqual(place.list("out/gpu"), [
      "step.d.ts",
      "step.js",
      "step.safetensors",
      "step.wgsl.json",
      "weft-loader.d.ts",
      "weft-webgpu.d.ts",
      "weft-webgpu.js",
    ]);
    assert.match(
      await attempt(
        edit("step.wgsl.json", (b) => b.subarray(0, 200)),
        "out/gpu",
      ),
      /^ArtifactError step\.wgsl\.json was truncated: it has 200/,
    );
    assert.match(
      await attempt(edit("step.wgsl.json", flip(300)), "out/gpu"),
      /^ArtifactError step\.wgsl\.json was altered: its CRC-32/,
    );
  });
});

describe("the loader", () => {
  const holds = async (
    name: "weft-loader" | "weft-webgpu",
    limit: number,
    sources: RegExp,
  ): Promise<void> => {
    const { text, inputs } = await buildLoader(name);
    const size = gzipSync(text, { level: 9 }).length;
    assert.ok(size < limit, `${size} bytes`);
    for (const file of inputs) assert.match(file, sources);
    // Nothing that only one host has, unless it is asked for first.
    assert.doesNotMatch(text, /\b(document|window|require)\b|from"node:/);
  };

  test("is under 6 KB compressed, and holds nothing of the compiler", () =>
    holds("weft-loader", 6000, /^(runtime\/|compiler\/program\/(artifact|checksum)\.ts)/));

  test("with WebGPU is under 12 KB compressed, and holds nothing of the compiler", () =>
    holds(
      "weft-webgpu",
      12000,
      /^(runtime\/|compiler\/program\/(artifact|checksum|webgpu)\.ts|compiler\/types\/)/,
    ));

  test("ships as the package's build made it", async () => {
    const built = readFileSync(path.join(root, "dist/loader/weft-loader.js"));
    assert.ok(gzipSync(built, { level: 9 }).length < 6000);
    assert.equal(place.read("out/step/weft-loader.js"), built.toString());
  });
});

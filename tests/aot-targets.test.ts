/** Every way to compile ahead of time for every target: the types of all of them hold, and on a GPU all of them run. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { deserialize, device, devicePut, exportFunction, type NdArray, nn, numpy as np, spec } from "weft";
import { root } from "./helpers/paths.ts";
import { type CliResult, Workspace } from "./helpers/run-cli.ts";
import { installWebGpu, swiftShaderEnvironment } from "./helpers/swiftshader.ts";

const TARGETS = ["wasm", "webgpu", "both"] as const;

const FORMS: Readonly<Record<string, readonly string[]>> = {
  files: [],
  bundle: ["--bundle"],
  sizes: ["--sizes", "n=2,4", "--pad"],
};

const ARGUMENTS = (rows: string): string => `{w: f32[3,2], b: f32[2]}, f32[${rows},3]`;

let place: Workspace;
let environment: Record<string, string>;

before(async () => {
  place = new Workspace();
  environment = await swiftShaderEnvironment();
  installWebGpu(place.folder);
  place.write(
    "model.ts",
    `import { type NdArray, nn, numpy as np, spec } from "weft";
     interface Params { readonly w: NdArray; readonly b: NdArray }
     export const predict = ({ w, b }: Params, x: NdArray) => ({ scores: nn.softmax(x.matmul(w).add(b)), kept: [x] });
     export const exampleArgs = () => ({ predict: [{ w: spec([3, 2]), b: spec([2]) }, spec([2, 3])] });`,
  );
  for (const target of TARGETS) {
    for (const [form, options] of Object.entries(FORMS)) {
      const args = ["compile", "model.ts#predict", "--args", ARGUMENTS(form === "sizes" ? "n" : "2")];
      const out = `out/${target}-${form}`;
      const { code, stderr } = await place.weft([...args, "--target", target, "--out", out, ...options]);
      assert.equal(code, 0, stderr);
    }
    const built = await bundlePage(target);
    assert.equal(built.code, 0, built.stdout + built.stderr);
  }
});
after(() => place.remove());

/** Bundles a page by the plugin of esbuild, its types beside it. */
function bundlePage(target: string): Promise<CliResult> {
  place.write(`page-${target}/model.ts`, place.read("model.ts"));
  place.write(`page-${target}/page.ts`, 'export { predict } from "./model.ts?weft";\n');
  const url = (file: string): string => JSON.stringify(pathToFileURL(path.join(root, file)).href);
  place.write(
    "build.mjs",
    `import * as esbuild from ${url("node_modules/esbuild/lib/main.js")};
     import { weft } from ${url("dist/esbuild.js")};
     await esbuild.build({
       entryPoints: ["page-${target}/page.ts"], outfile: "out/page-${target}.mjs", bundle: true, format: "esm",
       external: ["webgpu"], plugins: [weft({ declarations: true, target: "${target}" })],
     });`,
  );
  return place.node(["build.mjs"]);
}

describe("compiled for every target", () => {
  test("the declarations of every form type-check, and refuse what does not fit", async () => {
    const uses: string[] = [];
    for (const target of TARGETS) {
      const gpu = target !== "wasm" ? "await " : "";
      const options = target === "both" ? '{ device: "webgpu" }' : "";
      for (const form of Object.keys(FORMS)) {
        const name = `${target}_${form}`;
        uses.push(`import ${name} from "./out/${target}-${form}/predict.js";
          {
            const predict = await ${name}(${options});
            const { scores, kept } = ${gpu}predict({ w: new Float32Array(6), b: [0, 1] }, { data: new Float32Array(6), shape: [2, 3] });
            const first: number = scores.data[0] + kept[0].shape.length + Object.keys(predict.manifest).length;
            const there = ${gpu}predict.onDevice({ w: predict.put(new Float32Array(6), [3, 2]), b: [0, first] }, []);
            const data: Float32Array = await there.scores.data;
            // @ts-expect-error integers are no float32
            void predict({ w: new Int32Array(6), b: [] }, []);
            // @ts-expect-error there is no such result
            void ({} as Awaited<ReturnType<typeof predict>>).score;
            predict.dispose(); void data;
          }`);
      }
      uses.push(`import { predict as ${target}_page } from "./page-${target}/model.ts?weft";
        {
          const { scores } = await ${target}_page({ w: new Float32Array(6), b: [0, 1] }, []);
          const loaded = await ${target}_page.load(${options});
          const { kept } = await loaded({ w: [], b: [] }, []);
          const n: number = scores.data[0] + kept[0].data[0];
          // @ts-expect-error a number is no parameter tree
          void ${target}_page(n, []);
        }`);
    }
    place.write("use.ts", uses.join("\n"));
    const tsc = path.join(root, "node_modules/typescript/bin/tsc");
    const flags =
      "--noEmit --strict --target es2022 --lib es2023,dom --module esnext --moduleResolution bundler";
    const types = ["--types", "", "--typeRoots", path.join(root, "node_modules/@webgpu")];
    const { stdout } = await place.node([tsc, ...flags.split(" "), ...types, "use.ts"]);
    assert.equal(stdout, "");
  });

  test("all of them run and agree, on WebAssembly and on a GPU", async () => {
    place.write(
      "run.mjs",
      `const w = new Float32Array([0.5, -1, 2, 0.25, -0.5, 1]), b = new Float32Array([0.1, -0.2]);
       const x = { data: new Float32Array([1, 2, 3, -1, 0.5, 2]), shape: [2, 3] };
       const three = { data: new Float32Array([...x.data, 4, 5, 6]), shape: [3, 3] };
       const results = {};
       const note = async (name, predict, x) => {
         const { scores } = await predict({ w, b }, x);
         const again = await (await predict.onDevice({ w: predict.put(w, [3, 2]), b }, x)).scores.data;
         results[name] = [scores.shape, Array.from(scores.data), Array.from(again)];
         predict.dispose();
       };
       for (const target of ["wasm", "webgpu", "both"]) {
         for (const device of target === "both" ? ["wasm", "webgpu"] : [undefined]) {
           for (const form of ["files", "bundle", "sizes"]) {
             const { load } = await import("./out/" + target + "-" + form + "/predict.js");
             await note(target + " " + device + " " + form, await load(device && { device }), form === "sizes" ? three : x);
           }
           const { predict } = await import("./out/page-" + target + ".mjs");
           const loaded = await predict.load(device && { device });
           await note(target + " " + device + " page", device === undefined ? predict : loaded, x);
         }
       }
       console.log(JSON.stringify(results));
       process.exit();`,
    );
    const { stdout, stderr, code } = await place.node(["run.mjs"], { env: environment });
    assert.equal(code, 0, stderr);
    const results = JSON.parse(stdout) as Record<string, readonly [number[], number[], number[]]>;
    assert.equal(Object.keys(results).length, 16);
    for (const [name, [shape, scores, again]] of Object.entries(results)) {
      const [, wanted] = results[name.endsWith("sizes") ? "wasm undefined sizes" : "wasm undefined files"];
      assert.deepEqual(shape, [name.endsWith("sizes") ? 3 : 2, 2], name);
      assert.equal(scores.length, wanted.length, name);
      for (const [i, value] of scores.entries())
        assert.ok(Math.abs(value - wanted[i]) < 1e-6, `${name}: ${scores}`);
      assert.deepEqual(again, scores, name);
    }
  });

  test("an exported function with padded sizes, called on a GPU", async () => {
    const model = ({ w }: { w: NdArray }, x: NdArray) => nn.softmax(x.matmul(w));
    const exported = exportFunction(model, { target: "both", sizes: { n: [2, 8] }, pad: true })(
      { w: spec([3, 2]) },
      spec(["n", 3]),
    );
    const again = deserialize<typeof model>(exported.serialize());
    const gpu = await device("webgpu");
    const w = np.arange(6).reshape([3, 2]).mul(0.25);
    for (const n of [1, 2, 5, 8]) {
      const x = np.sin(np.arange(3 * n)).reshape([n, 3]);
      const wanted = await model({ w }, x).data();
      const result = again.call({ w: devicePut(w, gpu) }, devicePut(x, gpu));
      assert.deepEqual(result.shape, [n, 2]);
      for (const [i, value] of (await result.data()).entries()) assert.ok(Math.abs(value - wanted[i]) < 1e-6);
    }
    gpu.destroy();
  });
});

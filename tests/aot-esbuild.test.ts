/** `weft/esbuild`: functions compiled while a page is bundled. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { root } from "./helpers/paths.ts";
import { type CliResult, Workspace } from "./helpers/run-cli.ts";

let place: Workspace;
before(async () => {
  place = new Workspace();
  place.write(
    "model.ts",
    `import { type NdArray, nn, numpy as np, spec } from "weft";
     import { weights } from "./weights.ts";
     interface State { readonly total: NdArray }
     export const predict = (x: NdArray) => nn.softmax(x.matmul(weights));
     export default function accumulate(state: State, x: NdArray): State {
       return { total: state.total.add(np.sum(x)) };
     }
     export const helper = (x: NdArray) => x;
     export const exampleSizes = { n: [1, 4] };
     export const exampleArgs = () => ({
       predict: [spec(["n", 2])],
       default: [{ total: spec([]) }, spec([3])],
     });`,
  );
  place.write(
    "weights.ts",
    'import { numpy as np } from "weft";\nexport const weights = np.array([[1, 2], [3, 4]]);',
  );
  // Builds dist/ if it is not what the sources say.
  assert.equal((await place.weft(["--version"])).code, 0);
});
after(() => place.remove());

/** Bundles `page.ts` with the plugin, in a process of its own. */
function bundle(options = "{}"): Promise<CliResult> {
  const url = (file: string): string => JSON.stringify(pathToFileURL(path.join(root, file)).href);
  place.write(
    "build.mjs",
    `import * as esbuild from ${url("node_modules/esbuild/lib/main.js")};
     import { weft } from ${url("dist/esbuild.js")};
     const { metafile } = await esbuild.build({
       entryPoints: ["page.ts"], outfile: "page.js", bundle: true, format: "esm", metafile: true, logLevel: "silent",
       plugins: [weft(${options})],
     }).catch((error) => { console.log(error.message); process.exit(1); });
     console.log(Object.keys(metafile.inputs).join("\\n"));`,
  );
  return place.node(["build.mjs"]);
}

describe("weft/esbuild", () => {
  test("the bundle runs, gives the just-in-time bits, and holds nothing of the compiler", async () => {
    place.write(
      "page.ts",
      `import accumulate, { predict } from "./model.ts?weft";
       const x = new Float32Array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]);
       const { data, shape } = predict(x);
       let state = { total: 0 };
       for (let i = 0; i < 3; i++) state = accumulate.onDevice(state, [1, 2, i]);
       await predict.load();
       console.log(JSON.stringify([[...data], shape, [...state.total.data], predict([[1, 2]]).shape]));`,
    );
    const { stdout, code } = await bundle();
    assert.equal(code, 0, stdout);
    const inputs = stdout.trim().split("\n");
    assert.equal(inputs.length, 3, stdout);
    assert.match(stdout, /^page\.ts$/m);
    assert.match(stdout, /^weft:.*model\.ts$/m);
    assert.match(stdout, /dist\/loader\/weft-loader\.js$/m);
    place.write(
      "jit.ts",
      `import { jit, numpy as np } from "weft";
       import { predict } from "./model.ts";
       const x = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]).reshape([4, 2]);
       console.log(JSON.stringify([[...jit(predict)(x).dataSync()], [4, 2], [12], [1, 2]]));`,
    );
    const run = await place.node(["page.js"]);
    assert.equal(run.stderr, "");
    assert.equal(run.stdout, (await place.weft(["run", "jit.ts"])).stdout);
  });

  test("types: beside the source, or untyped", async () => {
    place.write(
      "page.ts",
      'import { predict } from "./model.ts?weft";\nexport const n: string = predict([]).shape[0];\n',
    );
    const tsc = path.join(root, "node_modules/typescript/bin/tsc");
    const check = (...files: string[]) =>
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
        ...files,
      ]);
    place.write("untyped.d.ts", 'declare module "*?weft";');
    assert.equal((await check("page.ts", "untyped.d.ts")).stdout, "");
    assert.equal((await bundle("{ declarations: true }")).code, 0);
    assert.match(
      (await check("page.ts")).stdout,
      /page\.ts\(2,14\).*'number' is not assignable to type 'string'/,
    );
  });

  test("what is wrong stands in the build's errors", async () => {
    const failure = async (page: string): Promise<string> => {
      place.write("page.ts", page);
      const { code, stdout } = await bundle();
      assert.equal(code, 1);
      return stdout;
    };
    assert.match(await failure('import "./missing.ts?weft";'), /Could not resolve "\.\/missing\.ts"/);
    assert.match(
      await failure('import { helper } from "./model.ts?weft"; helper();'),
      /No matching export .* "helper"/,
    );
    assert.match(
      await failure('import "./weights.ts?weft";'),
      /weights\.ts gives no arguments to compile its functions for/,
    );
    place.write("bad.ts", 'import { np } from "weft";\nexport const f = (x) => x.add(;');
    assert.match(await failure('import "./bad.ts?weft";'), /cannot be bundled/);
    place.write(
      "list.ts",
      "export const f = (x) => x; export const g = (x) => x; export const exampleArgs = [1];",
    );
    assert.match(await failure('import "./list.ts?weft";'), /exports 2 functions\. Say which/);
  });
});

/** `dist/weft.browser.js` and the files beside it: what they hold, what a page loads, and that it runs on both backends. */
import assert from "node:assert/strict";
import path from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";
import * as weft from "weft";
import { customVjpPrimitives } from "../../compiler/primitives/control/custom-vjp.ts";
import { flowPrimitives } from "../../compiler/primitives/control/flow.ts";
import { fourierPrimitives } from "../../compiler/primitives/fft/index.ts";
import { linalgPrimitives } from "../../compiler/primitives/linalg/index.ts";
import { cumulativePrimitives } from "../../compiler/primitives/reduction/cumulative.ts";
import { sortingPrimitives } from "../../compiler/primitives/sorting/index.ts";
import { specialPrimitives } from "../../compiler/primitives/special/index.ts";
import { windowPrimitives } from "../../compiler/primitives/window/index.ts";
import { root } from "../helpers/paths.ts";
import { withModule, withPage } from "./chromium.ts";
import type * as Mistake from "./pages/mistake.ts";

/** Bytes with brotli that a page loads. For WebAssembly 150 KiB; docs/devices.md says what they are. */
const LIMITS = { wasm: 153_600, webgpu: 188_000 } as const;

interface Size {
  readonly bytes: number;
  readonly gzip: number;
  readonly brotli: number;
  readonly files: number;
}

interface Build {
  buildPages(options: { small: boolean }): Promise<{
    files: Map<string, Uint8Array>;
    loads: readonly { readonly file: string; readonly what: string; readonly size: Size }[];
  }>;
}

interface LateParts {
  readonly lateFamilies: readonly {
    readonly exported: string;
    readonly names: readonly string[];
    readonly single?: boolean;
  }[];
}

/** The files by their path in dist/, and what loading an entry means. */
let built: Awaited<ReturnType<Build["buildPages"]>>;

const script = (name: string): Promise<unknown> =>
  import(pathToFileURL(path.join(root, "scripts", `${name}.mjs`)).href);

before(async () => {
  const pages = (await script("pages")) as Build;
  built = await pages.buildPages({ small: true });
});

const exported = new Map<string, unknown>(Object.entries(weft));

const site = (): Record<string, string | Uint8Array> => ({
  "/": "<!doctype html><title>bundle</title>",
  ...Object.fromEntries([...built.files].map(([file, contents]) => [`/${file}`, contents])),
});

test("what a page loads is within its limit, and holds no part of Node and no tests of primitives", (t) => {
  const [core] = built.loads;
  const gpu = built.loads.find(({ what }) => what.includes("GPU"));
  assert.ok(gpu, "the part for GPUs is a file of its own");
  const { wasm, webgpu } = { wasm: core.size.brotli, webgpu: core.size.brotli + gpu.size.brotli };
  t.diagnostic(`brotli: ${wasm} bytes on WebAssembly, ${webgpu} on WebGPU; gzip: ${core.size.gzip}`);
  assert.ok(wasm < LIMITS.wasm, `${wasm} bytes on WebAssembly`);
  assert.ok(webgpu < LIMITS.webgpu, `${webgpu} bytes on WebGPU`);
  for (const [file, contents] of built.files) {
    const text = new TextDecoder().decode(contents);
    assert.doesNotMatch(text, /(?:from|import\()\s*"node:/, file);
    // Of the generated tests' cases: an operand of a gather that is drawn from indices.
    assert.doesNotMatch(text, /domain:\s*\[-?\d/, file);
  }
});

test("every export of weft is there, in the core or as a file", async () => {
  await withPage(site(), async (page) => {
    const keys = (file: string): Promise<string[]> =>
      page.evaluate(async (url) => Object.keys((await import(url)) as object).sort(), `/${file}`);
    const core = await keys("weft.browser.js");
    const missing = [...exported.keys()].filter((name) => !core.includes(name));
    const aot = await keys("browser/aot.js");
    for (const name of missing.filter((each) => !aot.includes(each))) {
      const file = `browser/${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.js`;
      const wanted = Object.keys(exported.get(name) as object).sort();
      assert.deepEqual(await keys(file), wanted, file);
    }
    assert.deepEqual(
      core.filter((name) => !exported.has(name)),
      [],
    );
  });
});

test("trains on Wasm without the part for GPUs, then on WebGPU, with an optimizer from a file of its own", async () => {
  await withPage(site(), async (page) => {
    const requested: string[] = [];
    page.on("request", (request) => requested.push(new URL(request.url()).pathname));
    const [gpu] = built.loads.filter(({ what }) => what.includes("GPU"));
    for (const platform of ["wasm", "webgpu"] as const) {
      const w = await page.evaluate(async (platform) => {
        const url = "/weft.browser.js";
        const { device, devicePut, grad, jit, numpy: np } = (await import(url)) as typeof import("weft");
        const optimUrl = "/browser/optim.js";
        const optim = (await import(optimUrl)) as typeof import("weft").optim;
        const on = await device(platform);
        const x = devicePut(
          np.array([
            [1, 2],
            [3, 4],
            [5, 6],
          ]),
          on,
        ) as import("weft").NdArray;
        const y = np.array([[5], [11], [17]]);
        const optimizer = optim.sgd(0.03);
        const loss = (w: import("weft").NdArray) => np.mean(np.square(x.matmul(w).sub(y)));
        const step = jit((w: import("weft").NdArray) => {
          const [updates] = optimizer.update(grad(loss)(w), optimizer.init(w), w);
          return optim.applyUpdates(w, updates);
        });
        let w: import("weft").NdArray = np.zeros([2, 1]);
        for (let i = 0; i < 500; i++) w = step(w);
        return [...(await w.data())];
      }, platform);
      for (const [i, value] of w.entries())
        assert.ok(Math.abs(value - [1, 2][i]) < 0.05, `${platform}: ${w}`);
      assert.equal(requested.includes(`/${gpu.file}`), platform === "webgpu", platform);
    }
  });
});

test("losses along vectors and of alignments need no more than the file of optimizers", async () => {
  const losses = (np: typeof weft.numpy, optim: typeof weft.optim): number[] => {
    const logits = np.linspace(-1, 1, 24).reshape([2, 4, 3]);
    const ctc = optim.ctcLoss(
      logits,
      np.zeros([2, 4]),
      np.array(
        [
          [1, 2],
          [2, 2],
        ],
        "int32",
      ),
      np.zeros([2, 2]),
    );
    const top = optim.makeFenchelYoungLoss((scores) => np.max(scores))(logits, np.ones([2, 4, 3]));
    return [...ctc.dataSync(), ...top.reshape([-1]).dataSync()].map(Number);
  };
  const expected = losses(weft.numpy, weft.optim);
  assert.equal(expected.length, 10);
  await withPage(site(), async (page) => {
    const found = await page.evaluate(async (program) => {
      const urls = ["/weft.browser.js", "/browser/optim.js"];
      const { numpy } = (await import(urls[0])) as typeof weft;
      const optim = (await import(urls[1])) as typeof weft.optim;
      let missing = "";
      try {
        numpy.einsum("ij->ji", numpy.ones([2, 3]));
      } catch (error) {
        missing = String(error);
      }
      return { missing, numbers: (new Function(`return ${program}`)() as typeof losses)(numpy, optim) };
    }, String(losses));
    assert.match(found.missing, /import "browser\/numpy.js"/);
    for (const [i, x] of found.numbers.entries())
      assert.ok(Math.abs(x - expected[i]) <= 1e-5 * Math.abs(x), `${x}`);
  });
});

test("debugNans needs a file that its error names, and then finds the operation", async () => {
  await withPage(site(), async (page) => {
    const [before, after] = await page.evaluate(async () => {
      const urls = ["/weft.browser.js", "/browser/inspect.js"];
      const { config, jit, numpy: np } = (await import(urls[0])) as typeof weft;
      const attempt = (): string => {
        try {
          config.debugNans = true;
          return String(jit((x: weft.NdArray) => np.log(x).add(1))(np.array([-1])));
        } catch (error) {
          return String(error);
        }
      };
      const first = attempt();
      await import(urls[1]);
      return [first, attempt()];
    });
    assert.match(before, /UnsupportedError: pages load .* import "browser\/inspect.js" before this/);
    assert.match(after, /FloatingPointError: invalid value \(nan\) encountered in log/);
  });
});

test("an error names the page's own line, wherever the files are served from, and never one of Weft's", async () => {
  const user = `import { jit, numpy as np } from "./weft.browser.js";
    export function mistake() {
      const f = jit((x, y) => x.add(y));
      try { f(np.ones([3]), np.ones([4])); } catch (error) { return String(error); }
    }`;
  const message = await withPage({ ...site(), "/user.js": user }, (page) =>
    page.evaluate(async (file) => ((await import(file)) as { mistake(): string }).mistake(), "/user.js"),
  );
  assert.match(message, /Incompatible shapes[\s\S]*user\.js:3:\d+/);
  assert.doesNotMatch(message, /chunks|weft\.browser/);
  // In one file with Weft no line can be told from Weft's.
  const bundled = await withModule<typeof Mistake, string>("tests/browser/pages/mistake.ts", (module) =>
    module.evaluate((m) => m.mistake()),
  );
  assert.match(bundled, /Incompatible shapes/);
  assert.doesNotMatch(bundled, /module\.js/);
});

test("what only the part for GPUs can do says that a page has to ask for a GPU first", async () => {
  await withPage(site(), async (page) => {
    const [before, after] = await page.evaluate(async () => {
      const url = "/weft.browser.js";
      const { device, jit, spec } = (await import(url)) as typeof import("weft");
      const lowered = jit((x: import("weft").NdArray) => x.add(1)).lower(spec([3]));
      const shader = (): string => {
        try {
          return lowered.compile({ target: "webgpu" }).asText({ stage: "wgsl" });
        } catch (error) {
          return String(error);
        }
      };
      const first = shader();
      await device("webgpu");
      const inspectUrl = "/browser/inspect.js";
      await import(inspectUrl);
      return [first, shader()];
    });
    assert.match(before, /UnsupportedError: pages load what WebGPU needs .* await device\("webgpu"\)/);
    assert.match(after, /@compute/);
  });
});

test("each family that is a file of its own is whole", async () => {
  const families = new Map<string, object>(
    Object.entries({
      cumulativePrimitives,
      customVjpPrimitives,
      flowPrimitives,
      fourierPrimitives,
      linalgPrimitives,
      sortingPrimitives,
      specialPrimitives,
      windowPrimitives,
    }),
  );
  const { lateFamilies } = (await script("late-parts")) as LateParts;
  const several = lateFamilies.filter(({ single }) => single !== true);
  assert.equal(several.length, families.size);
  for (const { exported, names } of several) {
    assert.deepEqual([...names].sort(), Object.keys(families.get(exported) ?? {}).sort(), exported);
  }
});

test("norms and products of np.linalg are in the core", async () => {
  await withPage(site(), async (page) => {
    const numbers = await page.evaluate(async () => {
      const url = "/weft.browser.js";
      const { numpy: np } = (await import(url)) as typeof import("weft");
      const v = np.array([3, 4]);
      return [np.linalg.norm(v).item(), np.linalg.vecdot(v, v).item()];
    });
    assert.deepEqual(numbers, [5, 25]);
  });
});

test("texts and costs of compiled functions are in a file that an error names, and are those of Node", async () => {
  const shown = (w: typeof weft): string[] => {
    const f = (x: weft.NdArray): weft.NdArray => w.numpy.exp(x).mul(2).sum();
    const compiled = w
      .jit(f)
      .lower(w.spec([3]))
      .compile();
    const [kernel] = compiled.kernels();
    return [
      String(w.makeJaxpr(f)(w.spec([3]))),
      JSON.stringify(compiled.costAnalysis()),
      ...["kernel", "program", "fusion"].map((stage) =>
        compiled.asText({ stage: stage as "kernel" | "program" | "fusion" }),
      ),
      String(kernel.name),
    ].map((text) => text.replace(/ *\/\/.*$/gm, "").replace(/\n+/g, "\n"));
  };
  const expected = shown(weft);
  await withPage(site(), async (page) => {
    const { error, texts } = await page.evaluate(async (program) => {
      const url = "/weft.browser.js";
      const w = (await import(url)) as typeof import("weft");
      const show = new Function(`return ${program}`)() as (weft: typeof w) => string[];
      let error = "";
      try {
        show(w);
      } catch (thrown) {
        error = String(thrown);
      }
      const file = "/browser/inspect.js";
      await import(file);
      return { error, texts: show(w) };
    }, String(shown));
    assert.match(error, /UnsupportedError: pages load .* import "browser\/inspect.js" before this/);
    assert.deepEqual(texts, expected);
  });
});

/** Programs of each file that holds a family of primitives. Its text is evaluated in the page and here. */
const programs: Readonly<Record<string, readonly string[]>> = {
  linalg: ["w.numpy.linalg.inv(w.numpy.array([[2, 1], [1, 3]]))"],
  fft: ["w.numpy.fft.rfft(w.numpy.arange(6)).real"],
  special: ["w.grad((x) => w.lax.lgamma(x))(2.5)"],
  convolution: [
    'w.lax.convGeneralDilated(w.numpy.linspace(0, 1, 9216).reshape([1, 16, 24, 24]), w.numpy.linspace(-1, 1, 2304).reshape([16, 16, 3, 3]), [1, 1], "SAME")',
  ],
  lax: [
    "w.numpy.argsort(w.numpy.array([3, 1, 2]))",
    "w.grad((x) => w.lax.foriLoop(0, 5, (i, y) => y.mul(x), x))(1.5)",
    "w.lax.cumsum(w.numpy.arange(4000))",
    "w.lax.sort(w.numpy.sin(w.numpy.arange(3000)))",
    "w.lax.reducePrecision(w.numpy.linspace(0, 1, 7), 5, 4)",
  ],
  numpy: [
    "w.numpy.subtract.reduceat(w.numpy.arange(8), w.numpy.array([0, 4, 1, 5], 'int32'))",
    "w.numpy.delete(w.numpy.arange(5), 2)",
    "w.numpy.einsum('ij,kj->ik', w.numpy.ones([2, 3]), w.numpy.ones([4, 3]))",
    "w.numpy.median(w.numpy.array([3, 1, 2, 5, 4]))",
    "w.numpy.nanmean(w.numpy.array([3, 1, NaN, 2]))",
  ],
  transforms: [
    "w.hessian((x) => x.mul(x).mul(x))(2)",
    `(() => {
      const f = w.customVjp((x) => x.mul(x));
      f.defVjp((x) => [x.mul(x), x], (x, ct) => [ct.mul(x).mul(3)]);
      return w.grad((x) => f(x))(2);
    })()`,
  ],
  random: ["w.random.permutation(w.random.key(0), 100)", "w.random.laplace(w.random.key(1), [10])"],
};

for (const [part, all] of Object.entries(programs)) {
  for (const platform of ["wasm", "webgpu"] as const) {
    test(`${part} on ${platform}: an error names the file, and with it the numbers are those in Node`, async () => {
      const expected = await Promise.all(
        all.map(async (program) =>
          [...(await (new Function("w", `return ${program}`)(weft) as weft.NdArray).data())].map(Number),
        ),
      );
      await withPage(site(), async (page) => {
        const { errors, numbers } = await page.evaluate(
          async ({ part, all, platform }) => {
            const url = "/weft.browser.js";
            const w = (await import(url)) as typeof import("weft");
            w.setDefaultDevice(await w.device(platform));
            const compute = (program: string): import("weft").NdArray =>
              new Function("w", `return ${program}`)(w);
            const errors = all.map((program) => {
              try {
                compute(program);
                return "";
              } catch (thrown) {
                return String(thrown);
              }
            });
            const file = `/browser/${part}.js`;
            await import(file);
            const numbers: number[][] = [];
            for (const program of all) numbers.push([...(await compute(program).data())].map(Number));
            return { errors, numbers };
          },
          { part, all, platform },
        );
        for (const [k, program] of all.entries()) {
          assert.match(
            errors[k],
            new RegExp(`UnsupportedError: pages load .* import "browser/${part}.js" before this`),
            program,
          );
          assert.equal(numbers[k].length, expected[k].length, program);
          for (const [i, x] of expected[k].entries())
            assert.ok(
              Math.abs(numbers[k][i] - x) <= 1e-5 * Math.max(1, Math.abs(x)),
              `${program}: ${numbers[k][i]}, not ${x}`,
            );
        }
      });
    });
  }
}

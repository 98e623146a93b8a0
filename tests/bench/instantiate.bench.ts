/**
 * `npm run bench -- instantiate`: what it takes to load training steps that were compiled ahead of time, each time in a new
 * process that finds only the output of `weft compile`.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { exportFunction, type NdArray, nn, numpy as np, optim, spec, valueAndGrad } from "weft";
import { LOADER_FILE, moduleText } from "../../frontend/aot/module-text.ts";
import { buildLoader } from "../helpers/loader-file.ts";

interface Step {
  readonly title: string;
  /** Extents of the layers. */
  readonly layers: readonly number[];
  readonly batch: number;
  readonly loss: (predicted: NdArray, y: NdArray) => NdArray;
}

const STEPS: readonly Step[] = [
  {
    title: "1–128–1, 100 points, Adam",
    layers: [1, 128, 1],
    batch: 100,
    loss: (predicted, y) => np.mean(optim.l2Loss(predicted, y)),
  },
  {
    title: "784–512–512–10, batch 64, Adam",
    layers: [784, 512, 512, 10],
    batch: 64,
    loss: (predicted, y) => np.mean(optim.softmaxCrossEntropy(predicted, y)),
  },
];

const PROCESSES = 11;

type Layer = { readonly w: NdArray; readonly b: NdArray };

/** A step of Adam as an artifact. */
function compile({ layers, batch, loss }: Step) {
  const adam = optim.adam(1e-3);
  const predict = (params: Layer[], x: NdArray): NdArray =>
    params.reduce((h, { w, b }, i) => (i === 0 ? h : nn.relu(h)).matmul(w).add(b), x);
  const step = (params: Layer[], state: optim.OptState, x: NdArray, y: NdArray) => {
    const [value, grads] = valueAndGrad((p: Layer[]) => loss(predict(p, x), y))(params);
    const [updates, next] = adam.update(grads, state, params);
    return [optim.applyUpdates(params, updates), next, value];
  };
  const params = layers.slice(1).map((out, i) => ({ w: np.zeros([layers[i]!, out]), b: np.zeros([out]) }));
  const x = spec([batch, layers[0]!]);
  const y = spec([batch, layers.at(-1)!]);
  return exportFunction(step, { name: "step" })(params, adam.init(params), x, y).artifact;
}

/** Prints the milliseconds of the import, of `load()` and of the first call. */
const MAIN = `
const t0 = performance.now();
const { default: load } = await import("./step.js");
const t1 = performance.now();
const step = await load();
const t2 = performance.now();
const leaf = (type) => {
  const [, dtype, shape] = /^(\\w+)\\[(.*)\\]/.exec(type);
  const n = shape === "" ? 1 : shape.split(",").reduce((n, x) => n * x, 1);
  return { data: new (dtype === "i32" ? Int32Array : Float32Array)(n), shape: shape === "" ? [] : shape.split(",").map(Number) };
};
const build = (tree) =>
  tree === null ? null
  : typeof tree === "string" ? leaf(tree)
  : Array.isArray(tree) ? tree.map(build)
  : Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, build(child)]));
const args = step.manifest.parameters.map(({ tree }) => build(tree));
const t3 = performance.now();
step(...args);
const t4 = performance.now();
console.log(JSON.stringify([t1 - t0, t2 - t1, t4 - t3]));
`;

function median(xs: readonly number[]): number {
  return xs.toSorted((a, b) => a - b)[Math.floor(xs.length / 2)]!;
}

console.log(`Node ${process.versions.node}, medians of ${PROCESSES} processes, milliseconds\n`);
console.log(
  "| step | import | `load()` | first call | bytes of WebAssembly |\n| --- | ---: | ---: | ---: | ---: |",
);
const loader = (await buildLoader("weft-loader")).text;
const base = mkdtempSync(path.join(tmpdir(), "weft-instantiate-"));
try {
  for (const [i, step] of STEPS.entries()) {
    const artifact = compile(step);
    const folder = path.join(base, String(i));
    mkdirSync(folder);
    for (const [name, bytes] of artifact.sections) writeFileSync(path.join(folder, name), bytes);
    writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(path.join(folder, "step.js"), moduleText(artifact));
    writeFileSync(path.join(folder, LOADER_FILE), loader);
    writeFileSync(path.join(folder, "main.js"), MAIN);
    const runs = Array.from({ length: PROCESSES }, () => {
      const { stdout, stderr, status } = spawnSync(process.execPath, ["main.js"], {
        cwd: folder,
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(stderr);
      return JSON.parse(stdout) as number[];
    });
    const times = [0, 1, 2].map((part) => median(runs.map((run) => run[part]!)).toFixed(2));
    const bytes = artifact.sections.get("step.wasm")?.length ?? 0;
    console.log(`| ${step.title} | ${times.join(" | ")} | ${bytes} |`);
  }
} finally {
  rmSync(base, { recursive: true, force: true });
}

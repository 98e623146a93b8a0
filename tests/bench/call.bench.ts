/**
 * `npm run bench -- call`: the cost of one call of small compiled functions and eager operations, of the
 * auto-insurance training, and of tracing and compiling it.
 */
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { grad, jit, type NdArray, numpy as np } from "weft";
import { buildAutoInsuranceDataset } from "../../samples/auto-insurance/dataset.ts";
import {
  differentiateCost,
  type Parameters,
  train,
  updateWeights,
} from "../../samples/auto-insurance/model.ts";

/** Milliseconds of the steps of one compilation. */
interface CompileTimes {
  readonly trace: number;
  readonly compile: number;
  readonly firstCall: number;
}

/** How a process is asked for the times of its first compilation. */
const COLD = "--cold";
/** Batches of which the median counts, and the least time of one. */
const BATCHES = 25;
const BATCH_MS = 8;
const COLD_RUNS = 5;

const { features, labels } = buildAutoInsuranceDataset(
  await readFile(new URL("../../samples/data/auto-insurance.csv", import.meta.url)),
);
const trainFifty = (x: NdArray, y: NdArray) =>
  train(x, y, { epochs: 50, learningRate: 1e-4, gradient: differentiateCost });

function median(xs: readonly number[]): number {
  const sorted = [...xs].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** A turn of the event loop, in which finalizers run. */
const yieldNow = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Microseconds of one call: the median of batches, each long enough for the clock. */
async function microseconds(call: () => unknown): Promise<number> {
  const start = performance.now();
  let warm = 0;
  // Long enough for V8 to optimise the caller and the module.
  while (performance.now() - start < 150) {
    call();
    warm++;
  }
  const perBatch = Math.max(1, Math.round((warm * BATCH_MS) / 150));
  const times: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    await yieldNow();
    const before = performance.now();
    for (let i = 0; i < perBatch; i++) call();
    times.push(((performance.now() - before) * 1000) / perBatch);
  }
  return median(times);
}

/** Traces, compiles and calls the training anew. */
function compileTimes(): CompileTimes {
  const jitted = jit(trainFifty);
  const t0 = performance.now();
  const lowered = jitted.lower(features, labels);
  const t1 = performance.now();
  const compiled = lowered.compile();
  const t2 = performance.now();
  compiled.call(features, labels);
  return { trace: t1 - t0, compile: t2 - t1, firstCall: performance.now() - t2 };
}

function coldTimes(): CompileTimes {
  const { stdout, status, stderr } = spawnSync(process.execPath, [process.argv[1], COLD], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const mid = (times: readonly CompileTimes[], key: keyof CompileTimes) => median(times.map((t) => t[key]));

function table(title: string, header: readonly string[], rows: readonly (readonly string[])[]): void {
  const all = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...all.map((row) => row[i].length)));
  const print = (row: readonly string[]) =>
    console.log(
      `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("   ")}`,
    );
  console.log(`\n${title}`);
  print(header);
  console.log(`  ${widths.map((w) => "─".repeat(w)).join("   ")}`);
  for (const row of rows) print(row);
}

async function main(): Promise<void> {
  console.log(
    `Node ${process.versions.node}, ${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores`,
  );

  const small = np.array([1, 2, 3, 4]);
  const addOne = jit((x: NdArray) => x.add(1));
  const trees = jit((p: { w: NdArray; b: NdArray }) => ({ w: p.w.add(1), b: p.b.add(1) }));
  const pair = { w: small, b: small };
  const scalar = jit((x: NdArray, k: NdArray) => x.mul(k));
  const loss = (p: Parameters) => np.mean(np.square(features.mul(p.weight).add(p.bias).sub(labels)));
  const gradient = jit(grad(loss));
  const step = jit((p: Parameters) => updateWeights(features, p, labels, 1e-4, differentiateCost));
  const donatingStep = jit((p: Parameters) => updateWeights(features, p, labels, 1e-4, differentiateCost), {
    donateArgnums: [0],
  });
  const start = (): Parameters => ({ weight: np.array(0), bias: np.array(0) });
  const fixed = start();
  const training = jit(trainFifty);
  let current = step(start());
  let donated = donatingStep(start());

  const calls: [string, () => unknown][] = [
    ["jit(x => x.add(1)), f32[4]", () => addOne(small)],
    ["the same, disposing of the result", () => addOne(small).dispose()],
    ["jit of a tree of two arrays", () => trees(pair)],
    ["jit((x, k) => x.mul(k)) with a number", () => scalar(small, 2)],
    ["eager x.add(1), f32[4]", () => small.add(1)],
    ["eager x.add(y), f32[4]", () => small.add(small)],
    ["auto-insurance gradient, 63 rows", () => gradient(fixed)],
    [
      "auto-insurance step, 63 rows",
      () => {
        current = step(current);
      },
    ],
    [
      "the same, donating the parameters",
      () => {
        donated = donatingStep(donated);
      },
    ],
    ["auto-insurance training, 50 epochs in one call", () => training(features, labels)],
  ];
  const rows: string[][] = [];
  for (const [name, call] of calls) rows.push([name, (await microseconds(call)).toFixed(2)]);
  table("One call, warm", ["", "µs"], rows);

  const warm = Array.from({ length: 25 }, compileTimes).slice(5);
  const cold = Array.from({ length: COLD_RUNS }, coldTimes);
  const keys: [string, keyof CompileTimes][] = [
    ["trace and lower", "trace"],
    ["compile and instantiate", "compile"],
    ["first call", "firstCall"],
  ];
  table(
    "The 50-epoch training, from function to result",
    ["", "cold, ms", "warm, ms"],
    keys.map(([name, key]) => [name, mid(cold, key).toFixed(1), mid(warm, key).toFixed(1)]),
  );
  console.log(
    `\nMedians of ${BATCHES} batches, of ${COLD_RUNS} fresh processes (cold) and of ${warm.length} compilations (warm).`,
  );
}

if (process.argv.includes(COLD)) console.log(JSON.stringify(compileTimes()));
else await main();

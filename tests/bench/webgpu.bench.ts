/**
 * `npm run bench -- webgpu [NAME…]`: Weft, jax-js and TensorFlow.js on one WebGPU adapter in one Chromium, one after the
 * other. Times of a software adapter say how much work the kernels are, not how fast a GPU is.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { bundleForBrowser, launch } from "../browser/launch.ts";
import { serve } from "../browser/serve.ts";
import { root } from "../helpers/paths.ts";
import type { BenchPage, Figures, System } from "./webgpu/figures.ts";

const SYSTEMS: readonly System[] = ["weft", "jax-js", "tfjs"];
const WORKLOADS = [
  "matmul 256",
  "matmul 512",
  "softmax 2048×1000",
  "layer norm 2048×768",
  "gelu(x·W + b) 512×512→2048",
  "conv 32×28×28×32→64 forward",
  "sum 256³ over all axes",
  "max 256³ over axis 2",
  "transformer, 4 blocks, width 128, 8×64, forward",
  "1–128–1 ReLU, 100 points",
];
const MILLISECONDS = 600;

const page = await bundleForBrowser(path.join(root, "tests/bench/webgpu/page.ts"));
const browser = await launch();
const server = await serve({
  "/": "<!doctype html><title>bench</title><script>globalThis.process = { env: {} }</script>",
  "/module.js": page,
});
const wanted = process.argv.slice(2);
const results: Record<string, Partial<Record<System, Figures | string>>> = {};
try {
  const tab = await browser.newPage();
  await tab.goto(server.url);
  const known = await tab.evaluate(
    (url) => (import(url) as Promise<BenchPage>).then((m) => m.workloads()),
    "/module.js",
  );
  console.log(
    `adapter: ${await tab.evaluate((url) => (import(url) as Promise<BenchPage>).then((m) => m.describeAdapter()), "/module.js")}\n`,
  );
  const names =
    wanted.length === 0 ? WORKLOADS : known.filter((name) => wanted.some((part) => name.includes(part)));
  console.log(
    ["workload".padEnd(34), ...SYSTEMS.map((s) => `${s}: ms (dispatches, MB bound)`.padEnd(34))].join(""),
  );
  for (const name of names) {
    const row: Partial<Record<System, Figures | string>> = {};
    results[name] = row;
    if (!known.includes(name)) {
      console.log(`${name.padEnd(34)}no such workload`);
      continue;
    }
    for (const system of SYSTEMS) {
      row[system] = await tab
        .evaluate(
          async ([url, system, name, milliseconds]) =>
            ((await import(url)) as BenchPage).measure(system, name, milliseconds),
          ["/module.js", system, name, MILLISECONDS] as const,
        )
        .catch((error: unknown) => String(error).split("\n")[0] ?? "failed");
    }
    console.log([name.padEnd(34), ...SYSTEMS.map((system) => cell(row[system]).padEnd(34))].join(""));
  }
  mkdirSync(path.join(root, "out"), { recursive: true });
  writeFileSync(path.join(root, "out/bench-webgpu.json"), `${JSON.stringify(results, null, 2)}\n`);
} finally {
  await browser.close();
  await server.close();
}

function cell(figures: Figures | string | undefined): string {
  if (figures === undefined) return "";
  if (typeof figures === "string") return figures.replace(/^.*?Error: /, "").slice(0, 32);
  const wrong = figures.difference > 1e-3 ? ` WRONG ${figures.difference.toExponential(1)}` : "";
  return `${figures.time.toFixed(2)} (${figures.dispatches}, ${(figures.bytes / 1e6).toFixed(1)})${wrong}`;
}

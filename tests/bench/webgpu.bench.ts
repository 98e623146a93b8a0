/**
 * `npm run bench -- webgpu [NAME…]`: Weft, jax-js and TensorFlow.js on one WebGPU adapter in one Chromium, one after the
 * other. Times of a software adapter say how much work the kernels are, not how fast a GPU is. Without names it runs
 * all that issue 5 of the project names, and writes the table of docs/benchmarks.md.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { bundleForBrowser, launch } from "../browser/launch.ts";
import { serve } from "../browser/serve.ts";
import { root } from "../helpers/paths.ts";
import type { BenchPage, Figures, System } from "./webgpu/figures.ts";
import { cell, type Row, table } from "./webgpu/table.ts";

const SYSTEMS: readonly System[] = ["weft", "jax-js", "tfjs"];
const WORKLOADS = [
  "matmul 256",
  "matmul 512",
  "softmax 2048×1000",
  "layer norm 2048×768",
  "gelu(x·W + b) 512×512→2048",
  "conv 32×28×28×32→64 forward",
  "sum 256³ over all axes",
  "max 256³ over all axes",
  "transformer, 4 blocks, width 128, 8×64, forward",
  "1–128–1 ReLU, 100 points",
];
/** Of timed runs, of each system. */
const MILLISECONDS = 500;
/** A system that has not answered by then: its GPU process is busy with one shader, and the browser starts anew. */
const LIMIT = 45_000;

const BEGIN = "<!-- bench webgpu: begin (written by npm run bench -- webgpu) -->";
const END = "<!-- bench webgpu: end -->";
const docs = path.join(root, "docs/benchmarks.md");

/** A browser with the page of the benchmark, started again when it hangs. */
class BenchBrowser {
  #browser: Awaited<ReturnType<typeof launch>> | null = null;
  #tab: Page | null = null;

  constructor(private readonly url: string) {}

  /** Calls an export of the page. Rejects when it takes too long; the next call starts a new browser. */
  async call<T>(name: keyof BenchPage, ...args: unknown[]): Promise<T> {
    const tab = await this.#open();
    const answer = tab.evaluate(
      async ([url, name, args]) => {
        const page = (await import(url)) as Record<string, (...args: unknown[]) => unknown>;
        return page[name]?.(...args);
      },
      ["/module.js", name as string, args] as const,
    ) as Promise<T>;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("took too long")), LIMIT);
    });
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      answer.catch(() => {});
      await this.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    const browser = this.#browser;
    this.#browser = null;
    this.#tab = null;
    // A hanging GPU process answers to nothing but its end.
    await Promise.race([browser?.close(), new Promise((resolve) => setTimeout(resolve, 5000))]);
  }

  async #open(): Promise<Page> {
    this.#browser ??= await launch();
    if (this.#tab === null) {
      this.#tab = await this.#browser.newPage();
      await this.#tab.goto(this.url);
    }
    return this.#tab;
  }
}

const page = await bundleForBrowser(path.join(root, "tests/bench/webgpu/page.ts"));
const server = await serve({
  "/": "<!doctype html><title>bench</title><script>globalThis.process = { env: {} }</script>",
  "/module.js": page,
});
const browser = new BenchBrowser(server.url);
const wanted = process.argv.slice(2);
const rows: Row[] = [];
try {
  const known = await browser.call<string[]>("workloads");
  const adapter = await browser.call<string>("describeAdapter");
  console.log(`adapter: ${adapter}\n`);
  const names =
    wanted.length === 0 ? WORKLOADS : known.filter((name) => wanted.some((part) => name.includes(part)));
  console.log(
    ["workload".padEnd(34), ...SYSTEMS.map((s) => `${s}: ms (dispatches, MB bound)`.padEnd(34))].join(""),
  );
  for (const name of names) {
    const figures: Partial<Record<System, Figures | string>> = {};
    for (const system of SYSTEMS) {
      figures[system] = await browser
        .call<Figures>("measure", system, name, MILLISECONDS)
        .catch((error: unknown) =>
          (String(error).split("\n")[0] ?? "failed").replace(/^.*?Error: /, "").slice(0, 60),
        );
    }
    rows.push({ name, figures });
    console.log([name.padEnd(34), ...SYSTEMS.map((system) => cell(figures[system]).padEnd(34))].join(""));
  }
  mkdirSync(path.join(root, "out"), { recursive: true });
  writeFileSync(path.join(root, "out/bench-webgpu.json"), `${JSON.stringify(rows, null, 2)}\n`);
  if (wanted.length === 0) writeDocs(table(adapter, SYSTEMS, rows));
} finally {
  await browser.close();
  await server.close();
}

function writeDocs(text: string): void {
  const page = readFileSync(docs, "utf8");
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`docs/benchmarks.md has no "${BEGIN}" and "${END}"`);
  writeFileSync(docs, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
  console.log("table: docs/benchmarks.md");
}

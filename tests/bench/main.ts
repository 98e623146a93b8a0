/** `npm run bench`: Weft beside other systems, and beside what the core itself can do. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { CLOCK_VARIABLE } from "./runner/clock.ts";
import { runUnder, type Scripts } from "./runner/driver.ts";
import { merged } from "./runner/merge.ts";
import { parseOptions } from "./runner/options.ts";
import { canPin, pythonWithJax } from "./runner/processes.ts";
import { progressLine, report } from "./runner/report.ts";
import type { NodeResults, RunResults } from "./runner/results.ts";

const BEGIN = "<!-- bench: begin (written by npm run bench) -->";
const END = "<!-- bench: end -->";
const docs = fileURLToPath(new URL("../../docs/benchmarks.md", import.meta.url));
const results = fileURLToPath(new URL("results", import.meta.url));

/** The first arguments are the bundles of peers/main.ts and cold.ts. */
async function main([child, cold, ...argv]: readonly string[]): Promise<void> {
  const options = parseOptions(argv);
  if (typeof options === "string") {
    console.log(options);
    return;
  }
  const python = options.contenders.includes("jax") ? pythonWithJax() : null;
  if (python !== null) process.env.WEFT_BENCH_PYTHON = python;
  else if (options.contenders.includes("jax")) console.error("no Python with JAX: JAX does not take part");
  const contenders = options.contenders.filter((name) => name !== "jax" || python !== null);
  if (options.cpuTime) process.env[CLOCK_VARIABLE] = "cpu";
  const scripts: Scripts = {
    child,
    cold,
    jax: fileURLToPath(new URL("peers/jax_peer.py", import.meta.url)),
    python,
  };
  const [load] = loadavg();
  const nodes: NodeResults[] = [];
  for (const major of options.nodes) {
    console.log(`\nNode ${major}: times of Weft; of the others, times over Weft's`);
    const under = await runUnder(major, { ...options, contenders }, scripts, nodes, (result) =>
      console.log(`  ${progressLine(result)}`),
    );
    if (under === null) console.error(`  there is no Node ${major} here`);
    else nodes.push(under);
  }
  const found: RunResults = {
    date: new Date().toISOString().slice(0, 10),
    processor: cpus()[0]?.model ?? "unknown processor",
    cores: cpus().length,
    memory: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    load,
    pinned: canPin(),
    quick: options.quick,
    cpuTime: options.cpuTime,
    nodes,
  };
  mkdirSync(results, { recursive: true });
  const json = options.json === null ? path.join(results, "latest.json") : path.resolve(options.json);
  const run = options.update ? merged(JSON.parse(readFileSync(json, "utf8")) as RunResults, found) : found;
  const text = report(run);
  writeFileSync(json, `${JSON.stringify(run, null, 1)}\n`);
  writeFileSync(json.replace(/(\.json)?$/, ".md"), `${text}\n`);
  console.log(`\n${text}\n\nresults: ${path.relative(process.cwd(), json)}`);
  if (options.docs) writeDocs(text);
}

function writeDocs(text: string): void {
  const page = readFileSync(docs, "utf8");
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`docs/benchmarks.md has no "${BEGIN}" and "${END}"`);
  writeFileSync(docs, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
  console.log("tables: docs/benchmarks.md");
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
});

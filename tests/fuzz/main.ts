/** `npm run fuzz`: random programs against references, in any number; each failure is shrunk and can be replayed. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { setBackend } from "../../frontend/core/backend.ts";
import { root } from "../helpers/paths.ts";
import { startThreads, type ThreadCounts, threadedBackend } from "../helpers/threaded-backend.ts";
import { fuzzArtifact } from "./artifact.ts";
import { fuzzContractions } from "./contractions/main.ts";
import { fuzzDevices, parseDevices } from "./devices/main.ts";
import { fuzzNests, replayNest } from "./nests/main.ts";
import { fuzzParser, isParserWorker } from "./parser/main.ts";

const USAGE = `npm run fuzz -- [nests | contractions | parser | artifact] [--seed S] [--count N] [--seconds T] [--program FILE] [--devices D,E] [--threads N]

  nests            nests of transformations and control flow against a reference without any (the default)
  contractions     products and convolutions against the oracle; --devices: on these (default wasm, 2000 programs)
  parser           broken texts of graphs, kernels and programs (by default 100000)
  artifact         altered compiled functions (by default 100000)
  --seed S         the first seed (default 0; with no --count, that one alone)
  --count N        how many programs (default 10000)
  --seconds T      stop after this time
  --devices D,E    random programs on these devices, wasm and webgpu, against one another (by default 2000)
  --threads N      run every nest by one thread and by N, cut into the smallest grains, and compare the bits
  --program FILE   replay the program that a failure has written`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      seed: { type: "string" },
      count: { type: "string" },
      seconds: { type: "string" },
      program: { type: "string" },
      devices: { type: "string" },
      threads: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  const [command = "nests", ...rest] = positionals;
  if (values.help || !["nests", "contractions", "parser", "artifact"].includes(command) || rest.length > 0) {
    console.log(USAGE);
    return values.help ? 0 : 1;
  }
  const counts: ThreadCounts = { programs: 0, shared: 0, runs: 0 };
  if (values.threads !== undefined) {
    const threads = integer("--threads", values.threads, 0);
    if (command !== "nests" || values.devices !== undefined || threads < 2)
      throw new Error("--threads takes a number of at least 2, and goes with nests on wasm");
    await startThreads(threads);
    setBackend(threadedBackend(counts));
  }
  if (values.program !== undefined)
    return replayNest(JSON.parse(readFileSync(values.program, "utf8")), console.log);
  const seed = integer("--seed", values.seed, 0);
  const platforms = values.devices === undefined ? null : parseDevices(values.devices);
  const few = platforms !== null || command === "contractions";
  const usual = few ? 2_000 : command === "nests" ? 10_000 : 100_000;
  const count = integer("--count", values.count, values.seed === undefined ? usual : 1);
  const seconds = integer("--seconds", values.seconds, Number.POSITIVE_INFINITY);
  const folder = path.join(root, "out", "fuzz");
  const write = (name: string, text: string): string => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, name), text);
    return path.join("out", "fuzz", name);
  };
  const options = { seed, count, seconds, log: console.log };
  if (command === "contractions")
    return (await fuzzContractions(options, platforms ?? ["wasm"], write)) === 0 ? 0 : 1;
  if (platforms !== null) return (await fuzzDevices(options, platforms, write)) === 0 ? 0 : 1;
  switch (command) {
    case "parser":
      return (await fuzzParser({ seed, count, seconds }, console.log, write)) === 0 ? 0 : 1;
    case "artifact":
      return fuzzArtifact(options) === 0 ? 0 : 1;
    default: {
      const failed = fuzzNests(options, write);
      if (values.threads !== undefined) {
        const { programs, shared, runs } = counts;
        console.log(
          `threads: ${programs} compiled functions, ${shared} of them shared, ${runs} runs compared`,
        );
      }
      return failed === 0 ? 0 : 1;
    }
  }
}

function integer(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${option} takes a number, got ${text}`);
  return value;
}

if (!isParserWorker()) process.exitCode = await main();

/** Runs samples one after the other, each in a process of its own. */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import type { Outcome } from "../run/node.ts";
import type { DeviceName } from "../run/sample.ts";
import type { Found } from "./find.ts";

export interface Finished extends Found {
  /** Null for a sample that failed. */
  readonly outcome: Outcome | null;
}

export interface RunOptions {
  /** The command line of this package, `dist/cli.js`. */
  readonly cli: string;
  /** The folder of the samples. */
  readonly samples: string;
  /** Where reports go: `OUT/NAME/report.html`, and beside it what the sample printed. */
  readonly out: string;
  readonly device: DeviceName;
  /** Runs long samples whole. */
  readonly full: boolean;
}

/** Prints a line before and after each sample. A failing one does not keep the others from running. */
export async function runAll(found: readonly Found[], options: RunOptions): Promise<Finished[]> {
  const finished: Finished[] = [];
  for (const [i, sample] of found.entries()) {
    const quick = sample.about.long && !options.full;
    const label = `[${i + 1}/${found.length}] ${sample.name}${quick ? " --quick" : ""}`;
    process.stderr.write(`${label} …\n`);
    const started = performance.now();
    const outcome = await runOne(sample, quick, options);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stderr.write(`${label} ${outcome === null ? "FAILED" : "done"} in ${seconds} s\n`);
    finished.push({ ...sample, outcome });
  }
  return finished;
}

async function runOne(sample: Found, quick: boolean, options: RunOptions): Promise<Outcome | null> {
  const out = path.join(options.out, sample.name);
  await mkdir(out, { recursive: true });
  const outcome = path.join(out, "outcome.json");
  // What an earlier run left must not stand for this one.
  await rm(outcome, { force: true });
  const args = ["--device", options.device, "--out", out, ...(quick ? ["--quick"] : [])];
  const command = [options.cli, "run", path.join(options.samples, sample.name), "--", ...args];
  // Progress bars of the sample are on stderr.
  const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"] });
  const log = createWriteStream(path.join(out, "printed.txt"));
  child.stdout.pipe(log);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) return null;
  return JSON.parse(await readFile(outcome, "utf8")) as Outcome;
}

/** `npm run fuzz -- parser`: broken texts to the parsers, in a worker, so that a hang or a lack of memory is a failure too. */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Random } from "../../helpers/random.ts";
import { checkText } from "./check.ts";
import { parserCorpus } from "./corpus.ts";
import { mutated } from "./mutate.ts";

export interface ParserRun {
  readonly seed: number;
  readonly count: number;
  readonly seconds: number;
}

/** What the worker says: how far it is, or that a text failed. */
type Message =
  | { readonly kind: "progress"; readonly done: number; readonly outcomes: Readonly<Record<string, number>> }
  | { readonly kind: "failure"; readonly seed: number; readonly problem: string; readonly text: string };

/** A text that takes this long hangs. */
const HANG = 20_000;
const MEMORY = 1024;

/** The `seed`-th broken text: the same in every run over the same corpus. */
export function brokenText(seed: number, corpus: readonly string[]): string {
  return mutated(new Random(`text ${seed}`), corpus);
}

/** The smallest text by leaving out spans that has the same problem. */
export function shrunkText(text: string, problem: string): string {
  const kindOf = (x: string): string => x.replace(/\d+/g, "#");
  const fails = (candidate: string): boolean => {
    const result = checkText(candidate);
    return "problem" in result && kindOf(result.problem) === kindOf(problem);
  };
  let best = text;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length; ) {
      const candidate = best.slice(0, at) + best.slice(at + size);
      if (fails(candidate)) best = candidate;
      else at += size;
    }
  }
  return best;
}

/** Whether this process is the worker, which then has done its work. */
export function isParserWorker(): boolean {
  if (isMainThread || parentPort === null) return false;
  const run: ParserRun = workerData;
  const port = parentPort;
  const corpus = parserCorpus();
  const outcomes: Record<string, number> = { refused: 0, invalid: 0, valid: 0 };
  for (let i = 0; i < run.count; i++) {
    const text = brokenText(run.seed + i, corpus);
    // Before the check: what hangs can say nothing any more.
    Atomics.store(new Int32Array(progressOf(workerData)), 0, i);
    const result = checkText(text);
    if ("problem" in result) {
      const small = shrunkText(text, result.problem);
      port.postMessage({
        kind: "failure",
        seed: run.seed + i,
        problem: result.problem,
        text: small,
      } satisfies Message);
    } else outcomes[result.outcome]++;
    if ((i + 1) % 1000 === 0 || i + 1 === run.count) {
      port.postMessage({ kind: "progress", done: i + 1, outcomes: { ...outcomes } } satisfies Message);
    }
  }
  return true;
}

function progressOf(data: unknown): SharedArrayBuffer {
  return (data as { progress: SharedArrayBuffer }).progress;
}

/** The number of failures. `write` keeps a failing text and returns its file's name. */
export async function fuzzParser(
  run: ParserRun,
  log: (line: string) => void,
  write: (name: string, text: string) => string,
): Promise<number> {
  let failures = 0;
  let done = 0;
  const progress = new SharedArrayBuffer(4);
  const current = new Int32Array(progress);
  const fail = (seed: number, problem: string, text: string): void => {
    failures++;
    log(`seed ${seed}: ${problem}\n  ${write(`parser-${seed}.ir`, text)}`);
  };
  const worker = new Worker(process.argv[1], {
    workerData: { ...run, progress },
    resourceLimits: { maxOldGenerationSizeMb: MEMORY },
  });
  const started = performance.now();
  const ended = new Promise<string | null>((resolve) => {
    worker.on("message", (message: Message) => {
      if (message.kind === "failure") fail(message.seed, message.problem, message.text);
      else {
        done = message.done;
        const { refused, invalid, valid } = message.outcomes;
        if (done % 10_000 === 0 || done === run.count) {
          log(
            `${done} texts: ${refused} refused with a place, ${invalid} invalid, ${valid} valid, ${failures} failures`,
          );
        }
        if (performance.now() - started > run.seconds * 1000) resolve(null);
      }
    });
    worker.on("error", (error) => resolve(`${error.name}: ${error.message}`));
    worker.on("exit", () => resolve(null));
    let last = -1;
    let since = performance.now();
    setInterval(() => {
      const now = Atomics.load(current, 0);
      if (now !== last || done === 0) {
        last = now;
        since = performance.now();
      } else if (performance.now() - since > HANG) resolve(`hangs for more than ${HANG / 1000} s`);
    }, 500).unref();
  });
  const problem = await ended;
  await worker.terminate();
  if (problem !== null) {
    const seed = run.seed + Atomics.load(current, 0);
    fail(seed, problem, brokenText(seed, parserCorpus()));
  }
  return failures;
}

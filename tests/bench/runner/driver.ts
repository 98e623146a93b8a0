/** Runs what was asked for: per Node and topic a process that measures, watched from here. */
import { cpus, loadavg } from "node:os";
import { TOPICS } from "../workloads/index.ts";
import { COLD_ITEMS, type ColdItem } from "./cold.ts";
import type { CompileFigures } from "./contender.ts";
import { quantile } from "./measure.ts";
import type { Options } from "./options.ts";
import { nodeBinary, runForJson, runNodeForJson, startMeasuring } from "./processes.ts";
import type { ColdResult, CoreRates, Message, NodeResults, Order, WorkloadResult } from "./results.ts";

/** Longest that one contender may take for one run or its preparation, on a core of its own. */
const PATIENCE_MS = 30_000;
const TOO_SLOW = "took too long";
/** Longest first compilation. */
const COLD_MS = 60_000;
const QUICK_COLD_MS = 20_000;

export interface Scripts {
  /** The bundle of peers/main.ts. */
  readonly child: string;
  /** The bundle of cold.ts. */
  readonly cold: string;
  /** The file peers/jax_peer.py. */
  readonly jax: string;
  /** A Python that has JAX; null where there is none. */
  readonly python: string | null;
}

export type Progress = (result: WorkloadResult | ColdResult) => void;

/**
 * Results under one Node; null where there is no such Node. What took too long under a Node before is not tried again.
 */
export async function runUnder(
  major: number,
  options: Options,
  scripts: Scripts,
  before: readonly NodeResults[],
  progress: Progress,
): Promise<NodeResults | null> {
  const binary = nodeBinary(major);
  if (binary === null) return null;
  const found: TopicResults = { node: "", core: null, contenders: {}, workloads: [] };
  for (const { workloads } of TOPICS) {
    const names = workloads.map((w) => w.name).filter((name) => options.workloads.includes(name));
    if (names.length > 0) await runTopic(binary, names, options, scripts, tooSlow(before), found, progress);
  }
  const cold: ColdResult[] = [];
  for (const item of COLD_ITEMS.filter((c) => options.cold.includes(c.name))) {
    for (const result of coldResults(binary, item, options, scripts)) {
      cold.push(result);
      progress(result);
    }
  }
  const core = found.core ?? { fused: null, mulAdd: Number.NaN, copy: Number.NaN, triad: Number.NaN };
  return { node: found.node, core, contenders: found.contenders, workloads: found.workloads, cold };
}

function tooSlow(before: readonly NodeResults[]): Order["avoid"] {
  return before.flatMap(({ workloads }) =>
    workloads.flatMap((result) =>
      Object.entries(result.contenders)
        .filter(([, outcome]) => outcome.kind === "failed" && outcome.reason === TOO_SLOW)
        .map(([contender]) => ({ workload: result.name, contender, reason: TOO_SLOW })),
    ),
  );
}

interface TopicResults {
  node: string;
  core: CoreRates | null;
  contenders: Record<string, string>;
  workloads: WorkloadResult[];
}

/** One process for the topic; a new one for the rest of it whenever a contender ends or hangs the process. */
async function runTopic(
  binary: string,
  names: readonly string[],
  options: Options,
  scripts: Scripts,
  known: Order["avoid"],
  found: TopicResults,
  progress: Progress,
): Promise<void> {
  const avoid = [...known];
  let contenders = options.contenders;
  let left = [...names];
  while (left.length > 0) {
    const order: Order = { workloads: left, contenders, quick: options.quick, avoid };
    const end = await watch(startMeasuring(binary, scripts.child, order), (message) => {
      if (message.type === "started") {
        found.node = message.node;
        found.core = better(found.core, message.core);
        Object.assign(found.contenders, message.contenders);
      } else if (message.type === "result") {
        left = left.filter((name) => name !== message.result.name);
        found.workloads.push(message.result);
        progress(message.result);
      }
    });
    if (end === null || left.length === 0) return;
    const { workload, contender, reason } = end;
    if (contender === "weft" && workload === "") throw new Error(`Weft does not start: ${reason}`);
    if (workload === "") {
      contenders = contenders.filter((name) => name !== contender);
      console.error(`  ${contender} does not start: ${reason}`);
    } else if (avoid.some((a) => a.workload === workload && a.contender === contender)) {
      throw new Error(`the measuring process ends at "${workload}" without a contender: ${reason}`);
    } else avoid.push({ workload, contender, reason });
  }
}

interface BadEnd {
  readonly workload: string;
  readonly contender: string;
  readonly reason: string;
}

/** Passes messages on until the process ends; what it was at, if that was not of its own will. */
function watch(
  child: ReturnType<typeof startMeasuring>,
  hear: (message: Message) => void,
): Promise<BadEnd | null> {
  return new Promise((resolve) => {
    let at = { workload: "", contender: "weft" };
    let silence: NodeJS.Timeout | undefined;
    let hung = false;
    const listen = (): void => {
      clearTimeout(silence);
      silence = setTimeout(
        () => {
          hung = true;
          child.kill("SIGKILL");
        },
        PATIENCE_MS * Math.max(1, loadavg()[0] / cpus().length),
      );
    };
    listen();
    child.on("message", (message: Message) => {
      listen();
      if (message.type === "at") at = message;
      hear(message);
    });
    child.on("error", (error) => {
      clearTimeout(silence);
      resolve({ ...at, reason: error.message });
    });
    child.on("exit", (code, signal) => {
      clearTimeout(silence);
      const reason = hung ? TOO_SLOW : `ended the process (${signal ?? `code ${code}`})`;
      resolve(code === 0 ? null : { ...at, reason });
    });
  });
}

/** The core's rates are those of the moment when least else ran. */
function better(a: CoreRates | null, b: CoreRates): CoreRates {
  if (a === null) return b;
  return {
    fused: a.fused === null || b.fused === null ? null : Math.max(a.fused, b.fused),
    mulAdd: Math.max(a.mulAdd, b.mulAdd),
    copy: Math.max(a.copy, b.copy),
    triad: Math.max(a.triad, b.triad),
  };
}

type ColdFigures = NonNullable<ColdResult["figures"]>;

function* coldResults(
  binary: string,
  { name, item, size, runs }: ColdItem,
  options: Options,
  { cold, jax, python }: Scripts,
): Generator<ColdResult> {
  const timeout = options.quick ? QUICK_COLD_MS : COLD_MS;
  const times = options.quick ? 1 : runs;
  yield coldResult(name, "weft", times, () => runNodeForJson(binary, [cold, item, String(size)], timeout));
  if (options.contenders.includes("jax") && python !== null) {
    yield coldResult(name, "jax", Math.min(times, 3), () =>
      runForJson(python, [jax, "cold", item, String(size)], timeout),
    );
  }
}

function coldResult(name: string, contender: string, runs: number, once: () => unknown): ColdResult {
  try {
    const all = Array.from({ length: runs }, () => once() as ColdFigures);
    const median = (of: (f: CompileFigures) => number): number => quantile(all.map(of), 0.5);
    return {
      name,
      contender,
      figures: { ...all[0], trace: median((f) => f.trace ?? 0), compile: median((f) => f.compile) },
    };
  } catch (error) {
    return { name, contender, figures: null, reason: error instanceof Error ? error.message : String(error) };
  }
}

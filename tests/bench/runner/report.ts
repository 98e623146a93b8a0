/** The results as text: lines while they come, tables in Markdown at the end. */
import { TOPICS } from "../workloads/index.ts";
import { digits, duration, markdownTable, percent, type Row } from "./format.ts";
import { faster, missed, rateOf, ratios, share, timed } from "./judge.ts";
import { noteOf } from "./notes.ts";
import { CONTENDERS } from "./options.ts";
import type { ColdResult, NodeResults, Outcome, RunResults, WorkloadResult } from "./results.ts";

const PEERS = CONTENDERS.filter((name) => name !== "weft");
/** Of workloads where nothing else is amiss. */
const JAX_ONLY = "JAX: machine code with vectors as wide as the processor's, WebAssembly's are of 128 bits";

const TITLES: Readonly<Record<string, string>> = {
  weft: "Weft",
  tfjs: "TensorFlow.js",
  "jax-js": "jax-js",
  onnx: "onnxruntime-web",
  jax: "JAX",
};

/** One line on a workload, as it is printed during the run. */
export function progressLine(result: WorkloadResult | ColdResult): string {
  if ("contender" in result) {
    const { figures, name, contender } = result;
    if (figures === null) return `${name}, ${contender}: ${result.reason}`;
    return `${name}, ${contender}: trace ${duration(figures.trace ?? 0)}, compile ${duration(figures.compile)}`;
  }
  const others = PEERS.filter((name) => name in result.contenders).map(
    (name) => `${name} ${comparison(result, name)}`,
  );
  const of = share(result);
  const rate = of === null ? "" : ` (${rateText(result)}, ${percent(of)})`;
  return `${result.name}: ${ownTime(result)}${rate}; ${others.join(", ")}`;
}

function ownTime(result: WorkloadResult): string {
  const own = timed(result, "weft");
  return own === null ? describe(result.contenders.weft) : duration(own.timing.median);
}

function rateText(result: WorkloadResult): string {
  const rate = rateOf(result, "weft");
  return rate === null ? "" : `${digits(rate.value)} ${rate.unit}`;
}

/** A peer's time over Weft's, or its time alone where Weft has none, or why it has none itself. */
function comparison(result: WorkloadResult, name: string): string {
  const ratio = ratios(result).get(name);
  if (ratio !== undefined) return `${digits(ratio)} ×`;
  const other = timed(result, name);
  return other !== null ? duration(other.timing.median) : describe(result.contenders[name]);
}

function describe(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "";
  if (outcome.kind === "timed") return duration(outcome.timing.median);
  if (outcome.kind === "wrong") return `wrong result (${outcome.difference.toExponential(0)})`;
  return `${outcome.kind}: ${outcome.reason}`;
}

/** Everything between the markers of docs/benchmarks.md. */
export function report(run: RunResults): string {
  const machine =
    `${run.processor}, ${run.cores} cores, ${run.memory} GB, ${run.system}, ${run.date}; ` +
    `${run.pinned ? "all on one core" : "not pinned to a core"}, load of the machine at the start ${digits(run.load)}` +
    `${run.cpuTime ? ", times of the processor" : ""}.`;
  const quick = run.quick ? "\n\n**A quick run: few short samples, rough figures.**" : "";
  return [`${machine}${quick}`, ...run.nodes.map(nodeReport)].join("\n\n");
}

function nodeReport(node: NodeResults): string {
  const peers = PEERS.filter((name) => name in node.contenders);
  const parts = [
    `### Node ${node.node}`,
    `Contenders: ${Object.values(node.contenders).join("; ")}.`,
    coreText(node),
    ...TOPICS.flatMap(({ name, title }) => {
      const results = node.workloads.filter((w) => w.topic === name);
      return results.length === 0 ? [] : [`#### ${title}`, topicTable(results, peers), ...remarks(results)];
    }),
  ];
  if (node.cold.length > 0) parts.push("#### First compilation of a process", coldTable(node.cold));
  if (node.workloads.length > 0) {
    parts.push("#### Trace, compile and module size of the workloads", compileTable(node.workloads, peers));
  }
  return parts.join("\n\n");
}

function coreText({ core }: NodeResults): string {
  const fused =
    core.fused === null
      ? "this engine has no relaxed SIMD"
      : `${digits(core.fused / 1e9)} GFLOP/s with fused multiply-add`;
  return (
    `The core: ${fused}, ${digits(core.mulAdd / 1e9)} GFLOP/s with multiply and add; ` +
    `copy ${digits(core.copy / 1e9)} GB/s, triad ${digits(core.triad / 1e9)} GB/s (bytes read and written).`
  );
}

function topicTable(results: readonly WorkloadResult[], peers: readonly string[]): string {
  const header = ["", "Weft", "rate", "of ceiling", ...peers.map((p) => TITLES[p]), "target missed", "why"];
  const rows = results.map((result): Row => {
    const of = share(result);
    const own = ownTime(result);
    return [
      result.name,
      result.unit === null ? own : `${own} / ${result.unit}`,
      rateText(result),
      of === null ? "" : percent(of),
      ...peers.map((name) =>
        timed(result, name) === null ? outcomeMark(result.contenders[name]) : comparison(result, name),
      ),
      missed(result).join(", "),
      reason(result),
    ];
  });
  return markdownTable(header, rows, [header.length - 2, header.length - 1]);
}

/** Why Weft is not where it should be, where it is not. */
function reason(result: WorkloadResult): string {
  const ahead = faster(result);
  if (ahead.length === 0 && missed(result).length === 0) return "";
  const note = noteOf(result.name);
  return note === "" && ahead.join() === "jax" && missed(result).length === 0 ? JAX_ONLY : note;
}

function outcomeMark(outcome: Outcome | undefined): string {
  return outcome === undefined ? "" : outcome.kind;
}

/** Differences beyond rounding that a workload's tolerance lets pass are told. */
const NOTABLE_DIFFERENCE = 1e-3;

function remarkOn(outcome: Outcome): string | null {
  if (outcome.kind !== "timed") return describe(outcome);
  if (outcome.difference < NOTABLE_DIFFERENCE) return null;
  return `the result differs by ${outcome.difference.toExponential(0)}`;
}

/** Reasons of what has no time, and results that are not exact, each once. */
function remarks(results: readonly WorkloadResult[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const result of results) {
    for (const [name, outcome] of Object.entries(result.contenders)) {
      const remark = remarkOn(outcome);
      if (remark === null) continue;
      const reason = `${TITLES[name] ?? name}: ${remark}`;
      reasons.set(reason, [...(reasons.get(reason) ?? []), result.name]);
    }
  }
  if (reasons.size === 0) return [];
  return [[...reasons].map(([reason, names]) => `- ${reason} (${names.join("; ")})`).join("\n")];
}

function coldTable(cold: readonly ColdResult[]): string {
  return markdownTable(
    ["", "system", "equations", "trace", "compile", "together", "module"],
    cold.map(({ name, contender, figures, reason }) =>
      figures === null
        ? [name, TITLES[contender] ?? contender, "", "", "", reason ?? "", ""]
        : [
            name,
            TITLES[contender] ?? contender,
            figures.equations === undefined ? "" : String(figures.equations),
            duration(figures.trace ?? 0),
            duration(figures.compile),
            duration((figures.trace ?? 0) + figures.compile),
            size(figures.moduleBytes),
          ],
    ),
    [1],
  );
}

function compileTable(results: readonly WorkloadResult[], peers: readonly string[]): string {
  const compiling = peers.filter((name) => results.some((r) => timed(r, name)?.compile !== undefined));
  return markdownTable(
    ["", "Weft's trace", "compile", "module", ...compiling.map((name) => TITLES[name])],
    results.flatMap((result): Row[] => {
      const own = timed(result, "weft")?.compile;
      if (own === undefined) return [];
      const others = compiling.map((name) => {
        const figures = timed(result, name)?.compile;
        return figures === undefined ? "" : duration((figures.trace ?? 0) + figures.compile);
      });
      return [
        [result.name, duration(own.trace ?? 0), duration(own.compile), size(own.moduleBytes), ...others],
      ];
    }),
  );
}

function size(bytes: number | undefined): string {
  return bytes === undefined ? "" : `${digits(bytes / 1024)} KB`;
}

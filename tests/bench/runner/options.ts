/** The command line of `npm run bench`. */
import { parseArgs } from "node:util";
import { TOPICS } from "../workloads/index.ts";
import { COLD_ITEMS } from "./cold.ts";

export const CONTENDERS = ["weft", "tfjs", "jax-js", "onnx", "jax"] as const;

export const COMPILE_TOPIC = "compile";

export interface Options {
  /** Names of workloads, and of functions that are compiled in fresh processes. */
  readonly workloads: readonly string[];
  readonly cold: readonly string[];
  readonly contenders: readonly string[];
  readonly nodes: readonly number[];
  readonly quick: boolean;
  readonly cpuTime: boolean;
  readonly json: string | null;
  /** Whether the tables go into docs/benchmarks.md. */
  readonly docs: boolean;
  /** Whether the results replace those of the run before, which stay for the other workloads. */
  readonly update: boolean;
}

export const USAGE = `npm run bench -- [NAME…] [options]

NAME is a topic or part of a workload's name (--list shows both); without one, all run. \`npm run bench -- call\` and
\`npm run bench -- memory [STEPS]\` are benches of Weft alone.

  --peers LIST    contenders, separated by commas; Weft always runs (${CONTENDERS.join(",")})
  --node WHICH    20, 24 or both (default: both; with --quick 24)
  --quick         few short samples: shows that everything runs; its figures are rough
  --json FILE     where the results go (default: tests/bench/results/latest.json)
  --cpu-time      times of the processor instead of the wall: for a machine that has other work to do
  --docs          writes the tables into docs/benchmarks.md; a full run of everything does so unasked
  --update        measures these alone anew, in the results and tables of the last full run (on the same machine)
  --list          shows topics, workloads and contenders
  --help

WEFT_BENCH_PYTHON names a Python that has JAX; otherwise python3 is tried.
`;

/** What the command line asks for, or a text to print instead. */
export function parseOptions(argv: readonly string[]): Options | string {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      peers: { type: "string" },
      node: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      "cpu-time": { type: "boolean", default: false },
      docs: { type: "boolean", default: false },
      update: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return USAGE;
  if (values.list) return list();
  const peers = values.peers?.split(",") ?? [...CONTENDERS];
  const unknown = peers.find((name) => !CONTENDERS.some((known) => known === name));
  if (unknown !== undefined) {
    throw new Error(`there is no contender "${unknown}", only ${CONTENDERS.join(", ")}`);
  }
  const quick = values.quick ?? false;
  const update = values.update ?? false;
  if (update && values.peers !== undefined)
    throw new Error("--update measures all contenders: leave --peers out");
  const node = values.node ?? (quick ? "24" : "both");
  if (!["20", "24", "both"].includes(node)) throw new Error(`--node takes 20, 24 or both, not "${node}"`);
  const nodes = node === "both" ? [24, 20] : [Number(node)];
  const chosen = (topic: string, name: string): boolean =>
    positionals.length === 0 || positionals.some((part) => topic === part || name.includes(part));
  const everything =
    positionals.length === 0 && !quick && values.peers === undefined && values.node === undefined;
  const options: Options = {
    workloads: TOPICS.flatMap((t) => t.workloads.filter((w) => chosen(t.name, w.name)).map((w) => w.name)),
    cold: COLD_ITEMS.filter((c) => chosen(COMPILE_TOPIC, c.name))
      // Of the largest graphs the time alone makes a quick run slow.
      .filter((c) => !quick || c.size <= 10_000)
      .map((c) => c.name),
    contenders: CONTENDERS.filter((name) => name === "weft" || peers.includes(name)),
    nodes,
    quick,
    cpuTime: values["cpu-time"] ?? false,
    json: values.json ?? null,
    docs: (values.docs ?? false) || everything || update,
    update,
  };
  const unmatched = positionals.find(
    (part) =>
      !TOPICS.some((t) => t.name === part || t.workloads.some((w) => w.name.includes(part))) &&
      part !== COMPILE_TOPIC &&
      !COLD_ITEMS.some((c) => c.name.includes(part)),
  );
  if (unmatched !== undefined)
    throw new Error(`no topic or workload has "${unmatched}" in its name (--list)`);
  return options;
}

function list(): string {
  const topics = TOPICS.map(({ name, title, workloads }) => [
    `${name}: ${title}`,
    ...workloads.map((w) => `  ${w.name}`),
  ]);
  const compile = [
    `${COMPILE_TOPIC}: first compilation of a process`,
    ...COLD_ITEMS.map((c) => `  ${c.name}`),
  ];
  return `${[...topics, compile].map((lines) => lines.join("\n")).join("\n\n")}\n\ncontenders: ${CONTENDERS.join(", ")}\n`;
}

/** The measuring process: workload by workload, all contenders turn by turn. */
import { TOPICS } from "../workloads/index.ts";
import type { Tensor } from "../workloads/tensor.ts";
import type { Workload } from "../workloads/workload.ts";
import { type Ceiling, type Ceilings, ceilings } from "./ceiling.ts";
import { difference } from "./compare.ts";
import { type Contender, NotPossible, type Task } from "./contender.ts";
import { FULL, measure, type Plan, QUICK, type Timing } from "./measure.ts";
import type { CeilingRate, CoreRates, Message, Order, Outcome, WorkloadResult } from "./results.ts";
import { weft } from "./weft.ts";

/** Bytes of the streams that the core's rates are given for: far more than the caches hold. */
const STREAM_BYTES = 128 * 2 ** 20;

interface Ready {
  readonly name: string;
  readonly task: Task;
  readonly units: number;
  readonly difference: number;
}

/** Entry of the measuring process. Contenders beside Weft are given, so that this file needs none of their packages. */
export async function runWorkloads(peers: readonly Contender[]): Promise<void> {
  const order: Order = JSON.parse(process.argv[2]);
  const plan = order.quick ? QUICK : FULL;
  const limits = await ceilings();
  const contenders: Contender[] = [];
  const titles: Record<string, string> = {};
  for (const contender of [weft, ...peers]) {
    if (!order.contenders.includes(contender.name)) continue;
    tell({ type: "at", workload: "", contender: contender.name });
    titles[contender.name] = await contender.start();
    contenders.push(contender);
  }
  tell({
    type: "started",
    node: process.versions.node,
    core: await coreRates(limits, plan),
    contenders: titles,
  });
  for (const { name: topic, workloads } of TOPICS) {
    for (const workload of workloads) {
      if (!order.workloads.includes(workload.name)) continue;
      const result = await runWorkload(topic, workload, contenders, limits, plan, order);
      tell({ type: "result", result });
    }
  }
  for (const contender of contenders) contender.stop();
  process.disconnect?.();
}

function tell(message: Message): void {
  process.send?.(message);
}

async function runWorkload(
  topic: string,
  workload: Workload,
  contenders: readonly Contender[],
  limits: Ceilings,
  plan: Plan,
  order: Order,
): Promise<WorkloadResult> {
  const inputs = workload.inputs();
  const outcomes: Record<string, Outcome> = {};
  const ready: Ready[] = [];
  let reference: readonly Tensor[] | null = null;
  for (const contender of contenders) {
    const { name } = contender;
    const avoided = order.avoid.find((a) => a.workload === workload.name && a.contender === name);
    if (avoided !== undefined) {
      outcomes[name] = { kind: "failed", reason: avoided.reason };
      continue;
    }
    tell({ type: "at", workload: workload.name, contender: name });
    try {
      const units = workload.units?.[contender.loops] ?? 1;
      const task = await contender.prepare(workload, inputs, workload.units?.check ?? 1);
      const results = await task.results();
      reference ??= results;
      const found = difference(results, reference);
      if (found > workload.tolerance) {
        outcomes[name] = { kind: "wrong", difference: found };
        task.dispose();
        continue;
      }
      if (workload.units === undefined) {
        ready.push({ name, task, units, difference: found });
        continue;
      }
      // Compared after few iterations, timed over many.
      task.dispose();
      ready.push({
        name,
        task: await contender.prepare(workload, inputs, units),
        units,
        difference: found,
      });
    } catch (error) {
      const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0].slice(0, 200);
      outcomes[name] = { kind: error instanceof NotPossible ? "not possible" : "failed", reason };
    }
  }
  const limit = ceilingOf(workload, limits);
  const tasks = [...ready.map((r) => r.task), ...(limit === null ? [] : [limit.task])];
  const timings = await measure(tasks, plan, (i) =>
    tell({ type: "at", workload: workload.name, contender: ready[i]?.name ?? "ceiling" }),
  );
  for (const [i, r] of ready.entries()) {
    outcomes[r.name] = {
      kind: "timed",
      timing: perUnit(timings[i], r.units),
      difference: r.difference,
      compile: r.task.compile,
    };
  }
  for (const { task } of ready) task.dispose();
  return {
    name: workload.name,
    topic,
    unit: workload.units?.name ?? null,
    flops: workload.flops ?? null,
    bytes: workload.bytes ?? null,
    target: workload.target ?? null,
    ceiling:
      limit === null ? null : { name: limit.name, perSecond: rate(limit.task, timings[timings.length - 1]) },
    contenders: outcomes,
  };
}

function ceilingOf(
  workload: Workload,
  limits: Ceilings,
): { readonly name: CeilingRate["name"]; readonly task: Ceiling } | null {
  if (workload.bound === "memory") return { name: "copy", task: limits.copy(workload.bytes ?? STREAM_BYTES) };
  if (workload.bound === undefined) return null;
  return limits.fused === null
    ? { name: "multiply and add", task: limits.mulAdd }
    : { name: "fused multiply-add", task: limits.fused };
}

function perUnit(timing: Timing, units: number): Timing {
  return {
    ...timing,
    median: timing.median / units,
    lower: timing.lower / units,
    upper: timing.upper / units,
  };
}

const rate = (ceiling: Ceiling, { median }: Timing): number => (ceiling.work / median) * 1000;

async function coreRates(limits: Ceilings, plan: Plan): Promise<CoreRates> {
  const all = [limits.mulAdd, limits.copy(STREAM_BYTES), limits.triad(1.5 * STREAM_BYTES)];
  if (limits.fused !== null) all.push(limits.fused);
  const timings = await measure(all, plan, () => {});
  const [mulAdd, copy, triad, fused] = all.map((ceiling, i) => rate(ceiling, timings[i]));
  return { mulAdd, copy, triad, fused: fused ?? null };
}

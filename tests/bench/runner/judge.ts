/** What the figures of one workload say: rates, ratios, targets. */
import type { Outcome, WorkloadResult } from "./results.ts";

export type Timed = Extract<Outcome, { kind: "timed" }>;

export function timed(result: WorkloadResult, contender: string): Timed | null {
  const outcome = result.contenders[contender];
  return outcome?.kind === "timed" ? outcome : null;
}

/** Times of others over Weft's: above 1, Weft is ahead. Of those that computed it. */
export function ratios(result: WorkloadResult): ReadonlyMap<string, number> {
  const own = timed(result, "weft");
  if (own === null) return new Map();
  const others = Object.keys(result.contenders).filter((name) => name !== "weft");
  return new Map(
    others.flatMap((name) => {
      const other = timed(result, name);
      return other === null ? [] : [[name, other.timing.median / own.timing.median] as const];
    }),
  );
}

/** GFLOP/s or GB/s of a contender. */
export function rateOf(
  result: WorkloadResult,
  contender: string,
): { readonly value: number; readonly unit: "GFLOP/s" | "GB/s" } | null {
  const own = timed(result, contender);
  const memory = result.ceiling?.name === "copy" || result.flops === null;
  const work = memory ? result.bytes : result.flops;
  if (own === null || work === null) return null;
  return { value: work / own.timing.median / 1e6, unit: memory ? "GB/s" : "GFLOP/s" };
}

/** Share of the ceiling that Weft reaches. */
export function share(result: WorkloadResult): number | null {
  const rate = rateOf(result, "weft");
  return rate === null || result.ceiling === null ? null : (rate.value * 1e9) / result.ceiling.perSecond;
}

/** Systems that run in the same engine; JAX compiles to machine code. */
const WASM_PEERS = ["tfjs", "jax-js", "onnx"];

/** What of its targets a workload misses, in words. */
export function missed(result: WorkloadResult): string[] {
  const { target } = result;
  const own = timed(result, "weft");
  if (own === null) return ["Weft does not run it"];
  if (target === null) return [];
  const found: string[] = [];
  const reached = share(result);
  const all = ratios(result);
  if (target.ceiling !== undefined && reached !== null && reached < target.ceiling)
    found.push(`ceiling ${(100 * target.ceiling).toFixed(0)} %`);
  const best = Math.min(...WASM_PEERS.flatMap((name) => all.get(name) ?? []));
  if (target.best !== undefined && best < target.best) found.push(`best peer ${target.best} ×`);
  for (const [name, wanted] of Object.entries(target.peers ?? {})) {
    if ((all.get(name) ?? Number.POSITIVE_INFINITY) < wanted) found.push(`${name} ${wanted} ×`);
  }
  if (target.microseconds !== undefined && own.timing.median * 1e3 > target.microseconds)
    found.push(`${target.microseconds} µs`);
  return found;
}

/** Contenders that are faster than Weft. */
export function faster(result: WorkloadResult): string[] {
  return [...ratios(result)].filter(([, ratio]) => ratio < 1).map(([name]) => name);
}

/** Programs cut into the smallest grains, so that small kernels show what large ones do on threads. */
import assert from "node:assert/strict";
import { CPU_KERNELS, type KernelTarget } from "../../compiler/lowering/kernel-target.ts";
import { lowerGroup } from "../../compiler/lowering/lower-group.ts";
import { PART_LIMITS } from "../../compiler/lowering/parts.ts";
import type { Program } from "../../compiler/program/program.ts";
import { runVariants } from "./run-wasm.ts";

const LIMITS = { kernel: 0, loop: 0, grain: 1, vectorStep: 8, parts: PART_LIMITS };

export const FINE_GRAINS: KernelTarget = {
  ...CPU_KERNELS,
  lower: (plan, group, producer, name) => lowerGroup(plan, group, producer, name, LIMITS),
};

/** Loops that carry something are cut too, into the smallest parts, which changes roundings. */
export const FINE_PARTS: KernelTarget = {
  ...CPU_KERNELS,
  lower: (plan, group, producer, name) =>
    lowerGroup(plan, group, producer, name, { ...LIMITS, vectorStep: 4, parts: { elements: 1, least: 4 } }),
};

/** Cut or not, in whatever order the grains run, the results are the same bits. `run-wasm.ts` runs the last grain first. */
export function assertSameInGrains(
  cut: Program,
  bytes: readonly Uint8Array[],
  whole: readonly { readonly variant: string; readonly outputs: readonly Uint8Array[] }[],
): void {
  if (!cut.kernels.some(({ body }) => body[0]?.kind === "loop" && body[0].axis.kind === "grid")) return;
  for (const [n, { variant, outputs }] of runVariants(cut, bytes).entries()) {
    for (const [i, output] of outputs.entries()) {
      assert.ok(Buffer.compare(output, whole[n].outputs[i]) === 0, `output ${i} in grains, ${variant}`);
    }
  }
}

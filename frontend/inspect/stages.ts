/** The stages of a compiled function by name. */
import type { CompiledGraph } from "../../compiler/pipeline.ts";
import type { WasmExecutable } from "../../compiler/program/program.ts";
import type { WebGpuExecutable } from "../../compiler/program/webgpu.ts";

export const STAGES = ["graph", "optimized", "fusion", "kernel", "program", "wat", "wgsl"] as const;

export type StageName = (typeof STAGES)[number];

export const TARGETS = ["wasm", "webgpu"] as const;

export type TargetName = (typeof TARGETS)[number];

/** The text of a target's own, which the other has not. */
const TARGET_STAGES: Readonly<Record<TargetName, StageName>> = { wasm: "wat", webgpu: "wgsl" };

/** The stages on the way to a target. */
export function stagesOf(target: TargetName): StageName[] {
  return STAGES.filter((stage) => TARGETS.every((each) => each === target || TARGET_STAGES[each] !== stage));
}

/** A function compiled for either target. */
export type AnyCompiled = CompiledGraph<WasmExecutable | WebGpuExecutable>;

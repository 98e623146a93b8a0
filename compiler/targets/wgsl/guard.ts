/**
 * The guard of a `while` loop: a shader that turns the predicate into the workgroups of the turn's indirect dispatches, so that
 * turns can be encoded ahead and those past the end do nothing.
 */
import type { DispatchStep, GpuShader, GpuStep } from "../../program/webgpu.ts";

/** Dispatches of a turn at the most. */
const MAX_DISPATCHES = 256;

/** The dispatches of a turn, each once; null where there is something else, or too much. */
export function dispatchesOf(steps: readonly GpuStep[]): DispatchStep[] | null {
  const found: DispatchStep[] = [];
  for (const step of steps) {
    if (step.kind === "dispatch") found.push(step);
    else if (step.kind === "for") {
      const within = dispatchesOf(step.body);
      if (within === null) return null;
      found.push(...within);
    } else return null;
  }
  return found.length <= MAX_DISPATCHES ? found : null;
}

type Groups = GpuShader["workgroups"];

export function guardBytes(groups: readonly Groups[]): number {
  return Math.max(12 * groups.length, 4);
}

/** `offset`: of the predicate, a bool, in a buffer of `bytes` bytes. */
export function emitGuard(offset: number, bytes: number, groups: readonly Groups[]): GpuShader {
  const stores = groups.flatMap((sizes, d) =>
    sizes.map((size, n) => `  groups[${3 * d + n}] = select(0u, ${size}u, holds);`),
  );
  const wgsl = [
    "// guard: the workgroups of a turn of a loop, none where its predicate does not hold",
    "@group(0) @binding(0) var<storage, read> predicate: array<u32>;",
    "@group(0) @binding(1) var<storage, read_write> groups: array<u32>;",
    "",
    "@compute @workgroup_size(1)",
    "fn main() {",
    `  let holds = extractBits(predicate[${Math.floor(offset / 4)}], ${8 * (offset % 4)}u, 8u) != 0u;`,
    ...stores,
    "}",
    "",
  ].join("\n");
  return {
    name: "guard",
    wgsl,
    bindings: [
      { access: "read", label: "predicate", bytes },
      { access: "readwrite", label: "groups", bytes: guardBytes(groups) },
    ],
    counters: 0,
    workgroups: [1, 1, 1],
    features: [],
    sources: [],
  };
}

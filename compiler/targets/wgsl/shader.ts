/**
 * One kernel as one WGSL module.
 *
 * Without a workgroup of its own a kernel's `grid` iterations are spread over invocations; with one, each iteration is a
 * workgroup, its `local` loops are the invocations side by side, and a barrier stands behind each.
 */
import type { BufferParam } from "../../kernel/expr.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { GpuLimits, GpuShader } from "../../program/webgpu.ts";
import { DTYPE_INFO } from "../../types/dtype.ts";
import { UnsupportedError } from "../../types/errors.ts";
import { formatSource } from "../../types/source.ts";
import { KernelWriter, splitGrid } from "./kernel-writer.ts";
import { elementForm, type Placement } from "./memory.ts";
import { type BindingLayout, type ModuleLayout, ModuleWriter } from "./module.ts";

/** Invocations of a workgroup whose iterations have nothing to do with each other. */
const FLAT_WORKGROUP = 64;
/** Workgroups along one dimension of a dispatch. */
const MAX_WORKGROUPS = 65535;

export interface ShaderLayout extends ModuleLayout {
  readonly placements: ReadonlyMap<BufferParam, Placement>;
}

/** Every buffer in a binding of its own, from its beginning: to look at a kernel by itself. */
export function plainLayout(kernel: Kernel): ShaderLayout {
  const placements = new Map<BufferParam, Placement>();
  const bindings = kernel.params.map((param, binding): BindingLayout => {
    placements.set(param, { binding, offset: 0, strides: [] });
    const bytes = Math.ceil((param.size * DTYPE_INFO[param.dtype].bytes) / 4) * 4;
    const access = param.access === "read" ? "read" : "readwrite";
    return { access, label: param.name, bytes, form: elementForm([param], false) };
  });
  return { bindings, placements, counters: 0 };
}

export function emitShader(kernel: Kernel, layout: ShaderLayout, limits: GpuLimits): GpuShader {
  const module = new ModuleWriter(layout, !limits.software, limits.features.includes("subgroups"));
  const { grid, iterations } = splitGrid(kernel);
  const size = kernel.workgroup?.size ?? (grid.length > 0 ? FLAT_WORKGROUP : 1);
  const groups = kernel.workgroup === undefined ? Math.ceil(iterations / size) : iterations;
  const workgroups = foldGroups(groups, kernel.name);
  const lines = new KernelWriter(module, kernel, layout.placements, { kind: "dispatch", size }).run(
    workgroups,
  );
  const sources = sourceLines([kernel]);
  return {
    name: kernel.name,
    wgsl: shaderText(kernel.name, sources, module, size, lines),
    bindings: layout.bindings.map(({ access, label, bytes }) => ({ access, label, bytes })),
    counters: layout.counters,
    workgroups,
    features: module.usesSubgroups ? ["subgroups"] : [],
    sources,
  };
}

/** The module with its entry point. `functions`: what that calls. */
export function shaderText(
  name: string,
  sources: readonly string[],
  module: ModuleWriter,
  size: number,
  lines: readonly string[],
  functions: readonly string[] = [],
): string {
  const declarations = module.declarations([...functions, ...lines]);
  const needsZero = declarations.includes("var<private> zero_bits: u32;");
  const builtins = [
    "@builtin(workgroup_id) group: vec3u",
    "@builtin(local_invocation_index) invocation: u32",
  ];
  if (module.usesSubgroups) {
    builtins.push(
      "@builtin(subgroup_id) subgroup: u32",
      "@builtin(subgroup_invocation_id) lane: u32",
      "@builtin(subgroup_size) lanes: u32",
    );
  }
  return [
    ...(module.usesSubgroups ? ["enable subgroups;", "requires subgroup_id;", ""] : []),
    `// ${name}`,
    ...sources.map((source) => `// ${source}`),
    ...declarations,
    ...functions,
    "",
    `@compute @workgroup_size(${size})`,
    `fn main(${builtins.join(", ")}) {`,
    ...(needsZero ? ["  zero_bits = group.z;"] : []),
    ...lines,
    "}",
    "",
  ].join("\n");
}

/** Workgroups in two dimensions where one does not hold them. */
function foldGroups(groups: number, name: string): [number, number, number] {
  if (groups <= MAX_WORKGROUPS) return [Math.max(groups, 1), 1, 1];
  const y = Math.ceil(groups / MAX_WORKGROUPS);
  if (y > MAX_WORKGROUPS)
    throw new UnsupportedError(`${name} needs ${groups} workgroups, more than WebGPU can dispatch`);
  return [Math.ceil(groups / y), y, 1];
}

/** The lines of the user's program, each once. */
export function sourceLines(kernels: readonly Kernel[]): string[] {
  return [
    ...new Set(
      kernels
        .flatMap(({ sources }) => sources)
        .flatMap((source) => {
          const location = source.resolve();
          return location === null ? [] : [formatSource(location)];
        }),
    ),
  ];
}

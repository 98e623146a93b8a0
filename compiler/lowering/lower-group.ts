/** One fusion group → one kernel. */

import { contextOf, delinearise } from "../fusion/access.ts";
import type { FusionGroup, FusionPlan } from "../fusion/plan.ts";
import { type Equation, type Operand, type Params, Value } from "../graph/graph.ts";
import type { CustomLowering } from "../graph/primitive.ts";
import type { AxisKind, BufferParam } from "../kernel/expr.ts";
import type { Kernel, Stmt } from "../kernel/kernel.ts";
import { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { withSerialLoops } from "../kernel/substitute.ts";
import { primitiveOf } from "../primitives/table.ts";
import { computeDType } from "../types/dtype.ts";
import { InternalError } from "../types/errors.ts";
import type { SourceRef } from "../types/source.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { Elements } from "./elements.ts";
import { cutIntoGrains, GRAIN_LIMITS, type GrainLimits } from "./grains/grains.ts";
import { usesOf } from "./grains/independence.ts";
import { lowerCumulative } from "./lower-cumulative.ts";
import { lowerMap } from "./lower-map.ts";
import { lowerReduce } from "./lower-reduce.ts";
import { lowerRows } from "./lower-rows.ts";
import { type KernelArg, Parameters } from "./parameters.ts";
import type { PartLimits } from "./parts.ts";
import { unswitch } from "./unswitch.ts";

export interface LoweredKernel {
  readonly kernel: Kernel;
  readonly args: readonly KernelArg[];
}

export interface LoweredGroup {
  readonly group: FusionGroup;
  /** One after the other; on the CPU several where threads share the grains of loops. */
  readonly kernels: readonly LoweredKernel[];
  /** What one thread runs instead, where that is faster; it gives the same bits. */
  readonly alone: LoweredKernel | null;
  /** The arguments of all kernels. */
  readonly args: readonly KernelArg[];
  /** The kernels' bodies in parts that run one after the other. */
  readonly segments: readonly Segment[];
  /** Parameters that several of the kernels read whole, whatever the segments say: nothing may be written over them. */
  readonly reread: ReadonlySet<BufferParam>;
}

/** Lowers one group of a region, for one kind of target. `name`: what its kernels are called. */
export type LowerGroup = (
  plan: FusionPlan,
  group: FusionGroup,
  producer: ReadonlyMap<Value, Equation>,
  name: string,
) => LoweredGroup;

export interface Segment {
  readonly body: readonly Stmt[];
  /** The loops of the body each cover elements of their own, as the tiles of one result do. */
  readonly tiled: boolean;
}

/** Lowers every group of a region that becomes a kernel. */
export function lowerGroup(
  plan: FusionPlan,
  group: FusionGroup,
  producer: ReadonlyMap<Value, Equation>,
  name: string,
  limits: GrainLimits = GRAIN_LIMITS,
): LoweredGroup {
  const parameters = new Parameters();
  const elements = new Elements(producer, plan.inlined, (v) => parameters.read(v));
  const segments =
    group.kind === "merged"
      ? lowerMerged(group, elements, parameters, limits.parts)
      : [segmentOf(group, lowerOne(group, elements, parameters, limits.parts))];
  const sources = sourcesOf(group, plan, producer);
  const params = parameters.args.map((arg) => arg.param);
  const body = segments.flatMap((segment) => segment.body);
  let kernel: Kernel = { name, params, body, sources };
  const { args } = parameters;
  const grained = cutIntoGrains(kernel, {
    temporary: new Set(args.filter((arg) => arg.temporary).map((arg) => arg.param)),
    memory: memoryOf(group, args),
    limits,
  });
  if (grained === null) {
    kernel = { ...kernel, body: unswitch(withSerialLoops(body)) };
    return { group, kernels: [{ kernel, args }], alone: null, args, segments, reread: new Set() };
  }
  const aloneBody = lowerAlone(group, elements, parameters, limits.parts);
  // Scratch memory is what the kernels pass on to each other.
  const sized = args.map((arg) => {
    const param = grained.resized.get(arg.param) ?? arg.param;
    return { ...arg, param, shared: arg.operand === null ? arg : null };
  });
  const kernels = grained.kernels.map((part) => ({
    kernel: { ...part, body: unswitch(part.body) },
    args: sized.filter((arg) => part.params.includes(arg.param)),
  }));
  const alone =
    aloneBody === null ? null : kernelOf({ ...kernel, name: `${name}_alone`, body: aloneBody }, args);
  return { group, kernels, alone, args: sized, segments, reread: grained.reread };
}

/** The kernel with those of the arguments that it uses. */
function kernelOf(kernel: Kernel, args: readonly KernelArg[]): LoweredKernel {
  const { indices } = usesOf(kernel.body);
  const used = args.filter(({ param }) => indices.has(param));
  return { kernel: { ...kernel, params: used.map(({ param }) => param) }, args: used };
}

/** The body for one thread, where a group has one. */
function lowerAlone(
  group: FusionGroup,
  elements: Elements,
  parameters: Parameters,
  limits: PartLimits,
): readonly Stmt[] | null {
  if (group.kind === "cumulative") return lowerCumulative(group, elements, parameters, limits, "alone");
  if (group.kind !== "custom") return null;
  const [root] = group.roots;
  const lower = customLowering(root);
  const form = lower.alone?.(contextOf(root)) ?? null;
  return form === null ? null : withSerialLoops(lowerCustom(root, { ...lower, ...form }, parameters));
}

/** A hand-written kernel may be given one place for a result and the operand that it says it can work in. */
function memoryOf(group: FusionGroup, args: readonly KernelArg[]): (buffer: BufferParam) => BufferParam {
  const [root] = group.roots;
  const { lower } = primitiveOf(root.op);
  if (group.kind !== "custom" || lower.kind !== "custom") return (buffer) => buffer;
  const of = (operand: Operand): BufferParam | undefined =>
    args.find((arg) => arg.operand === operand)?.param;
  const same = new Map<BufferParam, BufferParam>();
  for (const [output, input] of lower.inPlace ?? []) {
    const from = of(root.inputs[input]);
    const to = of(root.outputs[output]);
    if (from !== undefined && to !== undefined) same.set(from, to);
  }
  return (buffer) => same.get(buffer) ?? buffer;
}

function lowerOne(
  group: FusionGroup,
  elements: Elements,
  parameters: Parameters,
  limits: PartLimits,
): Stmt[] {
  switch (group.kind) {
    case "map":
      return lowerMap(group, elements, parameters);
    case "reduce":
      return lowerReduce(group, elements, parameters, limits);
    case "rows":
      return lowerRows(group, elements, parameters, limits);
    case "cumulative":
      return lowerCumulative(group, elements, parameters, limits) ?? [];
    case "custom":
      return lowerCustom(group.roots[0], customLowering(group.roots[0]), parameters);
    default:
      throw new InternalError(`a ${group.kind} group has no kernel`);
  }
}

/** Tiles of one result are several loops, each over elements of its own; everything else is one walk. */
function segmentOf(group: FusionGroup, body: readonly Stmt[]): Segment {
  const tiled = group.kind !== "rows" && body.length > 1 && body.every((stmt) => stmt.kind === "loop");
  return { body, tiled };
}

/** The parts one after the other. Numbers that later parts read stay in locals of the whole kernel. */
function lowerMerged(
  group: FusionGroup,
  elements: Elements,
  parameters: Parameters,
  limits: PartLimits,
): Segment[] {
  return group.parts.map((part) => {
    const isNumber = part.kind === "map" && part.roots.every((e) => e.outputs[0].type.size === 1);
    const body = isNumber
      ? lowerNumbers(part, elements, parameters)
      : lowerOne(part, elements, parameters, limits);
    return segmentOf(part, body);
  });
}

function lowerNumbers(part: FusionGroup, elements: Elements, parameters: Parameters): Stmt[] {
  const k = new KernelBuilder();
  elements.clear();
  const stores: (() => void)[] = [];
  for (const root of part.roots) {
    const values = elements.values(root, delinearise(s.int(0), root.outputs[0].type.shape));
    for (const [n, v] of root.outputs.entries()) {
      const value = s.local(k.let("n", values[n]));
      elements.pin(v, value);
      if (part.outputs.includes(v)) stores.push(() => k.store(parameters.write(v), s.int(0), value));
    }
  }
  for (const store of stores) store();
  return k.finish();
}

/** The hand-written kernel of an equation, or the form of a map that updates an operand in place. */
export function customLowering(equation: Equation): CustomLowering<Params> {
  const { lower } = primitiveOf(equation.op);
  const custom = lower.kind === "map" ? lower.update : lower;
  if (custom?.kind !== "custom") throw new InternalError(`${equation.op} is not a custom kernel`);
  return custom;
}

function lowerCustom(equation: Equation, lower: CustomLowering<Params>, parameters: Parameters): Stmt[] {
  const context = contextOf(equation);
  const k = new KernelBuilder();
  const updated = new Map(
    (lower.updates ?? []).map(([output, input]): [number, BufferParam] => [
      input,
      parameters.update(equation.outputs[output], equation.inputs[input]),
    ]),
  );
  const inputs = equation.inputs.map((x, i) => updated.get(i) ?? parameters.read(x));
  const outputs = equation.outputs.map((v) => parameters.write(v, "readwrite"));
  const scratch = (lower.scratch?.(context) ?? []).map(({ dtype, size, temporary }) =>
    temporary === true ? parameters.temporary(dtype, size) : parameters.scratch(dtype, size),
  );
  lower.build(k, s, { inputs, outputs, scratch }, context);
  return k.finish();
}

/** A kernel that sets every element of a buffer to one value: literals that somebody needs in memory. */
export function fillKernel(
  type: TensorType,
  value: number,
  name: string,
  kind: AxisKind = "vector",
): { kernel: Kernel; param: BufferParam } {
  const param: BufferParam = { name: "out", dtype: type.dtype, size: type.size, access: "write" };
  const k = new KernelBuilder();
  k.loop(type.size, (i) => k.store(param, i, s.const(value, computeDType(type.dtype))), { kind });
  return { kernel: { name, params: [param], body: k.finish(), sources: [] }, param };
}

/** The user's lines behind a kernel: its roots' and its inlined producers', each once. */
export function sourcesOf(
  group: FusionGroup,
  plan: FusionPlan,
  producer: ReadonlyMap<Value, Equation>,
): SourceRef[] {
  const sources = new Set<SourceRef>();
  const seen = new Set<Equation>();
  const visit = (equation: Equation): void => {
    if (seen.has(equation)) return;
    seen.add(equation);
    for (const x of equation.inputs) {
      const from = x instanceof Value ? producer.get(x) : undefined;
      if (from !== undefined && plan.inlined.has(from)) visit(from);
    }
    if (equation.source !== null) sources.add(equation.source);
  };
  group.roots.forEach(visit);
  return [...sources];
}

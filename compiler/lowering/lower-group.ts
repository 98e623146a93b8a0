/** One fusion group → one kernel. */

import { contextOf } from "../fusion/access.ts";
import type { FusionGroup, FusionPlan } from "../fusion/plan.ts";
import { type Equation, Value } from "../graph/graph.ts";
import type { BufferParam } from "../kernel/expr.ts";
import type { Kernel, Stmt } from "../kernel/kernel.ts";
import { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { primitiveOf } from "../primitives/table.ts";
import { computeDType } from "../types/dtype.ts";
import { InternalError } from "../types/errors.ts";
import type { SourceRef } from "../types/source.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { Elements } from "./elements.ts";
import { lowerCumulative } from "./lower-cumulative.ts";
import { lowerMap } from "./lower-map.ts";
import { lowerReduce } from "./lower-reduce.ts";
import { type KernelArg, Parameters } from "./parameters.ts";

export interface LoweredGroup {
  readonly group: FusionGroup;
  readonly kernel: Kernel;
  readonly args: readonly KernelArg[];
}

/** Lowers every group of a region that becomes a kernel. */
export function lowerGroup(
  plan: FusionPlan,
  group: FusionGroup,
  producer: ReadonlyMap<Value, Equation>,
  name: string,
): LoweredGroup {
  const parameters = new Parameters();
  const elements = new Elements(producer, plan.inlined, (v) => parameters.read(v));
  let body: Stmt[];
  switch (group.kind) {
    case "map":
      body = lowerMap(group, elements, parameters);
      break;
    case "reduce":
      body = lowerReduce(group, elements, parameters);
      break;
    case "cumulative":
      body = lowerCumulative(group, elements, parameters);
      break;
    case "custom":
      body = lowerCustom(group.roots[0], parameters);
      break;
    default:
      throw new InternalError(`a ${group.kind} group has no kernel`);
  }
  const sources = sourcesOf(group, plan, producer);
  const params = parameters.args.map((arg) => arg.param);
  return { group, kernel: { name, params, body, sources }, args: parameters.args };
}

function lowerCustom(equation: Equation, parameters: Parameters): Stmt[] {
  const { lower } = primitiveOf(equation.op);
  if (lower.kind !== "custom") throw new InternalError(`${equation.op} is not a custom kernel`);
  const context = contextOf(equation);
  const k = new KernelBuilder();
  const inputs = equation.inputs.map((x) => parameters.read(x));
  const outputs = equation.outputs.map((v) => parameters.write(v, "readwrite"));
  const scratch = (lower.scratch?.(context) ?? []).map(({ dtype, size }) => parameters.scratch(dtype, size));
  lower.build(k, s, { inputs, outputs, scratch }, context);
  return k.finish();
}

/** A kernel that sets every element of a buffer to one value: literals that somebody needs in memory. */
export function fillKernel(
  type: TensorType,
  value: number,
  name: string,
): { kernel: Kernel; param: BufferParam } {
  const param: BufferParam = { name: "out", dtype: type.dtype, size: type.size, access: "write" };
  const k = new KernelBuilder();
  k.loop(type.size, (i) => k.store(param, i, s.const(value, computeDType(type.dtype))), { kind: "vector" });
  return { kernel: { name, params: [param], body: k.finish(), sources: [] }, param };
}

/** The user's lines behind a kernel: its roots' and its inlined producers', each once. */
function sourcesOf(
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

/**
 * Hand-written kernels: in the form they have for GPUs; else the entries of a batch side by side, each on one invocation; else all
 * on a single invocation.
 */
import { contextOf } from "../../fusion/access.ts";
import type { Equation, Params } from "../../graph/graph.ts";
import type { CustomLowering, GpuForm } from "../../graph/primitive.ts";
import type { Axis, BufferParam, Expr } from "../../kernel/expr.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { type Moved, Substitution, withSerialLoops } from "../../kernel/substitute.ts";
import type { GpuLimits } from "../../program/webgpu.ts";
import { DTYPE_INFO } from "../../types/dtype.ts";
import { usesOf } from "../grains/independence.ts";
import { customLowering, type LoweredKernel } from "../lower-group.ts";
import { type GroupContext, KernelDraft } from "./draft.ts";

export function lowerCustom(equation: Equation, group: GroupContext, limits: GpuLimits): LoweredKernel[] {
  const lower = customLowering(equation);
  const context = contextOf(equation);
  const gpu = lower.gpu?.(context) ?? null;
  // The cores of an adapter in software are few, and its barriers dear: there one invocation does a matrix by itself.
  if (gpu !== null && !(limits.software && gpu.kernels.some(({ workgroup }) => workgroup !== undefined))) {
    const keys = gpu.scratch.map((): object => ({}));
    return gpu.kernels.map((_, n) => lowerOne(equation, group, lower, gpu, keys, n));
  }
  const scratch = lower.scratch?.(context) ?? [];
  const whole = (copies: number): LoweredKernel => {
    const form: GpuForm = {
      scratch: scratch.map(({ dtype, size }) => ({ dtype, size: size * copies })),
      kernels: [{ name: "", build: (k, ops, buffers) => lower.build(k, ops, buffers, context) }],
    };
    const { kernel, args } = lowerOne(equation, group, lower, form, [], 0);
    return { kernel: { ...kernel, body: withSerialLoops(kernel.body) }, args };
  };
  const alone = whole(1);
  const entries = lower.entries?.(context) ?? 1;
  const fits = scratch.every(
    ({ dtype, size }) => size * entries * DTYPE_INFO[dtype].bytes <= limits.bindingBytes,
  );
  return [entries > 1 && isLoopOver(alone.kernel, entries) && fits ? sideBySide(whole(entries)) : alone];
}

/** Whether a kernel is one loop with so many turns. */
function isLoopOver({ body }: Kernel, turns: number): boolean {
  const [only] = body;
  return body.length === 1 && only.kind === "loop" && only.axis.extent === turns;
}

/** The kernel, which is one loop, with its iterations at the same time, each in a part of the scratch memory. */
function sideBySide({ kernel, args }: LoweredKernel): LoweredKernel {
  const [loop] = kernel.body;
  if (loop.kind !== "loop") return { kernel, args };
  const axis: Axis = { ...loop.axis, kind: "grid" };
  const moved = new Map<BufferParam, Moved>();
  for (const { param, operand } of args) {
    if (operand !== null) continue;
    moved.set(param, { buffer: param, offset: s.mul(s.axis(axis), s.int(param.size / axis.extent)) });
  }
  const axes = new Map<Axis, Expr>([[loop.axis, s.axis(axis)]]);
  const body = new Substitution(axes, moved).block(loop.body);
  return { kernel: { ...kernel, body: [{ kind: "loop", axis, body }] }, args };
}

function lowerOne(
  equation: Equation,
  group: GroupContext,
  lower: CustomLowering<Params>,
  form: GpuForm,
  keys: readonly object[],
  at: number,
): LoweredKernel {
  const { name, build, workgroup = null } = form.kernels[at];
  const draft = new KernelDraft(group, workgroup);
  const { k, parameters } = draft;
  const updated = new Map(
    (lower.updates ?? []).map(([output, input]): [number, BufferParam] => [
      input,
      parameters.update(equation.outputs[output], equation.inputs[input]),
    ]),
  );
  const inputs = equation.inputs.map((x, i) => updated.get(i) ?? parameters.read(x));
  const outputs = equation.outputs.map((v) => parameters.write(v, "readwrite"));
  const scratch = form.scratch.map(({ dtype, size }, n) =>
    form.kernels.length === 1
      ? parameters.scratch(dtype, size)
      : parameters.sharedScratch("scratch", dtype, size, "readwrite", keys[n]),
  );
  const buffers = { inputs, outputs, scratch };
  build(k, s, buffers, { size: draft.size ?? 1, local: (body) => draft.local(body) });
  const lowered = draft.finish(name === "" ? "" : `_${name}`);
  if (form.kernels.length === 1) return lowered;
  const used = usesOf(lowered.kernel.body).indices;
  const args = lowered.args.filter(({ param }) => used.has(param));
  return { kernel: { ...lowered.kernel, params: args.map((arg) => arg.param) }, args };
}

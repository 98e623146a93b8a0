/** Hand-written kernels: in the form they have for GPUs, else on a single invocation. */
import { contextOf } from "../../fusion/access.ts";
import type { Equation, Params } from "../../graph/graph.ts";
import type { CustomLowering, GpuForm } from "../../graph/primitive.ts";
import type { BufferParam } from "../../kernel/expr.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { withSerialLoops } from "../../kernel/substitute.ts";
import { usesOf } from "../grains/independence.ts";
import { customLowering, type LoweredKernel } from "../lower-group.ts";
import { type GroupContext, KernelDraft } from "./draft.ts";

export function lowerCustom(equation: Equation, group: GroupContext): LoweredKernel[] {
  const lower = customLowering(equation);
  const context = contextOf(equation);
  const gpu = lower.gpu?.(context) ?? null;
  const form = gpu ?? {
    scratch: lower.scratch?.(context) ?? [],
    kernels: [{ name: "", build: (k, ops, buffers) => lower.build(k, ops, buffers, context) }],
  };
  const keys = form.scratch.map((): object => ({}));
  const lowered = form.kernels.map((_, n) => lowerOne(equation, group, lower, form, keys, n));
  if (gpu !== null) return lowered;
  return lowered.map(({ kernel, args }) => ({
    kernel: { ...kernel, body: withSerialLoops(kernel.body) },
    args,
  }));
}

function lowerOne(
  equation: Equation,
  group: GroupContext,
  lower: CustomLowering<Params>,
  form: GpuForm,
  keys: readonly object[],
  at: number,
): LoweredKernel {
  const draft = new KernelDraft(group);
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
  const { name, build } = form.kernels[at];
  build(k, s, { inputs, outputs, scratch });
  const lowered = draft.finish(name === "" ? "" : `_${name}`);
  if (form.kernels.length === 1) return lowered;
  const used = usesOf(lowered.kernel.body).indices;
  const args = lowered.args.filter(({ param }) => used.has(param));
  return { kernel: { ...lowered.kernel, params: args.map((arg) => arg.param) }, args };
}

/** Hand-written kernels: in the form they have for GPUs, else on a single invocation. */
import { contextOf } from "../../fusion/access.ts";
import type { Equation } from "../../graph/graph.ts";
import type { BufferParam } from "../../kernel/expr.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { customLowering, type LoweredKernel } from "../lower-group.ts";
import { type GroupContext, KernelDraft } from "./draft.ts";

export function lowerCustom(equation: Equation, group: GroupContext): LoweredKernel[] {
  const lower = customLowering(equation);
  const context = contextOf(equation);
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
  const scratch = (lower.scratch?.(context) ?? []).map(({ dtype, size }) => parameters.scratch(dtype, size));
  lower.build(k, s, { inputs, outputs, scratch }, context);
  return [draft.finish()];
}

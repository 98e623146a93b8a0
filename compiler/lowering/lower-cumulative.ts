/** Prefix operations: a serial loop along one axis, side by side over all others. */
import { contextOf, linearise } from "../fusion/access.ts";
import type { FusionGroup } from "../fusion/plan.ts";
import type { Axis, Expr } from "../kernel/expr.ts";
import type { Stmt } from "../kernel/kernel.ts";
import { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { primitiveOf } from "../primitives/table.ts";
import { InternalError } from "../types/errors.ts";
import type { Elements } from "./elements.ts";
import type { Parameters } from "./parameters.ts";

export function lowerCumulative(group: FusionGroup, elements: Elements, parameters: Parameters): Stmt[] {
  const [root] = group.roots;
  const { lower } = primitiveOf(root.op);
  if (lower.kind !== "cumulative") throw new InternalError(`${root.op} is not cumulative`);
  const { shape } = root.outputs[0].type;
  if (shape.includes(0)) return [];
  const along = lower.axis(root.params);
  const out = parameters.write(root.outputs[0]);
  const spec = lower.accumulator(contextOf(root));
  const k = new KernelBuilder();
  const index: Expr[] = shape.map(() => s.int(0));
  const others = shape.map((_, d) => d).filter((d) => d !== along);
  const nest = (depth: number): void => {
    if (depth < others.length) {
      const d = others[depth];
      // Neighbouring columns run in lanes; along the last axis itself there is nothing to run side by side.
      const innermost = depth === others.length - 1 && d > along;
      const axis: Axis = k.axis(`i${d}`, shape[d], innermost ? "vector" : "serial");
      index[d] = s.axis(axis);
      k.loopOver(axis, () => nest(depth + 1));
      return;
    }
    const acc = k.let("acc", s.const(spec.init, spec.dtype));
    const step = k.axis("t", shape[along], "serial");
    k.loopOver(step, () => {
      const t = s.axis(step);
      index[along] = lower.reverse(root.params) ? s.sub(s.int(shape[along] - 1), t) : t;
      elements.clear();
      k.assign(acc, lower.combine(s, s.local(acc), elements.element(root.inputs[0], [...index])));
      k.store(out, linearise(index, shape), s.local(acc));
    });
  };
  nest(0);
  return k.finish();
}

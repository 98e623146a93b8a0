/** optim against optax. */
import { type NdArray, numpy as np, optim } from "weft";
import { goldenFamily, resolve } from "../helpers/golden-family.ts";

/** A function of optim with its arguments; lists inside it are specs too. */
type Spec = readonly [name: string, ...args: unknown[]];

const build = ([name, ...args]: Spec): unknown =>
  resolve(`optim.${name}`)(...args.map((x) => (isSpec(x) ? build(x) : x)));

const isSpec = (x: unknown): x is Spec => Array.isArray(x) && typeof x[0] === "string";

function transformation(spec: Spec): optim.GradientTransformation {
  const built = build(spec);
  if (typeof built !== "object" || built === null || !("init" in built)) throw new Error("no transformation");
  return built as optim.GradientTransformation;
}

const values = (f: optim.Schedule, steps: NdArray): NdArray =>
  np.stack([...steps].map((step) => np.array(0).add(f(step))));

goldenFamily("optim", {
  /** Parameters after steps down a fixed field of gradients; cases/optim.py has the same. */
  optimize(spec: Spec, start: Record<string, NdArray>, steps: number) {
    const transform = transformation(spec);
    let params = start;
    let state = transform.init(params);
    for (let step = 0; step < steps; step++) {
      const grads = Object.fromEntries(Object.entries(params).map(([k, x]) => [k, x.mul(0.5).add(0.1)]));
      const [updates, next] = transform.update(grads, state, params);
      params = optim.applyUpdates(params, updates);
      state = next;
    }
    return params;
  },
  sgdr: (cycles: optim.CosineCycle[], steps: NdArray) => values(optim.sgdrSchedule(cycles), steps),
  join: (at: number[], steps: NdArray) =>
    values(
      optim.joinSchedules(
        [optim.constantSchedule(0.3), optim.linearSchedule(1, 0.5, 3), optim.exponentialDecay(0.5, 10, 0.9)],
        at,
      ),
      steps,
    ),
  interpolate: (
    [kind, initial, at, factors]: ["linear" | "cosine", number, number[], number[]],
    steps: NdArray,
  ) =>
    values(
      optim.piecewiseInterpolateSchedule(
        kind,
        initial,
        Object.fromEntries(at.map((b, i) => [b, factors[i]])),
      ),
      steps,
    ),
  schedule: (spec: Spec, steps: NdArray) => values(build(spec) as optim.Schedule, steps),
  piecewise: ([, initial, at, factors]: [string, number, number[], number[]], steps: NdArray) =>
    values(
      optim.piecewiseConstantSchedule(initial, Object.fromEntries(at.map((b, i) => [b, factors[i]]))),
      steps,
    ),
});

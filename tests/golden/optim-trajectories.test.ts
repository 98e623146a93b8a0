/** A hundred steps of each optimizer against optax's, as one compiled scan. */
import { jit, lax, type NdArray, numpy as np, optim, random, tree, valueAndGrad } from "weft";
import { goldenFamily, resolve } from "../helpers/golden-family.ts";

/** A function of optim with its arguments; specs may stand inside. */
type Spec = readonly [name: string, ...args: unknown[]];

const isSpec = (x: unknown): x is Spec => Array.isArray(x) && typeof x[0] === "string";

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === "object" && x !== null && !Array.isArray(x);

/** Specs inside made what they specify; plain trees, as masks, stay. */
function inside(x: unknown): unknown {
  if (isSpec(x)) return build(x);
  return isRecord(x) ? Object.fromEntries(Object.entries(x).map(([k, v]) => [k, inside(v)])) : x;
}

function transformation(x: unknown): optim.GradientTransformation {
  if (isRecord(x) && "init" in x) return x as unknown as optim.GradientTransformation;
  throw new Error("no transformation");
}

/** What is not spelled as in optax; see run in cases/optim-trajectories.py. */
const special: Readonly<Record<string, (...args: unknown[]) => unknown>> = {
  key: (seed) => random.key(seed as number),
  tree: (x) => x,
  transforms: (x) => x,
  multiSteps: (tx, k, options) =>
    new optim.MultiSteps(transformation(tx), k as number, (options ?? {}) as optim.MultiStepsOptions),
  multiStepsGrowing: (tx) => new optim.MultiSteps(transformation(tx), (step) => step.floorDivide(3).add(1)),
  everyThird: (tx) => optim.conditionallyTransform(transformation(tx), (step) => step.mod(3).equal(0)),
  namedChain: (...parts) =>
    optim.namedChain(...parts.map((x, i) => [`part${i}`, transformation(x)] as const)),
  inject: (name, hyperparams) =>
    optim.injectHyperparams(
      ({ learningRate, ...options }) => transformation(resolve(`optim.${name}`)(learningRate, options)),
      hyperparams as Record<string, number>,
    ),
  noisySgd: (rate, options) => optim.noisySgd(rate as number, (options as { key: random.KeyLike }).key),
  addDecayedWeights: (decay, options) =>
    optim.addDecayedWeights(decay as number, (options as { mask: optim.Mask } | undefined)?.mask),
  polyakSgd: (maxLearningRate, options) =>
    optim.polyakSgd({ maxLearningRate: maxLearningRate as number, ...(options as object) }),
  optimisticAdamV2: (rate) => optim.optimisticAdam(rate as number),
};

function build([name, ...args]: Spec): unknown {
  const made = name === "inject" ? [args[0], inside(args[1])] : args.map(inside);
  return (special[name] ?? resolve(`optim.${name}`))(...made);
}

interface Quadratic {
  readonly x: NdArray;
  readonly y: NdArray;
}
interface Network {
  readonly layers: readonly { readonly w: NdArray; readonly b: NdArray }[];
  readonly scale: NdArray;
}

interface Linear {
  readonly w: NdArray;
  readonly b: NdArray;
}

const losses = {
  quadratic: ({ x, y }: Quadratic, { matrix, target }: Record<string, NdArray>) => {
    const d = x.sub(target);
    return np
      .dot(d, matrix.matmul(d))
      .mul(0.5)
      .add(np.square(y.sub(2)).mul(0.5));
  },
  linear: ({ w, b }: Linear, { inputs, outputs }: Record<string, NdArray>) =>
    np.mean(np.square(inputs.matmul(w).add(b).sub(outputs))),
  rosenbrock: ({ x }: { readonly x: NdArray }, { steepness }: Record<string, NdArray>) => {
    const [head, rest] = [x.slice([null, -1]), x.slice([1, null])];
    const valley = steepness.mul(np.square(rest.sub(np.square(head))));
    return np.sum(valley.add(np.square(np.subtract(1, head))));
  },
  network: ({ layers, scale }: Network, { inputs, outputs }: Record<string, NdArray>) => {
    const hidden = np.tanh(inputs.matmul(layers[0].w).add(layers[0].b));
    const predicted = hidden.matmul(layers[1].w).add(layers[1].b);
    return np.mean(np.square(scale.mul(predicted).sub(outputs)));
  },
};

goldenFamily("optim-trajectories", {
  trajectory(
    name: keyof typeof losses,
    spec: Spec,
    params: unknown,
    data: Record<string, NdArray>,
    checkpoints: number[],
  ) {
    const tx = transformation(build(spec));
    const loss = losses[name] as (params: unknown, data: Record<string, NdArray>) => NdArray;
    const steps = checkpoints[checkpoints.length - 1];
    const run = jit((start: unknown, given: Record<string, NdArray>) => {
      const valueFn = (p: unknown): NdArray => loss(p, given);
      const [, history] = lax.scan<unknown, null, unknown>(
        (carry) => {
          const [p, state] = carry as [unknown, optim.OptState];
          const [value, grads] = valueAndGrad(valueFn)(p);
          const [updates, next] = tx.update(grads, state, p, { value, grad: grads, valueFn });
          const after = optim.applyUpdates(p, updates);
          return [[after, next], after];
        },
        [start, tx.init(start)],
        null,
        { length: steps },
      );
      const at = np.array(
        checkpoints.map((step) => step - 1),
        { dtype: "int32" },
      );
      return tree.map((x) => np.take(x as NdArray, at, { axis: 0 }), history);
    });
    return run(params, data);
  },
});

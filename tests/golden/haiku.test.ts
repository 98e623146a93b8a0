/** Haiku's modules against dm-haiku. */
import { type NdArray, nn, numpy as np, random } from "weft";
import * as hk from "weft/haiku";
import { goldenFamily } from "../helpers/golden-family.ts";

class Block extends hk.Module {
  readonly inner: hk.Linear;
  readonly more: (hk.Linear | hk.nets.MLP)[];

  constructor(size: number, name: string | null = null) {
    super(name);
    this.inner = new hk.Linear(size);
    this.more = [new hk.Linear(size), new hk.nets.MLP([size])];
  }

  call(x: NdArray): NdArray {
    for (const layer of this.more) x = np.tanh(layer.call(x));
    return new hk.Linear(x.shape[x.ndim - 1]).call(this.inner.call(x));
  }

  encode(x: NdArray): NdArray {
    return new hk.Linear(2).call(new hk.Linear(2).call(x));
  }
}

class Counter extends hk.Module {
  call(x: NdArray): NdArray {
    const zeros: hk.Initializer = (shape, dtype) => np.zeros(shape, { dtype });
    const ones: hk.Initializer = (shape, dtype) => np.ones(shape, { dtype });
    const count = hk.getState("count", { shape: [], dtype: "int32", init: zeros });
    const mean = hk.getState("mean", { shape: [x.shape[x.ndim - 1]], init: ones });
    hk.setState("count", count.add(1));
    hk.setState("mean", mean.mul(0.9).add(np.mean(x, { axis: 0 }).mul(0.1)));
    return x.sub(mean);
  }
}

const init = hk.initializers;
const initializers = {
  constant: new init.Constant(2),
  normal: new init.RandomNormal(0.5, 1),
  truncated: new init.TruncatedNormal(0.5, 1, -1, 1.5),
  uniform: new init.RandomUniform(-1, 2),
  scaling: new init.VarianceScaling(),
  glorot: new init.VarianceScaling(1, "fan_avg", "uniform"),
  he: new init.VarianceScaling(2, "fan_out", "normal"),
  axes: new init.VarianceScaling(1, "fan_in", "truncated_normal", [0, 1]),
  uniformScaling: new init.UniformScaling(0.7),
  orthogonal: new init.Orthogonal(2),
  identity: new init.Identity(3),
};

const functions: Readonly<Record<string, (x: NdArray) => unknown>> = {
  linear(x) {
    const a = new hk.Linear(4).call(x);
    const b = new hk.Linear(4, { withBias: false }).call(x);
    const c = new hk.Linear(3, { name: "head" }).call(np.tanh(a.mul(b)));
    return new hk.Linear(3, { name: "head_2" }).call(c).add(new hk.Linear(3, { name: "head" }).call(c));
  },
  shared(x) {
    const layer = new hk.Linear(3);
    return layer.call(layer.call(x));
  },
  mlp: (x) => new hk.nets.MLP([5, 4, 2]).call(x),
  mlps(x) {
    const bInit = new init.RandomNormal(0.1);
    x = new hk.nets.MLP([5, 3], { activation: (x) => np.tanh(x), activateFinal: true, bInit }).call(x);
    return new hk.nets.MLP([2], { withBias: false, name: "last" }).call(x);
  },
  mlpDropout: (x) => new hk.nets.MLP([6, 6, 2]).call(x, { dropoutRate: 0.4, rng: hk.nextRngKey() }),
  cnn: (x) =>
    new hk.Sequential([
      new hk.Conv2D(4, 3),
      nn.relu,
      new hk.MaxPool(2, 2, "SAME"),
      new hk.Conv2D(3, [3, 2], { stride: 2, padding: "VALID" }),
      np.tanh,
      new hk.Flatten(),
      new hk.Linear(2),
    ]).call(x),
  nested(x) {
    const block = new Block(3);
    const y = new Block(3).call(block.call(x)).add(block.call(x));
    return block.encode(y).add(new Block(3, "other").encode(y));
  },
  parameters(x) {
    const scale = hk.getParameter("scale", [x.shape[x.ndim - 1]], { init: new init.RandomUniform(-1, 1) });
    return x.mul(scale).add(hk.getParameter("shift", [], { init: new init.Constant(0.5) }));
  },
  state(x) {
    const counter = new Counter();
    x = counter.call(counter.call(x));
    hk.setState("last", x);
    return new hk.Linear(2).call(new Counter().call(x));
  },
  noise(x) {
    x = hk.dropout(hk.nextRngKey(), 0.4, x);
    const keys = hk.nextRngKeys(2);
    const [first, second] = keys;
    const y = random.normal(first, x.shape).add(random.normal(second, x.shape));
    const z = random.normal(hk.nextRngKey(), x.shape);
    return x
      .add(y)
      .add(z)
      .add(hk.dropout(hk.nextRngKey(), 0.5, x, { broadcastDims: [0] }));
  },
  conv1d(x) {
    x = new hk.Conv1D(4, 3, { rate: 2, padding: hk.pad.causal }).call(x);
    x = new hk.Conv1D(4, 2, { featureGroupCount: 2, padding: [1, 0] }).call(x);
    return new hk.Conv1D(2, 3, { padding: hk.pad.same, withBias: false }).call(x);
  },
  convFirst(x) {
    const padding = [
      [0, 1],
      [1, 0],
    ] as const;
    const bInit = new init.RandomNormal();
    return new hk.Conv2D(3, 2, { dataFormat: "NCHW", stride: [1, 2], padding, bInit }).call(x);
  },
  conv3d: (x) => new hk.AvgPool([1, 2, 2, 1], 1, "SAME").call(new hk.Conv3D(2, [2, 1, 2]).call(x)),
  reshapes: (x) => [
    new hk.Reshape([2, -1]).call(x),
    new hk.Flatten({ preserveDims: 2 }).call(x),
    new hk.Reshape([-1], { preserveDims: 2 }).call(x),
  ],
};

goldenFamily("haiku", {
  init: (name: string, rng: random.PRNGKeyArray, inputs: [NdArray]) => {
    const [params, state] = hk.transformWithState(functions[name]).init(rng, ...inputs);
    return { params, state };
  },
  apply: (
    name: string,
    params: hk.HaikuTree,
    given: hk.HaikuTree,
    rng: random.PRNGKeyArray | null,
    inputs: [NdArray],
  ) => {
    const [out, state] = hk.transformWithState(functions[name]).apply(params, given, rng, ...inputs);
    return { out, state };
  },
  initializer: (name: keyof typeof initializers, rng: random.PRNGKeyArray, shape: number[]) =>
    hk.transform(() => hk.getParameter("w", shape, { init: initializers[name] })).init(rng)["~"].w,
  maxPool: hk.maxPool,
  avgPool: hk.avgPool,
});

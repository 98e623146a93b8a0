/** Row kernels: softmax, normalisations, cross entropy and their gradients are one kernel each, with the oracle's numbers. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { grad, jit, lax, type NdArray, nn, numpy as np, optim, spec, valueAndGrad, vmap } from "weft";
import { assemble } from "../compiler/assembly/assemble.ts";
import { fuse } from "../compiler/fusion/fuse.ts";
import { printPlan } from "../compiler/fusion/print-plan.ts";
import { gpuFusion } from "../compiler/fusion/target.ts";
import type { Graph } from "../compiler/graph/graph.ts";
import { runProgram } from "../compiler/interpret/program-interpreter.ts";
import { interpretGraph } from "../compiler/interpret/reference.ts";
import { fromBytes, toBytes } from "../compiler/interpret/tensors.ts";
import { WASM_FUSION } from "../compiler/lowering/fusion-target.ts";
import { GRAPH_PASSES } from "../compiler/pipeline.ts";
import type { DType } from "../compiler/types/dtype.ts";
import { verifyProgram } from "../compiler/verify/index.ts";
import { assertClose } from "./helpers/compare.ts";
import { Random } from "./helpers/random.ts";
import { runVariants } from "./helpers/run-wasm.ts";
import { randomTensor } from "./helpers/tensors.ts";

type Shape = readonly number[];
type RowFunction = (...args: NdArray[]) => NdArray | readonly NdArray[] | readonly [NdArray, unknown];

interface Workload {
  readonly f: RowFunction;
  /** Operands for logits of a shape: their shapes and dtypes. */
  readonly operands: (shape: Shape, dtype: DType) => readonly [Shape, DType][];
}

const row = (shape: Shape): Shape => shape.slice(-1);
const perRow = (shape: Shape): Shape => shape.slice(0, -1);
const x = (shape: Shape, dtype: DType): [Shape, DType][] => [[shape, dtype]];
const rms = (a: NdArray) => a.mul(lax.rsqrt(np.mean(np.square(a), { axis: -1, keepdims: true }).add(1e-6)));
const normalise = (a: NdArray, scale: NdArray, bias: NdArray) => nn.standardize(a).mul(scale).add(bias);
const labelled = (a: NdArray, labels: NdArray) =>
  np.mean(optim.softmaxCrossEntropyWithIntegerLabels(a, labels));
const oneHot = (a: NdArray, labels: NdArray) =>
  np.mean(optim.softmaxCrossEntropy(a, nn.oneHot(labels, a.shape[a.ndim - 1], { dtype: a.dtype })));
const withLabels = (s: Shape, d: DType): [Shape, DType][] => [
  [s, d],
  [perRow(s), "int32"],
];

const WORKLOADS: Record<string, Workload> = {
  softmax: { f: (a) => nn.softmax(a), operands: x },
  "log softmax": { f: (a) => nn.logSoftmax(a), operands: x },
  logsumexp: { f: (a) => nn.logsumexp(a, { axis: -1 }), operands: x },
  standardize: { f: (a) => nn.standardize(a), operands: x },
  "RMS norm": { f: rms, operands: x },
  "layer norm": {
    f: normalise,
    operands: (s, d) => [
      [s, d],
      [row(s), d],
      [row(s), d],
    ],
  },
  "gradient of softmax": {
    f: (a, w) => grad((b: NdArray) => np.sum(nn.softmax(b).mul(w)))(a),
    operands: (s, d) => [
      [s, d],
      [s, d],
    ],
  },
  "gradient of RMS norm": {
    f: (a, w) => grad((b: NdArray) => np.sum(rms(b).mul(w)))(a),
    operands: (s, d) => [
      [s, d],
      [s, d],
    ],
  },
  "cross entropy": { f: labelled, operands: withLabels },
  "cross entropy and its gradient": { f: (a, y) => valueAndGrad(labelled)(a, y), operands: withLabels },
  "cross entropy with one-hot labels and its gradient": {
    f: (a, y) => valueAndGrad(oneHot)(a, y),
    operands: withLabels,
  },
};

function optimised(graph: Graph): Graph {
  return GRAPH_PASSES.reduce((g, pass) => pass.run(g, { donated: [] }), graph);
}

/** Compiles, checks against the oracle in both variants and in the interpreter, and returns the number of kernels. */
function check(graph: Graph, what: string): number {
  const random = new Random(what);
  const inputs = graph.inputs.map(({ type }) =>
    randomTensor(random, type, type.dtype === "int32" ? [0, 4] : [-3, 3]),
  );
  const want = interpretGraph(graph, inputs);
  const plan = fuse(optimised(graph), WASM_FUSION);
  const { program } = assemble(plan, []);
  verifyProgram(program);
  const bytes = inputs.map(toBytes);
  const runs: [string, Uint8Array[]][] = [["interpreter", runProgram(program, bytes)]];
  for (const { variant, outputs } of runVariants(program, bytes)) runs.push([variant, outputs]);
  for (const [name, got] of runs) {
    const results = want.map(({ type }, i) => fromBytes(type, got[i]));
    assertClose(results, want, { ulp: 64, absolute: 2e-5 }, `${what}, ${name}`);
  }
  return program.kernels.length;
}

function traced(f: RowFunction, operands: readonly [Shape, DType][]): Graph {
  const specs = operands.map(([shape, dtype]) => spec([...shape], dtype));
  return jit(f as (...args: NdArray[]) => NdArray).trace(...(specs as unknown[] as NdArray[])).graph;
}

const SHAPES: readonly Shape[] = [
  [3, 37],
  [2, 3, 18],
  [5, 1],
  [1, 19],
];

describe("one kernel over rows", () => {
  for (const [name, { f, operands }] of Object.entries(WORKLOADS)) {
    test(name, () => {
      for (const shape of SHAPES) {
        const what = `${name} of ${shape.join("x")}`;
        const kernels = check(traced(f, operands(shape, "float32")), what);
        // Rows of one element have nothing to fold, and fuse in other ways.
        if (shape[shape.length - 1] > 1 && shape[0] > 1) assert.equal(kernels, 1, what);
      }
      check(traced(f, operands([4, 6], "float64")), `${name} in float64`);
    });
  }

  test("the gradients of a layer norm share its pass", () => {
    const gradient = (a: NdArray, scale: NdArray, bias: NdArray, w: NdArray) =>
      grad((b: NdArray, s: NdArray, c: NdArray) => np.sum(normalise(b, s, c).mul(w)), { argnums: [0, 1, 2] })(
        a,
        scale,
        bias,
      );
    const shapes: [Shape, DType][] = [
      [[6, 33], "float32"],
      [[33], "float32"],
      [[33], "float32"],
      [[6, 33], "float32"],
    ];
    assert.equal(check(traced(gradient, shapes), "layer norm gradient"), 1);
  });

  test("along another axis, under vmap, and in the body of a scan", () => {
    const along = (a: NdArray) => nn.softmax(a, 0);
    assert.equal(check(traced(along, [[[7, 12], "float32"]]), "axis 0"), 1);
    assert.equal(
      check(
        traced((a) => nn.softmax(a, [0, 2]), [[[3, 4, 5], "float32"]]),
        "axes 0 and 2",
      ),
      1,
    );
    assert.equal(
      check(
        traced((a) => vmap(along)(a), [[[3, 7, 12], "float32"]]),
        "vmap",
      ),
      1,
    );
    const scanned = (a: NdArray) =>
      lax.scan(
        (c: NdArray, b: NdArray): [NdArray, NdArray] => [c.add(np.sum(b)), nn.softmax(b)],
        np.zeros([]),
        a,
      )[1];
    check(traced(scanned, [[[4, 3, 17], "float32"]]), "scan");
  });

  test("rows of minus infinity, NaN and infinity give what JAX gives", () => {
    const a = np.array([
      [-Infinity, -Infinity],
      [NaN, 0],
      [Infinity, 0],
      [-Infinity, 0],
    ]);
    const got = jit((v: NdArray) => nn.softmax(v))(a).dataSync();
    assert.deepEqual(
      [...got],
      [NaN, NaN, NaN, NaN, NaN, NaN, 0, 1].map((v, i) => (i === 5 ? got[5] : v)),
    );
    assert.ok(Number.isNaN(got[4]));
  });

  test("a kept row takes over no operand that every row reads", () => {
    const f = (a: NdArray, v: NdArray) => nn.softmax(np.log1p(np.square(a)).mul(np.cumsum(v)));
    for (const length of [3, 16]) {
      const shapes: [Shape, DType][] = [
        [[4, length], "float32"],
        [[length], "float32"],
      ];
      check(traced(f, shapes), `rows of ${length}`);
    }
  });

  test("half floats keep the precision of their sums", () => {
    check(
      traced((a) => nn.softmax(a.astype("float32")).astype("float16"), [[[3, 40], "float16"]]),
      "float16",
    );
  });
});

describe("rows in a pipeline", () => {
  const textOf = (f: (a: NdArray) => NdArray, a: NdArray): string =>
    jit(f).lower(a).compile().asText({ stage: "kernel" });
  const filled = (rows: number, length: number): NdArray => {
    const random = new Random(`${rows}x${length}`);
    return np
      .array(Array.from({ length: rows * length }, () => 12 * random.next() - 6))
      .reshape([rows, length]);
  };

  test("every workload, with and without rows left over", () => {
    for (const [name, { f, operands }] of Object.entries(WORKLOADS)) {
      for (const shape of [
        [150, 70],
        [4, 32, 65],
      ]) {
        assert.equal(check(traced(f, operands(shape, "float32")), `${name} of ${shape.join("x")}`), 1);
      }
    }
  });

  test("the next row's first pass runs with a pass over what is in the cache", () => {
    // Softmax writes its result in the second pass; a log softmax in the third.
    const softmax = textOf((a) => nn.softmax(a), filled(160, 64));
    assert.match(softmax, /store %out\[.*\] = load %out\[.*\n *acc %acc\d* max= load %a\[.*min\(i \+ 1, 9\)/);
    const logSoftmax = textOf((a) => nn.logSoftmax(a), filled(160, 64));
    assert.match(logSoftmax, /acc %acc\d* \+= @exp_nonpositive\(.*\n *acc %acc\d* max= /);
  });

  test("gives the bits of rows one by one, also in place of its operand", () => {
    const one = jit((a: NdArray) => nn.softmax(a));
    const inPlace = jit((a: NdArray) => nn.softmax(a), { donateArgnums: [0] });
    for (const rows of [150, 256]) {
      const a = filled(rows, 70);
      const wanted = Array.from({ length: rows }, (_, i) => [...one(a.slice([i, i + 1])).dataSync()]).flat();
      assert.deepEqual([...one(a).dataSync()], wanted);
      assert.deepEqual([...inPlace(a).dataSync()], wanted);
    }
  });

  test("a row of NaN or infinity leaves its neighbours alone", () => {
    const values = filled(130, 64).dataSync().slice();
    values.fill(NaN, 64 * 5, 64 * 5 + 1);
    values.fill(-Infinity, 64 * 9, 64 * 10);
    values[64 * 129 + 63] = Infinity;
    const got = jit((a: NdArray) => nn.softmax(a))(np.array(values).reshape([130, 64])).dataSync();
    for (let i = 0; i < 130; i++) {
      const own = got.slice(64 * i, 64 * (i + 1));
      const sum = Array.from(own, Number).reduce((total, p) => total + p, 0);
      if (i === 5 || i === 9 || i === 129) assert.ok(Number.isNaN(sum), `row ${i}`);
      else assert.ok(Math.abs(sum - 1) < 1e-5, `row ${i} sums to ${sum}`);
    }
  });
});

describe("exponentials of differences to the row's maximum", () => {
  test("have the bits of any other", () => {
    const random = new Random("exp");
    const values = Array.from({ length: 300 * 40 }, () => -110 * random.next() ** 3);
    const below = np.array(values).reshape([300, 40]);
    const rows = np.concatenate([below, np.zeros([300, 1])], { axis: 1 });
    const f = jit((a: NdArray) => {
      const greatest = np.max(a, { axis: 1, keepdims: true });
      const p = np.exp(a.sub(greatest));
      return [p, np.sum(p, { axis: 1 }).add(greatest.reshape([-1]))];
    });
    assert.match(f.lower(rows).compile().asText({ stage: "kernel" }), /@exp_nonpositive/);
    assert.deepEqual([...f(rows)[0].dataSync()], [...np.exp(rows).dataSync()]);
  });

  test("are left alone where the maximum is of something else", () => {
    const text = (f: (a: NdArray) => NdArray): string =>
      jit(f)
        .lower(np.ones([9, 40]))
        .compile()
        .asText({ stage: "kernel" });
    const max = (a: NdArray): NdArray => np.max(a, { axis: 1, keepdims: true });
    const normalised = (p: NdArray): NdArray => p.div(np.sum(p, { axis: 1, keepdims: true }));
    assert.match(
      text((a) => normalised(np.exp(a.sub(max(a))))),
      /@exp_nonpositive/,
    );
    assert.doesNotMatch(
      text((a) => normalised(np.exp(a.sub(max(a.neg()))))),
      /@exp_nonpositive/,
    );
    assert.doesNotMatch(
      text((a) => normalised(np.exp(max(a).sub(a)))),
      /@exp_nonpositive/,
    );
  });
});

describe("what ends a row kernel, with its reason", () => {
  const planOf = (f: RowFunction, operands: readonly [Shape, DType][]) =>
    printPlan(fuse(optimised(traced(f, operands)), WASM_FUSION));

  test("rows that do not stay in the cache", () => {
    const text = planOf((a) => nn.softmax(a), [[[2, 100_000], "float32"]]);
    assert.match(text, /a row of 400000 bytes does not stay in the cache between passes/);
  });

  test("long rows across memory", () => {
    const text = planOf((a) => nn.softmax(a, 0), [[[1000, 64], "float32"]]);
    assert.match(text, /elements that do not lie side by side/);
  });

  test("a result that needs all rows", () => {
    const text = planOf((a) => a.sub(np.max(np.sum(a, { axis: 1 }))), [[[8, 64], "float32"]]);
    assert.match(text, /needs all rows, and the kernel does one after the other/);
  });

  test("a target whose rows have no order carries nothing from row to row", () => {
    const graph = optimised(traced(labelled, withLabels([8, 64], "float32")));
    const text = printPlan(fuse(graph, gpuFusion(8)));
    assert.match(text, /the target does all rows side by side, and a fold of all rows needs an order/);
  });
});

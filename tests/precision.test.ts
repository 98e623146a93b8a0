/** `precision` of products and convolutions: what "highest" changes, and that nothing on the way loses it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type ClosedJaxpr,
  config,
  deserialize,
  exportFunction,
  grad,
  jit,
  jvp,
  lax,
  makeJaxpr,
  type NdArray,
  nn,
  numpy as np,
  random,
  spec,
  vmap,
  withConfig,
} from "weft";
import type { Graph } from "../compiler/graph/graph.ts";
import { isOp, type PrecisionPair } from "../compiler/graph/operations.ts";
import { fromBytes, refTensor, toBytes } from "../compiler/interpret/tensors.ts";
import { mergeCommonSubexpressions } from "../compiler/passes/common-subexpressions.ts";
import { simplifyGraph } from "../compiler/passes/simplify.ts";
import { parseGraph, printGraph } from "../compiler/text/index.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { Conv2D, Linear, transform } from "../frontend/haiku/index.ts";
import { build, compile, ops } from "./helpers/graphs.ts";
import { runVariants } from "./helpers/run-wasm.ts";

const HIGHEST = ["highest", "highest"] as const;

/** The precision of every product of a graph, those of its sub-graphs too. */
function precisions(graph: Graph): PrecisionPair[] {
  return graph.equations.flatMap((e) => {
    if (isOp(e, "dot_general") || isOp(e, "conv_general_dilated")) return [e.params.precision];
    if (isOp(e, "scan")) return precisions(e.params.body);
    return isOp(e, "call") || isOp(e, "checkpoint") ? precisions(e.params.graph) : [];
  });
}

/** All products of a function have the precision, and there are so many. */
function assertKept({ graph }: ClosedJaxpr, count: number, precision: unknown = HIGHEST): void {
  assert.deepEqual(precisions(graph), new Array(count).fill(precision));
}

const image = (): NdArray => random.normal(random.key(1), [2, 16, 12, 12]);
const kernel = (): NdArray => random.normal(random.key(2), [16, 16, 3, 3]);
const convolve = (precision: lax.PrecisionLike) => (x: NdArray, k: NdArray) =>
  lax.conv(x, k, [1, 1], "SAME", { precision });

describe("precision is a pair for lhs and rhs", () => {
  const x = np.ones([3, 3]);
  const of = (precision: lax.PrecisionLike): PrecisionPair =>
    precisions(makeJaxpr((y: NdArray) => lax.dot(y, y, { precision }))(x).graph)[0];

  test("by JAX's names", () => {
    assert.equal(of(null), null);
    assert.deepEqual(of("high"), ["high", "high"]);
    assert.deepEqual(of("float32"), HIGHEST);
    assert.deepEqual(of("tensorfloat32"), ["high", "high"]);
    assert.deepEqual(of("bfloat16"), ["default", "default"]);
    assert.deepEqual(of(["fastest", "highest"]), ["default", "highest"]);
  });

  test("and nothing else", () => {
    assert.throws(
      () => of("exact" as lax.PrecisionName),
      /Precision argument must be one of: .* but got "exact"/,
    );
    assert.throws(
      () => of(["high"] as unknown as lax.PrecisionLike),
      /a list of two of these.*but got \["high"\]/,
    );
  });

  test("of config.defaultMatmulPrecision where nothing is said", () => {
    withConfig({ defaultMatmulPrecision: "float32" }, () => {
      assert.deepEqual(of(null), HIGHEST);
      assert.deepEqual(of("default"), ["default", "default"]);
    });
    assert.equal(config.defaultMatmulPrecision, null);
    assert.throws(
      () => config.update("jax_default_matmul_precision", "exact"),
      /null or one of default, .* got exact/,
    );
    assert.throws(() => config.update("jax_default_matmul_precision", true), /null or one of/);
  });
});

describe("the option reaches the product", () => {
  const precision = "highest";
  const [a, b, v] = [np.ones([4, 4]), np.ones([4, 4]), np.ones([4])];
  const cases: Readonly<Record<string, [(x: NdArray) => NdArray, NdArray, number]>> = {
    dotGeneral: [
      (x) =>
        lax.dotGeneral(
          x,
          b,
          [
            [[1], [0]],
            [[], []],
          ],
          { precision },
        ),
      a,
      1,
    ],
    batchMatmul: [(x) => lax.batchMatmul(x, b, { precision }), a, 1],
    "np.matmul": [(x) => np.matmul(x, b, { precision }), a, 1],
    "NdArray.matmul": [(x) => x.matmul(b, { precision }), a, 1],
    "np.dot": [(x) => np.dot(x, b, { precision }), a, 1],
    "np.vdot": [(x) => np.vdot(x, b, { precision }), a, 1],
    "np.inner": [(x) => np.inner(x, b, { precision }), a, 1],
    "np.vecdot": [(x) => np.vecdot(x, v, { precision }), a, 1],
    "np.tensordot": [(x) => np.tensordot(x, b, 1, { precision }), a, 1],
    "np.einsum": [(x) => np.einsum("ij,jk,kl->il", x, b, a, { precision }), a, 2],
    "np.convolve": [(x) => np.convolve(x, v, "full", { precision }), v, 1],
    "np.correlate": [(x) => np.correlate(x, v, "full", { precision }), v, 1],
    "np.linalg.multiDot": [(x) => np.linalg.multiDot([x, b, v], { precision }), a, 2],
    convTranspose: [
      (x) => lax.convTranspose(x, np.ones([3, 3, 2, 2]), [2, 2], "SAME", { precision }),
      np.ones([1, 5, 5, 2]),
      1,
    ],
    convGeneralDilatedLocal: [
      (x) => lax.convGeneralDilatedLocal(x, np.ones([1, 4, 3, 3]), [1, 1], "VALID", [2, 2], { precision }),
      np.ones([1, 1, 4, 4]),
      2,
    ],
  };
  for (const [name, [f, x, count]] of Object.entries(cases))
    test(name, () => assertKept(makeJaxpr(f)(x), count));

  test("modules", () => {
    const x = np.ones([2, 8, 8, 4]);
    const modules: [nn.Module & { call(x: NdArray): NdArray }, number][] = [
      [new nn.Conv(4, [3, 3], { precision }), 1],
      [new nn.ConvTranspose(4, [3, 3], { precision }), 1],
      [new nn.ConvLocal(4, [3, 3], { precision }), 2],
      [new nn.Dense(3, { precision }), 1],
      [new nn.DenseGeneral([3, 2], { precision }), 1],
      [new nn.MultiHeadDotProductAttention(2, { precision }), 6],
    ];
    for (const [module, count] of modules) {
      const params = module.init(random.key(0), x);
      assertKept(makeJaxpr((y: NdArray) => module.apply(params, y) as NdArray)(x), count);
    }
  });

  test("Haiku's modules take it when they are called", () => {
    const x = np.ones([1, 6, 6, 2]);
    const net = transform((y: NdArray) =>
      new Linear(3).call(new Conv2D(2, 3).call(y, { precision }), { precision }),
    );
    const params = net.init(random.key(0), x);
    assertKept(makeJaxpr((y: NdArray) => net.apply(params, null, y))(x), 2);
  });
});

describe("precision is kept", () => {
  const f = convolve("highest");
  const dot = (x: NdArray, y: NdArray): NdArray => lax.dot(x, y, { precision: ["high", "highest"] });
  const [x, k] = [np.ones([1, 2, 6, 6]), np.ones([3, 2, 3, 3])];
  const [p, q] = [np.ones([4, 5]), np.ones([5, 6])];
  const sum = (g: (x: NdArray, y: NdArray) => NdArray) => (a: NdArray, b: NdArray) => g(a, b).sum();

  const ofDot = ["high", "highest"];

  test("by jvp", () => {
    assertKept(makeJaxpr((a: NdArray, b: NdArray) => jvp(f, [a, b], [a, b])[1])(x, k), 3);
    assertKept(makeJaxpr((a: NdArray, b: NdArray) => jvp(dot, [a, b], [a, b])[1])(p, q), 3, ofDot);
  });
  test("by transposition", () => {
    assertKept(makeJaxpr(grad(sum(f), { argnums: [0, 1] }))(x, k), 3);
    assertKept(makeJaxpr(grad(sum(dot), { argnums: [0, 1] }))(p, q), 3, ofDot);
  });
  test("by vmap", () => {
    const many = (a: NdArray): NdArray => np.stack([a, a]);
    for (const inAxes of [
      [0, null],
      [null, 0],
      [0, 0],
    ] as const) {
      const of = (i: 0 | 1, a: NdArray): NdArray => (inAxes[i] === null ? a : many(a));
      assertKept(makeJaxpr(vmap(f, { inAxes }))(of(0, x), of(1, k)), 1);
      assertKept(makeJaxpr(vmap(dot, { inAxes }))(of(0, p), of(1, q)), 1, ofDot);
    }
  });
  test("by scan", () => {
    const square = np.ones([5, 5]);
    const powers = (a: NdArray): NdArray =>
      lax.scan((c, _) => [lax.dot(c, square, { precision: "highest" }), c], a, null, { length: 3 })[0];
    assertKept(makeJaxpr(powers)(p), 1);
  });

  const types = [tensorType("float32", [4, 5]), tensorType("float32", [5, 6])];
  const product = (precision: PrecisionPair) => ({
    lhsContracting: [1],
    rhsContracting: [0],
    lhsBatch: [],
    rhsBatch: [],
    precision,
    preferredElementType: null,
  });

  test("in text, which says nothing of it where there is none", () => {
    const graph = build(types, (b, [l, r]) => [
      b.dotGeneral(l, r, product(["high", "highest"])),
      b.dotGeneral(l, r, product(null)),
    ]);
    const text = printGraph(graph);
    assert.equal(text.match(/precision=\["high", "highest"\]/g)?.length, 1);
    assert.equal(text.match(/precision/g)?.length, 1);
    const read = parseGraph(text);
    assert.equal(printGraph(read), text);
    assert.deepEqual(precisions(read), [["high", "highest"], null]);
    assert.throws(
      () => parseGraph(text.replace('"high"', '"higher"')),
      /parameter precision of dot_general must be/,
    );
  });

  test("by passes: other precisions are other products, and exchanged operands have each their own", () => {
    const graph = build(types, (b, [l, r]) =>
      [HIGHEST, null, HIGHEST, ["high", "highest"] as const].map((precision) =>
        b.dotGeneral(l, r, product(precision)),
      ),
    );
    const merged = mergeCommonSubexpressions.run(graph, { donated: [] });
    assert.deepEqual(precisions(merged), [HIGHEST, null, ["high", "highest"]]);
    const transposed = build(types, (b, [l, r]) => [
      b.transpose(b.dotGeneral(l, r, product(["high", "highest"])), [1, 0]),
    ]);
    const simplified = simplifyGraph.run(transposed, { donated: [] });
    assert.deepEqual(ops(simplified).includes("transpose"), false);
    assert.deepEqual(precisions(simplified).at(-1), ["highest", "high"]);
  });
});

describe("an infinity in the image", () => {
  // The kernel is of positive numbers, so that what sees the infinity is infinite itself.
  const x = image().at(0, 3, 6, 6).set(Number.POSITIVE_INFINITY);
  const k = np.abs(kernel());
  const flat = (y: NdArray): number[] => y.ravel().toArray() as number[];
  const see = (i: number): boolean =>
    i < 16 * 144 && Math.abs((Math.floor(i / 12) % 12) - 6) <= 1 && Math.abs((i % 12) - 6) <= 1;
  /** Whether all results are what plain sums give. */
  const plain = (y: readonly number[]): boolean =>
    y.every((value, i) => (see(i) ? value === Number.POSITIVE_INFINITY : Number.isFinite(value)));

  test("may come out as NaN by default, and with highest as infinity", () => {
    assert.equal(plain(flat(jit(convolve("default"))(x, k))), false);
    for (const precision of ["highest", ["default", "highest"], ["highest", "high"]] as const) {
      assert.ok(plain(flat(jit(convolve(precision))(x, k))));
    }
  });

  test("in both variants of a module", () => {
    const { graph } = makeJaxpr(convolve("highest"))(x, k);
    const operands = [x, k].map((a) => refTensor("float32", a.shape, flat(a)));
    for (const { outputs } of runVariants(compile(graph), operands.map(toBytes))) {
      assert.ok(plain([...fromBytes(graph.outputs[0].type, outputs[0]).data]));
    }
  });

  test("with the setting, for which a jitted function is traced anew", () => {
    const f = jit(convolve(null));
    const of = (): boolean => plain(flat(f(x, k)));
    assert.equal(of(), false);
    assert.ok(withConfig({ defaultMatmulPrecision: "highest" }, of));
    assert.equal(of(), false);
  });

  test("compiled ahead of time", () => {
    const exported = exportFunction(convolve("highest"))(spec([...x.shape]), spec([...k.shape]));
    const read = deserialize<(x: NdArray, k: NdArray) => NdArray>(exported.serialize());
    assert.ok(plain(flat(read.call(x, k))));
  });

  test("does not spread in the kernel's gradient to elements that do not see it", () => {
    // Without padding, row and column 1 meet rows and columns 0 and 1 of the kernel.
    const edge = image().at(0, 3, 1, 1).set(Number.POSITIVE_INFINITY);
    const cotangents = (precision: lax.PrecisionLike): number[] => {
      const pull = (w: NdArray) => lax.conv(edge, w, [1, 1], "VALID", { precision }).sum();
      return flat(jit(grad(pull))(k));
    };
    const sees = (i: number): boolean =>
      Math.floor((i % 9) / 3) < 2 && i % 3 < 2 && Math.floor(i / 9) % 16 === 3;
    const wanted = (y: readonly number[]): boolean =>
      y.every((value, i) => Number.isFinite(value) !== sees(i));
    assert.ok(wanted(cotangents("highest")));
    assert.equal(wanted(cotangents(null)), false);
  });
});

test("rounding errors are of one size", () => {
  const [x, k] = [image(), kernel()];
  const exact = lax.conv(x.astype("float64"), k.astype("float64"), [1, 1], "SAME");
  const error = (precision: lax.PrecisionLike): number =>
    np.sqrt(np.mean(np.square(jit(convolve(precision))(x, k).astype("float64").sub(exact)))).item() as number;
  const [plain, filtered] = [error("highest"), error("default")];
  assert.ok(plain < 4e-6 && filtered < 2 * plain, `${plain} with highest, ${filtered} by default`);
});

/** The workloads as ONNX models. */
import type { Implementations } from "../runner/contender.ts";
import { NotPossible } from "../runner/contender.ts";
import type { ConvParameters } from "../workloads/operations.ts";
import {
  HWIO_TO_OIHW,
  NCHW_TO_NHWC,
  NHWC_TO_NCHW,
  OIHW_TO_HWIO,
  type Tensor,
  transposed,
} from "../workloads/tensor.ts";
import { DataType, GraphBuilder } from "./onnx-model.ts";

export interface Model {
  readonly bytes: Uint8Array;
  readonly feeds: readonly Tensor[];
  /** Brings results into the layout of the workload. */
  results?(tensors: Tensor[]): Tensor[];
}

const NO_TRAINING = "runs models forward only";

export const ONNX_MISSING = { perceptron: NO_TRAINING };

/** A model whose inputs are all fed. */
function over(
  inputs: readonly Tensor[],
  build: (g: GraphBuilder, ...names: string[]) => string,
  results?: Model["results"],
): Model {
  const g = new GraphBuilder();
  const names = inputs.map((x, i) =>
    g.input(`input${i}`, x.shape, x.data instanceof Int32Array ? "int32" : "float"),
  );
  g.output(build(g, ...names));
  return { bytes: g.model(), feeds: inputs, results };
}

function padding(extent: number, window: number, stride: number): [number, number] {
  const total = Math.max((Math.ceil(extent / stride) - 1) * stride + window - extent, 0);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

function convolution(p: ConvParameters, [image, kernel, cotangent]: readonly Tensor[]): Model {
  const { product, stride, groups } = p;
  const [, height, width] = p.image;
  const [kh, kw] = p.kernel;
  const [top, bottom] = padding(height, kh, stride);
  const [left, right] = padding(width, kw, stride);
  const pads = [top, left, bottom, right];
  const strides = [stride, stride];
  const x = transposed(image, NHWC_TO_NCHW);
  const w = transposed(kernel, HWIO_TO_OIHW);
  const back = (order: readonly number[]) => (tensors: Tensor[]) => tensors.map((t) => transposed(t, order));
  if (product === "forward") {
    return over(
      [x, w],
      (g, ...operands) => g.node("Conv", operands, { pads, strides, group: groups }),
      back(NCHW_TO_NHWC),
    );
  }
  const ct = transposed(cotangent, NHWC_TO_NCHW);
  if (product === "input") {
    const outputPadding = [height, width].map(
      (extent, i) => extent - ((ct.shape[2 + i] - 1) * stride - pads[i] - pads[2 + i] + p.kernel[i]),
    );
    return over(
      [ct, w],
      (g, ...operands) =>
        g.node("ConvTranspose", operands, { pads, strides, group: groups, output_padding: outputPadding }),
      back(NCHW_TO_NHWC),
    );
  }
  // The kernel's gradient is a convolution of the image by the cotangent, batch and channels exchanged.
  const exchanged = [1, 0, 2, 3];
  return over(
    [x, ct],
    (g, a, b) => {
      const y = g.node(
        "Conv",
        [g.node("Transpose", [a], { perm: exchanged }), g.node("Transpose", [b], { perm: exchanged })],
        {
          pads,
          dilations: strides,
        },
      );
      return g.node("Transpose", [y], { perm: exchanged });
    },
    back(OIHW_TO_HWIO),
  );
}

/** The layer's activation as one operator: operator set 20 has it. */
const gelu = (g: GraphBuilder, x: string): string => g.node("Gelu", [x], { approximate: "tanh" });

const layerNorm = (g: GraphBuilder, x: string, scale: string, shift: string): string =>
  g.node("LayerNormalization", [x, scale, shift], { axis: -1, epsilon: { float: 1e-5 } });

/** A loop of `units` iterations that carries one value; `body` gets the iteration's number and the value. */
function loop(
  g: GraphBuilder,
  units: number,
  start: string,
  shape: readonly number[],
  body: (b: GraphBuilder, i: string, x: string) => string,
): string {
  const b = new GraphBuilder("body_");
  const i = b.input("i", [], "int64");
  const going = b.input("going", [], "bool");
  const x = b.input("x", shape);
  const next = body(b, i, x);
  b.output(b.node("Identity", [going]), "bool");
  b.output(next);
  return g.node("Loop", [g.integers([units], []), g.truth(), start], { body: b });
}

function transformer(inputs: readonly Tensor[], heads: number): Model {
  const [x, , ...parameters] = inputs;
  const [batch, length, width] = x.shape;
  return over([x], (g, start) => {
    const weights = parameters.map((p) => g.constant(p));
    const dense = (input: string, w: string, b: string): string =>
      g.node("Add", [g.node("MatMul", [input, w]), b]);
    const attend = (input: string, w: string, b: string): string => {
      const split = g.node("Reshape", [
        dense(input, w, b),
        g.integers([batch, length, 3, heads, width / heads]),
      ]);
      const parts = g.node("Transpose", [split], { perm: [2, 0, 3, 1, 4] });
      const [q, k, v] = [0, 1, 2].map((i) => g.node("Gather", [parts, g.integers([i], [])], { axis: 0 }));
      const scores = g.node("Mul", [
        g.node("MatMul", [q, g.node("Transpose", [k], { perm: [0, 1, 3, 2] })]),
        g.scalar(Math.sqrt(heads / width)),
      ]);
      const mixed = g.node("MatMul", [g.node("Softmax", [scores], { axis: -1 }), v]);
      return g.node("Reshape", [
        g.node("Transpose", [mixed], { perm: [0, 2, 1, 3] }),
        g.integers([batch, length, width]),
      ]);
    };
    let h = start;
    for (let at = 0; at < weights.length; at += 12) {
      const [g1, s1, wqkv, bqkv, wo, bo, g2, s2, w1, b1, w2, b2] = weights.slice(at, at + 12);
      h = g.node("Add", [h, dense(attend(layerNorm(g, h, g1, s1), wqkv, bqkv), wo, bo)]);
      h = g.node("Add", [h, dense(gelu(g, dense(layerNorm(g, h, g2, s2), w1, b1)), w2, b2)]);
    }
    return h;
  });
}

function cnn([x, , ...parameters]: readonly Tensor[]): Model {
  return over([transposed(x, NHWC_TO_NCHW)], (g, image) => {
    const [w1, b1, w2, b2, w3, b3, w4, b4] = parameters.map((p) =>
      g.constant(p.shape.length === 4 ? transposed(p, HWIO_TO_OIHW) : p),
    );
    const layer = (input: string, w: string, b: string): string => {
      const y = g.node("Relu", [g.node("Conv", [input, w, b], { pads: [1, 1, 1, 1] })]);
      return g.node("MaxPool", [y], { kernel_shape: [2, 2], strides: [2, 2] });
    };
    const features = g.node("Transpose", [layer(layer(image, w1, b1), w2, b2)], { perm: NCHW_TO_NHWC });
    const flat = g.node("Reshape", [features, g.integers([x.shape[0], 3136])]);
    return g.node("Gemm", [g.node("Relu", [g.node("Gemm", [flat, w3, b3])]), w4, b4]);
  });
}

export const onnxImplementations: Implementations<Model> = {
  matmul: ({ transposeA, transposeB }, inputs) =>
    over(inputs, (g, a, b) => {
      if (!transposeA && !transposeB) return g.node("MatMul", [a, b]);
      if (inputs[0].shape.length === 2) {
        return g.node("Gemm", [a, b], { transA: Number(transposeA), transB: Number(transposeB) });
      }
      const t = (x: string, yes: boolean): string =>
        yes ? g.node("Transpose", [x], { perm: [0, 2, 1] }) : x;
      return g.node("MatMul", [t(a, transposeA), t(b, transposeB)]);
    }),
  byteMatmul: (_, inputs) =>
    over(inputs, (g, a, b) => {
      const byte = (x: string): string => g.node("Cast", [x], { to: DataType.INT8 });
      return g.node("Cast", [g.node("MatMulInteger", [byte(a), byte(b)])], { to: DataType.FLOAT });
    }),
  conv: convolution,
  softmax: (_, inputs) => over(inputs, (g, x) => g.node("Softmax", [x], { axis: -1 })),
  layerNorm: (_, inputs) => over(inputs, layerNorm),
  denseGelu: (_, [x, w, b]) =>
    over([x], (g, input) =>
      gelu(g, g.node("Add", [g.node("MatMul", [input, g.constant(w)]), g.constant(b)])),
    ),
  chain: ({ sum }, inputs) =>
    over(inputs, (g, x) => {
      const product = g.node("Mul", [g.node("Sigmoid", [x]), g.node("Tanh", [x])]);
      const bell = g.node("Exp", [g.node("Neg", [g.node("Mul", [x, x])])]);
      const y = g.node("Add", [product, bell]);
      return sum ? g.node("ReduceSum", [y], { keepdims: 0 }) : y;
    }),
  axpy: (_, inputs) => over(inputs, (g, x, y) => g.node("Add", [g.node("Mul", [x, g.scalar(2.5)]), y])),
  reduce: ({ kind, axes }, inputs) =>
    over(inputs, (g, x) =>
      g.node(kind === "sum" ? "ReduceSum" : "ReduceMax", [x, g.integers(axes)], { keepdims: 0 }),
    ),
  sort: (_, [x]) =>
    over([x], (g, name) => {
      const count = g.integers(x.shape);
      return g.nodes("TopK", [name, count], 2, { largest: 0 })[0];
    }),
  cumsum: (_, inputs) => over(inputs, (g, x) => g.node("CumSum", [x, g.integers([0], [])])),
  gather: (_, inputs) => over(inputs, (g, table, indices) => g.node("Gather", [table, indices], { axis: 0 })),
  addOne: (_, inputs) => over(inputs, (g, x) => g.node("Add", [x, g.scalar(1)])),
  scalarLoop: (_, inputs, units) =>
    over(inputs, (g, start) =>
      loop(g, units, start, [], (b, _i, x) => {
        const mul = (y: string, k: number): string => b.node("Mul", [y, b.scalar(k)]);
        const a = b.node("Add", [mul(x, 0.75), b.scalar(0.5)]);
        const difference = b.node("Sub", [a, mul(x, 0.25)]);
        const c = mul(b.node("Max", [difference, b.node("Neg", [a])]), 0.5);
        return b.node("Min", [b.node("Add", [c, mul(x, 0.125)]), b.scalar(4)]);
      }),
    ),
  recurrent: (_, inputs, units) => {
    const [h, , xs] = inputs;
    return over(inputs, (g, start, w, rows) =>
      loop(g, units, start, h.shape, (b, i, x) => {
        const row = b.node("Gather", [rows, b.node("Mod", [i, b.integers([xs.shape[0]], [])])], { axis: 0 });
        return b.node("Tanh", [b.node("Add", [b.node("MatMul", [x, w]), row])]);
      }),
    );
  },
  cnn: ({ step }, inputs) => {
    if (step) throw new NotPossible(NO_TRAINING);
    return cnn(inputs);
  },
  transformer: ({ heads, step }, inputs) => {
    if (step) throw new NotPossible(NO_TRAINING);
    return transformer(inputs, heads);
  },
};

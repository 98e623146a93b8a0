/** What the workloads compute. Each contender has at most one implementation of an operation, for all parameters. */

/** Which of a convolution's three products is computed. */
export type ConvProduct = "forward" | "input" | "kernel";

export interface ConvParameters {
  readonly product: ConvProduct;
  readonly stride: number;
  readonly groups: number;
  /** Extents of the image [N, H, W, C] and the kernel [KH, KW, C / groups, O]; padding is SAME. */
  readonly image: readonly [number, number, number, number];
  readonly kernel: readonly [number, number, number, number];
}

export interface TransformerParameters {
  readonly layers: number;
  readonly heads: number;
  readonly step: boolean;
}

/** Inputs are row-major; images are NHWC and kernels HWIO, and each contender brings them into the layout it likes. */
export interface Operations {
  /** [a, b] → a·b, batched over leading axes; transposed operands are stored transposed. */
  readonly matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  /** [a, b] of int32 within int8 → a·b of int8 summed in int32. */
  readonly byteMatmul: Readonly<Record<never, never>>;
  /** [image, kernel] → result; [image, kernel, cotangent] → gradient. */
  readonly conv: ConvParameters;
  /** [x] → softmax over the last axis. */
  readonly softmax: Readonly<Record<never, never>>;
  /** [x, scale, shift] → over the last axis, ε = 1e-5. */
  readonly layerNorm: Readonly<Record<never, never>>;
  /** [logits, labels] → [mean cross entropy of the rows, its gradient]; labels are numbers of classes or a distribution a row. */
  readonly crossEntropy: { readonly labels: "integer" | "dense" };
  /** [x, w, b] → gelu(x·w + b), the tanh form. */
  readonly denseGelu: Readonly<Record<never, never>>;
  /** [x] → sigmoid(x)·tanh(x) + exp(-x²), or its sum. */
  readonly chain: { readonly sum: boolean };
  /** [x, y] → 2.5·x + y. */
  readonly axpy: Readonly<Record<never, never>>;
  readonly reduce: { readonly kind: "sum" | "max"; readonly axes: readonly number[] };
  readonly sort: Readonly<Record<never, never>>;
  readonly cumsum: Readonly<Record<never, never>>;
  /** [table, indices] → rows. */
  readonly gather: Readonly<Record<never, never>>;
  /** [x] → x + 1. */
  readonly addOne: Readonly<Record<never, never>>;
  /** [x], a scalar → x after iterations of ten scalar operations: the body in `loops.ts`. */
  readonly scalarLoop: { readonly form: "scan" | "while" };
  /** [h, w, xs] → h after h = tanh(h·w + x) for each row of a cyclic xs. */
  readonly recurrent: Readonly<Record<never, never>>;
  /** [x, y, …parameters] → parameters after Adam steps on the mean squared error of a perceptron with ReLU between. */
  readonly perceptron: { readonly layers: number; readonly learningRate: number };
  /** [images, labels, …parameters] → logits, or [loss, …parameters] after one Adam step. */
  readonly cnn: { readonly step: boolean };
  /** [x, target, …parameters] → the result of the blocks, or [loss, …parameters] after one Adam step. */
  readonly transformer: TransformerParameters;
}

export type OperationName = keyof Operations;

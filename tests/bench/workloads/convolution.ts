/** Convolutions and their two gradients. */
import { lax, type NdArray, vjp } from "weft";
import type { ConvParameters, ConvProduct } from "./operations.ts";
import { sizeOf, type Tensor, uniform, weights } from "./tensor.ts";
import type { Topic, Workload } from "./workload.ts";

interface Shape {
  readonly name: string;
  readonly image: ConvParameters["image"];
  readonly kernel: ConvParameters["kernel"];
  readonly stride?: number;
  readonly groups?: number;
}

const SHAPES: readonly Shape[] = [
  { name: "32×28×28×32→64", image: [32, 28, 28, 32], kernel: [3, 3, 32, 64] },
  { name: "8×56×56×64→64", image: [8, 56, 56, 64], kernel: [3, 3, 64, 64] },
  { name: "8×28×28×128→128 stride 2", image: [8, 28, 28, 128], kernel: [3, 3, 128, 128], stride: 2 },
];
const DEPTHWISE: Shape = {
  name: "depthwise 8×56×56×64",
  image: [8, 56, 56, 64],
  kernel: [3, 3, 1, 64],
  groups: 64,
};

function convolution(shape: Shape, product: ConvProduct): Workload {
  const { image, kernel, stride = 1, groups = 1 } = shape;
  const [batch, height, width] = image;
  const [kh, kw, channels, features] = kernel;
  const result = [batch, Math.ceil(height / stride), Math.ceil(width / stride), features];
  const flops = 2 * sizeOf(result) * kh * kw * channels;
  const forward = (x: NdArray, w: NdArray): NdArray =>
    lax.convGeneralDilated(x, w, [stride, stride], "SAME", {
      dimensionNumbers: ["NHWC", "HWIO", "NHWC"],
      featureGroupCount: groups,
    });
  const operands = (): Tensor[] => [uniform(image, 1), weights(kernel, 2, kh * kw * channels)];
  const common = {
    name: `conv ${shape.name} ${product}`,
    op: "conv",
    params: { product, stride, groups, image, kernel },
    tolerance: 1e-4,
    flops,
    bytes: 4 * (sizeOf(image) + sizeOf(kernel) + sizeOf(result)),
    bound: "compute",
  } as const;
  if (product === "forward") {
    return { ...common, inputs: operands, weft: () => forward, target: { peers: { tfjs: 2 } } };
  }
  const ofInput = (x: NdArray, w: NdArray, ct: NdArray): NdArray =>
    vjp((a: NdArray) => forward(a, w), [x])[1](ct)[0];
  const ofKernel = (x: NdArray, w: NdArray, ct: NdArray): NdArray =>
    vjp((a: NdArray) => forward(x, a), [w])[1](ct)[0];
  return {
    ...common,
    inputs: () => [...operands(), uniform(result, 3)],
    weft: () => (product === "input" ? ofInput : ofKernel),
  };
}

export const convolutions: Topic = {
  name: "conv",
  title: "Convolutions 3×3 (batch×height×width×channels→features)",
  workloads: [
    ...SHAPES.flatMap((shape) => [
      convolution(shape, "forward"),
      convolution(shape, "input"),
      convolution(shape, "kernel"),
    ]),
    convolution(DEPTHWISE, "forward"),
  ],
};

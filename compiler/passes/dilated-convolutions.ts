/**
 * A convolution over an lhs dilated by d meets its holes in d-1 of d steps: the input gradient of a strided convolution.
 * The results at positions d·u + r all need the same share of the kernel, every d-th element of it, so that each r is a
 * convolution without holes, and the results are interleaved.
 *
 * With low padding p, kernel dilation k and window stride 1, result w takes element e of the kernel times element
 * (w + k·e - p) / d of the lhs where that is whole. For w = d·u + r these are e = first + d·m.
 */
import type { Builder } from "../graph/builder.ts";
import type { Graph, Operand } from "../graph/graph.ts";
import { type ConvParams, isOp } from "../graph/operations.ts";
import { GraphBuilder } from "../primitives/graph-builder.ts";
import { primitiveOf } from "../primitives/table.ts";
import { type TensorType, tensorType } from "../types/tensor-type.ts";
import type { GraphPass } from "./pass.ts";
import { Rewriter } from "./rewrite.ts";

/** Multiply-adds below which the holes cost less than further kernels. */
const LEAST_PRODUCTS = 1 << 15;

/** The first kernel element that meets elements of the lhs at result positions r modulo d, or null if none does. */
function firstElement(
  r: number,
  padding: number,
  dilation: number,
  d: number,
  kernel: number,
): number | null {
  for (let e = 0; e < Math.min(d, kernel); e++) if ((r + dilation * e - padding) % d === 0) return e;
  return null;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** The spatial axis to take apart next, or -1. */
function holedAxis({ windowStrides, lhsDilation, rhsDilation }: ConvParams): number {
  return lhsDilation.findIndex(
    (d, k) => d > 1 && windowStrides[k] === 1 && greatestDivisor(rhsDilation[k], d) === 1,
  );
}

/** The convolution, whose result is of type `out`, with every axis that can be taken apart taken apart. */
function withoutHoles(b: Builder, lhs: Operand, rhs: Operand, params: ConvParams, out: TensorType): Operand {
  const k = holedAxis(params);
  if (k < 0) return b.one("conv_general_dilated", [lhs, rhs], params);
  const { dtype, shape } = out;
  const d = params.lhsDilation[k];
  const dilation = params.rhsDilation[k];
  const [low] = params.padding[k];
  const [lhsAxis, rhsAxis, outAxis] = [params.lhsSpec[k + 2], params.rhsSpec[k + 2], params.outSpec[k + 2]];
  const extent = lhs.type.shape[lhsAxis];
  const kernel = rhs.type.shape[rhsAxis];
  const most = Math.ceil(shape[outAxis] / d);
  const parts = Array.from({ length: d }, (_, r): Operand => {
    const results = Math.ceil((shape[outAxis] - r) / d);
    const type = tensorType(dtype, shape.with(outAxis, results));
    const first = firstElement(r, low, dilation, d, kernel);
    let part = b.zeros(type);
    if (first !== null && results > 0) {
      const taps = Math.ceil((kernel - first) / d);
      const before = (low - r - dilation * first) / d;
      const own: ConvParams = {
        ...params,
        lhsDilation: params.lhsDilation.with(k, 1),
        padding: params.padding.with(k, [before, results + dilation * (taps - 1) - extent - before]),
      };
      part = withoutHoles(b, lhs, every(b, rhs, rhsAxis, first, d), own, type);
    }
    if (results === most) return part;
    const paddingConfig = shape.map((_, axis): [number, number, number] => [0, axis === outAxis ? 1 : 0, 0]);
    return b.one("pad", [part, b.literal(0, dtype)], { paddingConfig });
  });
  // [.., u, r, ..] is position d·u + r; what is beyond the extent is cut off.
  const split = shape.toSpliced(outAxis, 1, most, 1);
  const joined = b.one(
    "concatenate",
    parts.map((part) => b.reshape(part, split)),
    { dimension: outAxis + 1 },
  );
  const whole = b.reshape(joined, shape.with(outAxis, most * d));
  if (most * d === shape[outAxis]) return whole;
  return b.one("slice", [whole], {
    startIndices: shape.map(() => 0),
    limitIndices: [...shape],
    strides: shape.map(() => 1),
  });
}

/** Elements first, first + step, … of an axis. */
function every(b: Builder, x: Operand, axis: number, first: number, step: number): Operand {
  const { shape } = x.type;
  return b.one("slice", [x], {
    startIndices: shape.map((_, i) => (i === axis ? first : 0)),
    limitIndices: [...shape],
    strides: shape.map((_, i) => (i === axis ? step : 1)),
  });
}

function rewrite(graph: Graph): Graph {
  const rewriter = new Rewriter(graph);
  for (const original of graph.equations) {
    const equation = rewriter.update(original, rewrite);
    if (isOp(equation, "conv_general_dilated") && holedAxis(equation.params) >= 0) {
      const [lhs, rhs] = equation.inputs;
      const [out] = equation.outputs;
      const { flops } = primitiveOf("conv_general_dilated").cost({
        params: equation.params,
        inputs: [lhs.type, rhs.type],
        outputs: [out.type],
      });
      if (flops >= 2 * LEAST_PRODUCTS) {
        const b = new GraphBuilder();
        b.source = equation.source;
        const result = withoutHoles(b, lhs, rhs, equation.params, out.type);
        for (const e of b.equations) rewriter.keep(e);
        rewriter.replace(equation, [result]);
        continue;
      }
    }
    rewriter.keep(equation);
  }
  return rewriter.finish();
}

export const separateDilatedConvolutions: GraphPass = { name: "dilated_convolutions", run: rewrite };

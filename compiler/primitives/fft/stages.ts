/**
 * fft_stages: the mixed-radix stages of a forward transform along the last axis, with its roots of unity as an
 * operand: what `fft` becomes when it is compiled.
 */
import type { Operand } from "../../graph/graph.ts";
import { definePrimitive, notDifferentiable } from "../../graph/primitive.ts";
import { InternalError, WeftTypeError } from "../../types/errors.ts";
import { sameType, tensorType } from "../../types/tensor-type.ts";
import { alignBatched } from "../batching.ts";
import { inserted } from "../linear.ts";
import { of } from "../test-operands.ts";
import { checkArity, formatShape } from "../typing.ts";
import { rootCount, type Stage, stagesOf } from "./plan.ts";
import { buildStages } from "./stockham.ts";

/** The stages of a length that is known to have them. */
export function knownStages(n: number): Stage[] {
  const stages = stagesOf(n);
  if (stages === null) throw new InternalError(`fft_stages of length ${n}, which has a large prime factor`);
  return stages;
}

/** One transform by the recursion that the stages unroll: radix-r butterflies, roots, then transforms of the rest. */
function transform(re: Float64Array, im: Float64Array, stages: readonly Stage[], table: Float64Array): void {
  const [stage, ...later] = stages;
  if (stage === undefined) return;
  const { radix, rest, roots } = stage;
  const count = table.length / 2;
  const parts: [Float64Array, Float64Array][] = [];
  for (let k = 0; k < radix; k++) {
    const [partRe, partIm] = [new Float64Array(rest), new Float64Array(rest)];
    for (let p = 0; p < rest; p++) {
      let [x, y] = [0, 0];
      for (let j = 0; j < radix; j++) {
        const angle = (-2 * Math.PI * ((j * k) % radix)) / radix;
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        x += re[p + rest * j] * c - im[p + rest * j] * s;
        y += re[p + rest * j] * s + im[p + rest * j] * c;
      }
      const at = roots + (k - 1) * rest + p;
      const [c, s] = k === 0 || rest === 1 ? [1, 0] : [table[at], table[count + at]];
      partRe[p] = x * c - y * s;
      partIm[p] = x * s + y * c;
    }
    transform(partRe, partIm, later, table);
    parts.push([partRe, partIm]);
  }
  for (const [k, [partRe, partIm]] of parts.entries()) {
    for (let t = 0; t < rest; t++) {
      re[k + radix * t] = partRe[t];
      im[k + radix * t] = partIm[t];
    }
  }
}

function stagesCase(dtype: "float32" | "float64", shape: readonly number[]) {
  const count = rootCount(knownStages(shape[shape.length - 1]));
  return {
    inputs: [of(dtype, shape), of(dtype, shape), of(dtype, [2, count], "unit")],
    params: {},
  };
}

export const fftStages = definePrimitive<Record<never, never>>({
  name: "fft_stages",
  infer(inputs) {
    checkArity("fft_stages", inputs, 3);
    const [re, im, table] = inputs;
    const n = re.shape[re.shape.length - 1];
    const stages = n === undefined || n === 0 ? null : stagesOf(n);
    if (!sameType(re, im) || stages === null) {
      throw new WeftTypeError(
        `fft_stages takes real and imaginary parts of one type whose last axis has small prime factors, got ` +
          `${re.text} and ${im.text}`,
      );
    }
    if (!sameType(table, tensorType(re.dtype, [2, rootCount(stages)]))) {
      throw new WeftTypeError(
        `fft_stages of length ${n} takes roots of shape ${formatShape([2, rootCount(stages)])}, got ${table.text}`,
      );
    }
    return [re, re];
  },
  evaluate([re, im, table]) {
    const { type } = re;
    const n = type.shape[type.shape.length - 1];
    const stages = knownStages(n);
    const [outRe, outIm] = [re.data.slice(), im.data.slice()];
    for (let row = 0; row < type.size; row += n) {
      transform(outRe.subarray(row, row + n), outIm.subarray(row, row + n), stages, table.data);
    }
    return [
      { type, data: outRe },
      { type, data: outIm },
    ];
  },
  jvp: notDifferentiable("fft_stages is what fft is compiled to, after differentiation"),
  transpose: notDifferentiable("fft_stages is what fft is compiled to, after differentiation"),
  batch(b, [re, im, table], [reDim, imDim, tableDim], params, { size }) {
    if (tableDim === null) {
      const { inputs, dim } = alignBatched(b, [re, im], [reDim, imDim], size);
      const parts = inputs.map((x) => b.moveAxis(x, dim, 0));
      return { outputs: b.emit("fft_stages", [...parts, table], params), dims: [0, 0] };
    }
    // Every example has roots of its own: one transform after the other.
    const example = (x: Operand, dim: number | null, at: number): Operand => {
      if (dim === null) return x;
      const first = b.moveAxis(x, dim, 0);
      const { shape } = first.type;
      const slice = b.one("slice", [first], {
        startIndices: inserted(
          shape.slice(1).map(() => 0),
          0,
          at,
        ),
        limitIndices: inserted(shape.slice(1), 0, at + 1),
        strides: shape.map(() => 1),
      });
      return b.reshape(slice, shape.slice(1));
    };
    const shape = reDim === null ? re.type.shape : re.type.shape.toSpliced(reDim, 1);
    const results = Array.from({ length: size }, (_, at) => {
      const operands = [example(re, reDim, at), example(im, imDim, at), example(table, tableDim, at)];
      return b.emit("fft_stages", operands, params).map((y) => b.reshape(y, [1, ...shape]));
    });
    const outputs = [0, 1].map((part) => {
      if (size === 0) return b.literal(0, re.type.dtype, [0, ...shape]);
      const rows = results.map((pair) => pair[part]);
      return rows.length === 1 ? rows[0] : b.one("concatenate", rows, { dimension: 0 });
    });
    return { outputs, dims: [0, 0] };
  },
  lower: {
    kind: "custom",
    scratch({ inputs: [re] }) {
      const n = re.shape[re.shape.length - 1];
      if (re.size === 0 || knownStages(n).length < 2) return [];
      return [0, 1].map(() => ({ dtype: re.dtype, size: n }));
    },
    build: (k, s, buffers, { inputs: [re] }) =>
      buildStages(k, s, buffers, knownStages(re.shape[re.shape.length - 1]), re),
  },
  // 5·n·log2(n), as transforms are counted.
  cost: ({ inputs: [re] }) => ({
    flops: 5 * re.size * Math.log2(Math.max(2, re.shape[re.shape.length - 1])),
    transcendentals: 0,
  }),
  test: {
    order: 0,
    ulp: 64,
    cases: [
      ...[[1], [2], [3], [2, 4], [5], [2, 3, 8], [12], [7], [11], [13], [3, 16], [60], [64]].map((shape) =>
        stagesCase("float32", shape),
      ),
      stagesCase("float64", [2, 30]),
      stagesCase("float64", [0, 6]),
    ],
  },
});

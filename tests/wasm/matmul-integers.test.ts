/** Products of integers: pairs of the depth in one instruction, exact modulo 2^n for all values, in both SIMD variants. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DotParams } from "../../compiler/graph/operations.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { fromBytes, toBytes } from "../../compiler/interpret/tensors.ts";
import { wrapInteger } from "../../compiler/kernel/constants.ts";
import { printProgram } from "../../compiler/text/index.ts";
import { DTYPE_INFO, type DType } from "../../compiler/types/dtype.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import { build, compile } from "../helpers/graphs.ts";
import { Random } from "../helpers/random.ts";
import { runVariants } from "../helpers/run-wasm.ts";

type Shape = readonly [m: number, n: number, k: number];

interface Orientation {
  readonly transposeLeft?: boolean;
  readonly transposeRight?: boolean;
}

const ORIENTATIONS: readonly Orientation[] = [
  {},
  { transposeLeft: true },
  { transposeRight: true },
  { transposeLeft: true, transposeRight: true },
];

function dotOf({ transposeLeft, transposeRight }: Orientation, sum: DType | null): DotParams {
  return {
    lhsContracting: [transposeLeft ? 0 : 1],
    rhsContracting: [transposeRight ? 1 : 0],
    lhsBatch: [],
    rhsBatch: [],
    precision: null,
    preferredElementType: sum,
  };
}

const random = new Random(21);
/** Any value of the dtype, one in four of them the least or the greatest. */
function anyOf(dtype: DType): number {
  const { min, max } = DTYPE_INFO[dtype];
  return random.below(4) === 0 ? (random.below(2) === 0 ? min : max) : min + random.below(max - min + 1);
}

function tensor(dtype: DType, shape: readonly number[], draw: () => number): RefTensor {
  const type = tensorType(dtype, shape);
  return { type, data: Float64Array.from({ length: type.size }, draw) };
}

/** The exact sums, wrapped once: products of numbers of 16 bits are exact in doubles. */
function oracle(x: RefTensor, y: RefTensor, [m, n, k]: Shape, o: Orientation, out: DType): number[] {
  return Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let r = 0; r < k; r++) {
      sum +=
        x.data[o.transposeLeft ? r * m + i : i * k + r] * y.data[o.transposeRight ? j * k + r : r * n + j];
    }
    return wrapInteger(Number(BigInt.asIntN(32, BigInt(sum))), out);
  });
}

interface Case {
  readonly shape: Shape;
  readonly orientation: Orientation;
}

/** One program of all cases; returns its text. */
function check(
  dtype: DType,
  sum: DType | null,
  cases: readonly Case[],
  draw = (): number => anyOf(dtype),
): string {
  const inputs = cases.flatMap(({ shape: [m, n, k], orientation: o }) => [
    tensor(dtype, o.transposeLeft ? [k, m] : [m, k], draw),
    tensor(dtype, o.transposeRight ? [n, k] : [k, n], draw),
  ]);
  const graph = build(
    inputs.map((x) => x.type),
    (b, x) => cases.map((c, i) => b.dotGeneral(x[2 * i], x[2 * i + 1], dotOf(c.orientation, sum))),
  );
  const program = compile(graph);
  for (const { variant, outputs } of runVariants(program, inputs.map(toBytes))) {
    for (const [i, { shape, orientation }] of cases.entries()) {
      const got = fromBytes(graph.outputs[i].type, outputs[i]);
      const want = oracle(inputs[2 * i], inputs[2 * i + 1], shape, orientation, sum ?? dtype);
      assert.deepEqual([...got.data], want, `${shape.join("x")} ${JSON.stringify(orientation)} (${variant})`);
    }
  }
  return printProgram(program);
}

const KINDS: readonly (readonly [dtype: DType, sum: DType | null])[] = [
  ["int8", "int32"],
  ["uint8", "int32"],
  ["uint8", "uint32"],
  ["int16", "int32"],
  ["int8", null],
  ["uint8", null],
  ["int16", null],
  ["uint16", null],
];

for (const [dtype, sum] of KINDS) {
  describe(`${dtype} summed in ${sum ?? dtype}`, () => {
    for (const orientation of ORIENTATIONS) {
      test(`every tail ${JSON.stringify(orientation)}`, () => {
        const sizes = Array.from({ length: 20 }, (_, i) => i + 2);
        const cases = sizes.flatMap((n): Case[] => [
          { shape: [n, n, n], orientation },
          { shape: [23 - n, n, 1 + ((n * 7) % 20)], orientation },
        ]);
        const text = check(dtype, sum, cases);
        assert.match(text, /dot16\(/);
      });
    }

    test("around the borders of blocks", () => {
      const shapes: Shape[] = [
        [31, 130, 129],
        [12, 33, 128],
        [6, 521, 67],
        // Blocks of the depth, of an even and of an odd number of elements.
        [7, 18, 8194],
        [7, 18, 8195],
        [5, 12, 16500],
      ];
      check(
        dtype,
        sum,
        shapes.map((shape, i) => ({ shape, orientation: ORIENTATIONS[i % 4] })),
      );
    });

    test("the least and the greatest values alone", () => {
      const { min, max } = DTYPE_INFO[dtype];
      for (const value of [min, max]) {
        check(dtype, sum, [{ shape: [11, 13, 301], orientation: {} }], () => value);
      }
    });
  });
}

test("uint16 summed in uint32 is too wide for pairs", () => {
  const cases = ORIENTATIONS.map((orientation): Case => ({ shape: [13, 21, 35], orientation }));
  assert.doesNotMatch(check("uint16", "uint32", cases), /dot16/);
});

test("operands that are converted to int32 are known to be small", () => {
  const x = tensor("int8", [17, 33], () => anyOf("int8"));
  const y = tensor("uint8", [33, 19], () => anyOf("uint8"));
  const graph = build([x.type, y.type], (b, [p, q]) => [
    b.dotGeneral(b.convert(p, "int32"), b.convert(q, "int32"), dotOf({}, null)),
  ]);
  const program = compile(graph);
  assert.equal(program.kernels.length, 1);
  assert.match(printProgram(program), /dot16/);
  for (const { outputs } of runVariants(program, [x, y].map(toBytes))) {
    assert.deepEqual(
      [...fromBytes(graph.outputs[0].type, outputs[0]).data],
      oracle(x, y, [17, 19, 33], {}, "int32"),
    );
  }
});

test("operands that are converted to bytes are packed from what they are converted from", () => {
  const x = tensor("int32", [17, 33], () => anyOf("int8"));
  const y = tensor("int32", [33, 19], () => anyOf("int8"));
  const graph = build([x.type, y.type], (b, [p, q]) => [
    b.dotGeneral(b.convert(p, "int8"), b.convert(q, "int8"), dotOf({}, "int32")),
  ]);
  const program = compile(graph);
  assert.equal(program.kernels.length, 1);
  assert.match(printProgram(program), /dot16/);
  for (const { outputs } of runVariants(program, [x, y].map(toBytes))) {
    const got = fromBytes(graph.outputs[0].type, outputs[0]).data;
    assert.deepEqual([...got], oracle(x, y, [17, 19, 33], {}, "int32"));
  }
});

describe("convolutions of bytes", () => {
  for (const [channels, padding, stride] of [
    [6, 0, 1],
    [7, 1, 1],
    [5, 1, 2],
  ]) {
    test(`${channels} channels, padding ${padding}, stride ${stride}`, () => {
      const image = tensor("int8", [2, channels, 11, 13], () => anyOf("int8"));
      const kernel = tensor("int8", [9, channels, 3, 2], () => anyOf("int8"));
      const pad = [padding, padding] as const;
      const graph = build([image.type, kernel.type], (b, operands) => [
        b.one("conv_general_dilated", operands, {
          windowStrides: [stride, stride],
          padding: [pad, pad],
          lhsDilation: [1, 1],
          rhsDilation: [1, 1],
          lhsSpec: [0, 1, 2, 3],
          rhsSpec: [0, 1, 2, 3],
          outSpec: [0, 1, 2, 3],
          featureGroupCount: 1,
          batchGroupCount: 1,
          precision: null,
          preferredElementType: "int32",
        }),
      ]);
      const [want] = interpretGraph(graph, [image, kernel]);
      const program = compile(graph);
      assert.match(printProgram(program), /dot16/);
      for (const { outputs } of runVariants(program, [image, kernel].map(toBytes))) {
        assert.deepEqual([...fromBytes(graph.outputs[0].type, outputs[0]).data], [...want.data]);
      }
    });
  }
});

/** Elementwise primitives: what single operations mean, batch axes, types and their errors. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BINARY_NAMES, type PrimitiveName, UNARY_NAMES } from "../compiler/graph/names.ts";
import type { PrimitiveParams } from "../compiler/graph/operations.ts";
import { interpretGraph } from "../compiler/interpret/reference.ts";
import { refTensor } from "../compiler/interpret/tensors.ts";
import { elementwisePrimitives } from "../compiler/primitives/elementwise/index.ts";
import { specialPrimitives } from "../compiler/primitives/special/index.ts";
import { batchGraph } from "../compiler/transforms/index.ts";
import type { DType } from "../compiler/types/dtype.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { means as checkMeaning, graphOf } from "./helpers/graphs.ts";
import { Random } from "./helpers/random.ts";
import { randomTensor } from "./helpers/tensors.ts";

const OTHERS = [
  "round",
  "integer_pow",
  "select",
  "clamp",
  "fused_multiply_add",
  "convert_element_type",
  "bitcast_convert_type",
  "stop_gradient",
  "reduce_precision",
  "regularized_incomplete_beta",
] as const;

describe("the table", () => {
  test("has every elementwise name, under its own name", () => {
    const names: string[] = [...UNARY_NAMES, ...BINARY_NAMES, ...OTHERS, "optimization_barrier"];
    const table = { ...elementwisePrimitives, ...specialPrimitives };
    assert.deepEqual(Object.keys(table).sort(), names.sort());
    for (const [key, primitive] of Object.entries(table)) assert.equal(primitive.name, key);
  });
});

/** Both the oracle and the kernels give these elements. */
function means<N extends PrimitiveName>(
  name: N,
  dtype: DType,
  operands: readonly (readonly number[])[],
  params: PrimitiveParams[N],
  expected: readonly number[],
): void {
  const inputs = operands.map((data) => refTensor(dtype, [data.length], data));
  checkMeaning(name, inputs, params, expected);
}

describe("JAX's meaning", () => {
  test("integer division and remainder", () => {
    means(
      "div",
      "int32",
      [
        [7, -7, 7, 5, -2147483648],
        [2, 2, -2, 0, -1],
      ],
      {},
      [3, -3, -3, -1, -2147483648],
    );
    means(
      "rem",
      "int32",
      [
        [7, -7, 7, 5, -2147483648],
        [3, 3, -3, 0, -1],
      ],
      {},
      [1, -1, 1, 5, 0],
    );
    means(
      "div",
      "uint32",
      [
        [7, 4294967295, 5],
        [2, 10, 0],
      ],
      {},
      [3, 429496729, 4294967295],
    );
    means(
      "div",
      "int8",
      [
        [-128, 100],
        [-1, 0],
      ],
      {},
      [-128, -1],
    );
    means(
      "mul",
      "int32",
      [
        [65537, 123456789],
        [65537, 987654321],
      ],
      {},
      [131073, -67153019],
    );
  });

  test("the remainder of floats is C's fmod", () => {
    means(
      "rem",
      "float32",
      [
        [5.5, -5.5, 5.5, -1, 1, 0],
        [2, 2, -2, Infinity, 0, 3],
      ],
      {},
      [1.5, -1.5, 1.5, -1, NaN, 0],
    );
  });

  test("shifts out of range, and negative numbers shifted right", () => {
    means(
      "shift_left",
      "int32",
      [
        [1, 1, 1, 3],
        [31, 32, -1, 0],
      ],
      {},
      [-2147483648, 0, 0, 3],
    );
    means(
      "shift_right_arithmetic",
      "int32",
      [
        [-8, -8, 8, -1],
        [1, 40, 40, -1],
      ],
      {},
      [-4, -1, 0, -1],
    );
    means(
      "shift_right_logical",
      "int32",
      [
        [-8, -8, 8],
        [1, 40, 1],
      ],
      {},
      [2147483644, 0, 4],
    );
    means(
      "shift_right_arithmetic",
      "uint8",
      [
        [200, 100, 200],
        [1, 1, 9],
      ],
      {},
      [228, 50, 255],
    );
    means(
      "shift_right_logical",
      "int8",
      [
        [-1, -128],
        [4, 7],
      ],
      {},
      [15, 1],
    );
  });

  test("rounding", () => {
    const x = [0.5, -0.5, 1.5, 2.5, -2.5, -0.3, 0.49999997, 8388609, -0];
    means("round", "float32", [x], { roundingMethod: "awayFromZero" }, [1, -1, 2, 3, -3, -0, 0, 8388609, -0]);
    means(
      "round",
      "float32",
      [x],
      { roundingMethod: "toNearestEven" },
      [0, -0, 2, 2, -2, -0, 0, 8388609, -0],
    );
  });

  test("NaN and signed zeros in max, min, sign, clamp and comparisons", () => {
    means(
      "max",
      "float32",
      [
        [NaN, 1, -0, 0],
        [1, NaN, 0, -0],
      ],
      {},
      [NaN, NaN, 0, 0],
    );
    means(
      "min",
      "float32",
      [
        [NaN, 1, -0, 0],
        [1, NaN, 0, -0],
      ],
      {},
      [NaN, NaN, -0, -0],
    );
    means("sign", "float64", [[NaN, 0, -0, -3, Infinity]], {}, [NaN, 0, -0, -1, 1]);
    means("sign", "uint8", [[0, 200]], {}, [0, 1]);
    means(
      "clamp",
      "float32",
      [
        [0, 0, NaN, 2],
        [NaN, 5, 1, 0],
        [1, 1, 2, 1],
      ],
      {},
      [NaN, 1, NaN, 1],
    );
    const [x, y] = [
      [NaN, 1, 0, 1],
      [NaN, NaN, -0, 2],
    ];
    for (const [name, want] of Object.entries({
      eq: [0, 0, 1, 0],
      ne: [1, 1, 0, 1],
      lt: [0, 0, 0, 1],
      le: [0, 0, 1, 1],
      gt: [0, 0, 0, 0],
      ge: [0, 0, 1, 0],
    } as const)) {
      means(name as "eq", "float32", [x, y], {}, want);
    }
    means(
      "lt",
      "bool",
      [
        [0, 0, 1, 1],
        [0, 1, 0, 1],
      ],
      {},
      [0, 1, 0, 0],
    );
    means("is_finite", "float32", [[0, 3.4e38, Infinity, -Infinity, NaN, 1e-45]], {}, [1, 1, 0, 0, 0, 1]);
  });

  test("pow has C's special cases", () => {
    const x = [1, -1, 0, -0, -0, -8, -8, Infinity, -Infinity, 2, NaN, -1, 0, -2];
    const y = [NaN, Infinity, -1, -1, 3, 3, 0.5, -1, 3, -Infinity, 0, 0.5, 0, -3];
    const want = [1, 1, Infinity, -Infinity, -0, -512, NaN, 0, -Infinity, 0, 1, NaN, 1, -0.125];
    means("pow", "float32", [x, y], {}, want);
    means("pow", "float64", [x, y], {}, want);
  });

  test("integer_pow", () => {
    means("integer_pow", "int32", [[3, -2, 0, 100000]], { y: 3 }, [27, -8, 0, wrap(1e15)]);
    means("integer_pow", "float32", [[2, -2, 0, -0]], { y: -1 }, [0.5, -0.5, Infinity, -Infinity]);
    means("integer_pow", "float32", [[2, NaN, 0]], { y: 0 }, [1, 1, 1]);
  });

  test("population count and leading zeros in every width", () => {
    means("clz", "int8", [[0, 1, -1, 64]], {}, [8, 7, 0, 1]);
    means("clz", "uint16", [[0, 1, 65535]], {}, [16, 15, 0]);
    means("population_count", "int8", [[-1, 3, -128]], {}, [8, 2, 1]);
    means("population_count", "uint32", [[4294967295, 5]], {}, [32, 2]);
  });

  test("nextafter", () => {
    const tiny = { float16: 2 ** -24, float32: 2 ** -149, float64: Number.MIN_VALUE };
    const step = { float16: 2 ** -10, float32: 2 ** -23, float64: 2 ** -52 };
    for (const dtype of ["float16", "float32", "float64"] as const) {
      means(
        "nextafter",
        dtype,
        [
          [0, -0, 1, 1, -1, 3, NaN, tiny[dtype]],
          [1, -1, 2, 0, 0, 3, 1, -1],
        ],
        {},
        [tiny[dtype], -tiny[dtype], 1 + step[dtype], 1 - step[dtype] / 2, -1 + step[dtype] / 2, 3, NaN, 0],
      );
    }
    means(
      "nextafter",
      "float64",
      [
        [2 ** 32, 1 + 2 ** -20],
        [0, 0],
      ],
      {},
      [2 ** 32 - 2 ** -21, 1 + 2 ** -20 - 2 ** -52],
    );
    means("nextafter", "float32", [[3.4028234663852886e38], [Infinity]], {}, [Infinity]);
  });

  test("conversion saturates, truncates, wraps and rounds to nearest even", () => {
    const x = [2.7, -2.7, NaN, 3e9, -3e9, 300, -0.9];
    means(
      "convert_element_type",
      "float32",
      [x],
      { newDtype: "int32" },
      [2, -2, 0, 2147483647, -2147483648, 300, 0],
    );
    means("convert_element_type", "float32", [x], { newDtype: "uint8" }, [2, 0, 0, 255, 0, 255, 0]);
    means("convert_element_type", "int32", [[300, -1, 128]], { newDtype: "int8" }, [44, -1, -128]);
    means("convert_element_type", "float64", [[0, -0, NaN, 1e-300]], { newDtype: "bool" }, [0, 0, 1, 1]);
    const halves = [
      65519,
      65520,
      -65520,
      2 ** -25,
      2 ** -24 * 1.5,
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      -0,
      NaN,
      Infinity,
    ];
    const rounded = [65504, Infinity, -Infinity, 0, 2 ** -23, 1, 1 + 2 ** -9, -0, NaN, Infinity];
    means("convert_element_type", "float32", [halves], { newDtype: "float16" }, rounded);
    means("convert_element_type", "float64", [halves], { newDtype: "float16" }, rounded);
    // Rounding to float32 first would give 1.
    means("convert_element_type", "float64", [[1 + 2 ** -11 + 2 ** -40]], { newDtype: "float16" }, [
      1 + 2 ** -10,
    ]);
  });

  test("bitcast splits and joins the last axis, little-endian", () => {
    means("bitcast_convert_type", "float32", [[1, -0]], { newDtype: "int32" }, [0x3f800000, -2147483648]);
    means(
      "bitcast_convert_type",
      "float16",
      [[1, -2, 2 ** -24, 65504, Infinity]],
      { newDtype: "uint16" },
      [0x3c00, 0xc000, 1, 0x7bff, 0x7c00],
    );
    means("bitcast_convert_type", "uint16", [[0x3c00, 0xc000, 1, 0x7bff]], { newDtype: "float16" }, [
      1,
      -2,
      2 ** -24,
      65504,
    ]);
    means("bitcast_convert_type", "uint32", [[0x04030201]], { newDtype: "uint8" }, [1, 2, 3, 4]);
    means("bitcast_convert_type", "float64", [[1]], { newDtype: "int32" }, [0, 0x3ff00000]);
    means("bitcast_convert_type", "int32", [[0, 0x40000000]], { newDtype: "float64" }, [2]);
    means("bitcast_convert_type", "uint8", [[1, 2, 3, 0x84]], { newDtype: "int32" }, [-2080177663]);
  });
});

function wrap(x: number): number {
  return Number(BigInt.asIntN(32, BigInt(x)));
}

describe("types", () => {
  const f3 = tensorType("float32", [3]);
  const infer = <N extends PrimitiveName>(
    name: N,
    shapes: Parameters<typeof graphOf>[1],
    params: PrimitiveParams[N],
  ) => graphOf(name, shapes, params).outputs.map((x) => x.type.text);

  test("results", () => {
    assert.deepEqual(infer("lt", [f3, f3], {}), ["bool[3]"]);
    assert.deepEqual(infer("is_finite", [f3], {}), ["bool[3]"]);
    assert.deepEqual(infer("bitcast_convert_type", [tensorType("uint8", [2, 4])], { newDtype: "float32" }), [
      "f32[2]",
    ]);
    assert.deepEqual(infer("bitcast_convert_type", [tensorType("float64", [2])], { newDtype: "int16" }), [
      "i16[2,4]",
    ]);
  });

  test("errors in JAX's words", () => {
    const fails = (run: () => unknown, message: RegExp): void => {
      assert.throws(run, { name: "WeftTypeError", message });
    };
    const f2 = tensorType("float32", [2]);
    const i3 = tensorType("int32", [3]);
    const matrix = tensorType("float32", [2, 3]);
    fails(
      () => infer("mul", [f3, f2], {}),
      /^mul got incompatible shapes for broadcasting: \(3,\), \(2,\)\./,
    );
    fails(() => infer("add", [f3, matrix], {}), /^add: arrays must have same number of dimensions, got 1, 2/);
    fails(
      () => infer("add", [f3, i3], {}),
      /^add requires arguments to have equal types, got float32, int32\./,
    );
    fails(
      () => infer("sin", [i3], {}),
      /^sin does not accept dtype int32\. Accepted dtypes are subtypes of floating/,
    );
    fails(() => infer("and", [f3, f3], {}), /^and does not accept dtype float32/);
    fails(() => infer("select", [f3, f3, f3], {}), /^select predicate must be boolean dtype, got float32/);
    fails(() => infer("integer_pow", [i3], { y: -1 }), /^Integers cannot be raised to negative powers/);
    fails(
      () => infer("bitcast_convert_type", [tensorType("uint8", [3])], { newDtype: "float32" }),
      /the last dimension must be 4/,
    );
    fails(() => infer("clamp", [f2, f3, f3], {}), /^clamp requires min\.shape == operand\.shape/);
  });
});

describe("batching", () => {
  test("one operand batched, or both at different axes", () => {
    const random = new Random(2);
    const graph = graphOf("sub", [tensorType("float64", [3]), tensorType("float64", [3])], {});
    const x = randomTensor(random, tensorType("float64", [3, 4]));
    const y = randomTensor(random, tensorType("float64", [4, 3]));
    const z = randomTensor(random, tensorType("float64", [3]));
    const { graph: two, outDims } = batchGraph(graph, 4, [1, 0]);
    assert.deepEqual(outDims, [1]);
    const [difference] = interpretGraph(two, [x, y]);
    for (let i = 0; i < 3; i++) {
      for (let n = 0; n < 4; n++) {
        assert.equal(difference.data[i * 4 + n], x.data[i * 4 + n] - y.data[n * 3 + i]);
      }
    }
    const one = batchGraph(graph, 4, [null, 0]);
    const [from] = interpretGraph(one.graph, [z, y]);
    assert.deepEqual(one.outDims, [0]);
    for (let n = 0; n < 4; n++) assert.equal(from.data[n * 3 + 1], z.data[1] - y.data[n * 3 + 1]);
  });

  test("bitcast keeps the batch axis apart from the one it splits", () => {
    const graph = graphOf("bitcast_convert_type", [tensorType("uint8", [4])], { newDtype: "uint32" });
    const { graph: batched, outDims } = batchGraph(graph, 2, [1]);
    const x = refTensor("uint8", [4, 2], [1, 5, 0, 0, 0, 0, 0, 1]);
    assert.deepEqual(outDims, [0]);
    assert.deepEqual([...interpretGraph(batched, [x])[0].data], [1, 5 + 2 ** 24]);
  });
});

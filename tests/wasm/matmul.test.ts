/** Matrix products as tiles: every size around the borders of tiles, panels and blocks, in both SIMD variants. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Builder } from "../../compiler/graph/builder.ts";
import type { Graph, Operand } from "../../compiler/graph/graph.ts";
import type { DotParams } from "../../compiler/graph/operations.ts";
import { runProgram } from "../../compiler/interpret/program-interpreter.ts";
import { compileWasm } from "../../compiler/targets/wasm/compile.ts";
import type { DType } from "../../compiler/types/dtype.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import { build, compile } from "../helpers/graphs.ts";
import { Random } from "../helpers/random.ts";
import { runVariants } from "../helpers/run-wasm.ts";

interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeLeft?: boolean;
  readonly transposeRight?: boolean;
  readonly batch?: number;
  readonly dtype?: "float32" | "float64";
}

const UNBATCHED = { lhsBatch: [], rhsBatch: [], precision: null, preferredElementType: null };

function shapesOf({ m, n, k, transposeLeft, transposeRight, batch }: Product): [number[], number[]] {
  const outer = batch === undefined ? [] : [batch];
  return [
    [...outer, ...(transposeLeft ? [k, m] : [m, k])],
    [...outer, ...(transposeRight ? [n, k] : [k, n])],
  ];
}

function dotOf(p: Product): DotParams {
  const shift = p.batch === undefined ? 0 : 1;
  const batch = p.batch === undefined ? [] : [0];
  return {
    lhsContracting: [shift + (p.transposeLeft ? 0 : 1)],
    rhsContracting: [shift + (p.transposeRight ? 1 : 0)],
    lhsBatch: batch,
    rhsBatch: batch,
    precision: null,
    preferredElementType: null,
  };
}

type Numbers = Float32Array | Float64Array;

function filled(dtype: "float32" | "float64", size: number, random: Random): Numbers {
  const out = dtype === "float64" ? new Float64Array(size) : new Float32Array(size);
  for (let i = 0; i < size; i++) out[i] = 2 * random.next() - 1;
  return out;
}

function bytesOf(x: Numbers | Int8Array | Int32Array | Uint16Array): Uint8Array {
  return new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
}

function floatsOf(bytes: Uint8Array, dtype: DType = "float32"): Numbers {
  const { buffer } = bytes.slice();
  return dtype === "float64" ? new Float64Array(buffer) : new Float32Array(buffer);
}

/** Results and, for the bound of the error, the sums of the magnitudes of the products. */
function oracle(p: Product, a: Numbers, b: Numbers): { value: Float64Array; magnitude: Float64Array } {
  const { m, n, k, transposeLeft, transposeRight, batch = 1 } = p;
  const value = new Float64Array(batch * m * n);
  const magnitude = new Float64Array(batch * m * n);
  for (let z = 0; z < batch; z++) {
    for (let i = 0; i < m; i++) {
      for (let r = 0; r < k; r++) {
        const x = a[z * m * k + (transposeLeft ? r * m + i : i * k + r)];
        for (let j = 0; j < n; j++) {
          const y = b[z * k * n + (transposeRight ? j * k + r : r * n + j)];
          const at = (z * m + i) * n + j;
          value[at] += x * y;
          magnitude[at] += Math.abs(x * y);
        }
      }
    }
  }
  return { value, magnitude };
}

/** Each element within the rounding of its own sum, not of the largest one. */
function assertSums(
  what: string,
  actual: Numbers,
  { value, magnitude }: ReturnType<typeof oracle>,
  k: number,
  dtype: DType = "float32",
): void {
  const eps = (dtype === "float64" ? 2 ** -53 : 2 ** -24) * (8 + Math.sqrt(k));
  assert.equal(actual.length, value.length, what);
  for (let i = 0; i < value.length; i++) {
    const error = Math.abs(actual[i] - value[i]);
    if (!(error <= eps * magnitude[i])) {
      assert.fail(`${what}: element ${i} is ${actual[i]}, not ${value[i]}`);
    }
  }
}

/** One program of all products, run in every variant. */
function checkProducts(products: readonly Product[]): void {
  const random = new Random(7);
  const dtype = products[0].dtype ?? "float32";
  const types = products.flatMap((p) => shapesOf(p).map((shape) => tensorType(dtype, shape)));
  const graph = build(types, (b, x) =>
    products.map((p, i) => b.dotGeneral(x[2 * i], x[2 * i + 1], dotOf(p))),
  );
  const data = types.map((type) => filled(dtype, type.size, random));
  const wanted = products.map((p, i) => oracle(p, data[2 * i], data[2 * i + 1]));
  for (const { variant, outputs } of runVariants(compile(graph), data.map(bytesOf))) {
    for (const [i, p] of products.entries()) {
      assertSums(`${JSON.stringify(p)} (${variant})`, floatsOf(outputs[i], dtype), wanted[i], p.k, dtype);
    }
  }
}

const ORIENTATIONS = [
  {},
  { transposeLeft: true },
  { transposeRight: true },
  { transposeLeft: true, transposeRight: true },
];

describe("every size", () => {
  for (const orientation of ORIENTATIONS) {
    test(`1 to 20 ${JSON.stringify(orientation)}`, () => {
      const sizes = Array.from({ length: 20 }, (_, i) => i + 1);
      checkProducts(sizes.map((n) => ({ m: n, n, k: n, ...orientation })));
      checkProducts(sizes.map((n) => ({ m: 21 - n, n, k: 1 + ((n * 7) % 20), ...orientation })));
    });

    test(`around the borders of blocks ${JSON.stringify(orientation)}`, () => {
      checkProducts(
        [
          [127, 128, 129],
          [129, 127, 128],
          [31, 257, 255],
          [11, 19, 4095],
          [12, 33, 4096],
          [7, 41, 4097],
          [6, 300, 1021],
          [9, 70, 8195],
          [26, 17, 1024],
          [3, 521, 67],
        ].map(([m, n, k]) => ({ m, n, k, ...orientation })),
      );
    });
  }

  test("float64", () => {
    checkProducts(
      [
        [1, 2, 3],
        [5, 4, 9],
        [6, 7, 8],
        [33, 31, 17],
        [64, 65, 66],
        [9, 12, 530],
      ].map(([m, n, k], i) => ({ m, n, k, dtype: "float64", ...ORIENTATIONS[i % 4] })),
    );
  });

  test("batches", () => {
    checkProducts(
      [
        [3, 5, 7, 9],
        [2, 17, 33, 20],
        [4, 1, 8, 30],
        [3, 20, 1, 11],
        [2, 40, 40, 600],
        [2, 10, 12, 4200],
      ].map(([batch, m, n, k], i) => ({ batch, m, n, k, ...ORIENTATIONS[i % 4] })),
    );
  });

  test("nothing to sum, nothing to give", () => {
    const graph = build(
      [tensorType("float32", [6, 0]), tensorType("float32", [0, 9]), tensorType("float32", [9, 0])],
      (b, [x, y, z]) => [
        b.dotGeneral(x, y, dotOf({ m: 6, n: 9, k: 0 })),
        b.dotGeneral(y, z, dotOf({ m: 0, n: 0, k: 9 })),
      ],
    );
    for (const { outputs } of runVariants(compile(graph), [
      bytesOf(new Float32Array(0)),
      bytesOf(new Float32Array(0)),
      bytesOf(new Float32Array(0)),
    ])) {
      assert.deepEqual([...floatsOf(outputs[0])], new Array(54).fill(0));
      assert.equal(outputs[1].length, 0);
    }
  });
});

/** All sums of a product of equal rows and equal columns are the same sum. */
test("a sum has the same bits wherever it falls in a tile", () => {
  for (const [m, n, k] of [
    [37, 45, 100],
    [23, 70, 4500],
    [14, 12, 33],
  ]) {
    const random = new Random(3);
    const row = filled("float32", k, random);
    const column = filled("float32", k, random);
    const a = Float32Array.from({ length: m * k }, (_, i) => row[i % k]);
    const b = Float32Array.from({ length: k * n }, (_, i) => column[Math.floor(i / n)]);
    const types = [tensorType("float32", [m, k]), tensorType("float32", [k, n])];
    const graph = build(types, (g, [x, y]) => [g.dotGeneral(x, y, dotOf({ m, n, k }))]);
    for (const { outputs } of runVariants(compile(graph), [a, b].map(bytesOf))) {
      const sums = floatsOf(outputs[0]);
      assert.ok(sums.every((sum) => Object.is(sum, sums[0])));
    }
  }
});

describe("infinities and NaN", () => {
  for (const [m, n, k] of [
    [13, 21, 10],
    [13, 21, 530],
  ]) {
    test(`of one row and one column stay in it, ${m}x${n}x${k}`, () => {
      const random = new Random(5);
      const a = filled("float32", m * k, random);
      const b = filled("float32", k * n, random);
      a[3 * k + 2] = NaN;
      a[12 * k + (k - 1)] = Infinity;
      b[4 * n + 20] = -Infinity;
      const types = [tensorType("float32", [m, k]), tensorType("float32", [k, n])];
      const graph = build(types, (g, [x, y]) => [g.dotGeneral(x, y, dotOf({ m, n, k }))]);
      const { value } = oracle({ m, n, k }, a, b);
      for (const { outputs } of runVariants(compile(graph), [a, b].map(bytesOf))) {
        const got = floatsOf(outputs[0]);
        for (let i = 0; i < m * n; i++) {
          if (Number.isFinite(value[i])) assert.ok(Number.isFinite(got[i]), `element ${i}`);
          else assert.ok(Object.is(got[i], value[i]), `element ${i} is ${got[i]}, not ${value[i]}`);
        }
      }
    });
  }
});

interface Epilogue {
  readonly name: string;
  readonly inputs: readonly (readonly number[])[];
  emit(b: Builder, y: Operand, rest: readonly Operand[]): readonly Operand[];
  means(y: number, i: number, j: number, rest: readonly Numbers[]): readonly number[];
}

const [M, N] = [17, 27];
const row = (b: Builder, x: Operand): Operand =>
  b.one("broadcast_in_dim", [x], { shape: [M, N], broadcastDimensions: [1] });
const EPILOGUES: readonly Epilogue[] = [
  {
    name: "bias and relu",
    inputs: [[N]],
    emit: (b, y, [c]) => [b.one("max", [b.one("add", [y, row(b, c)], {}), b.zeros(y.type)], {})],
    means: (y, _, j, [c]) => [Math.max(y + c[j], 0)],
  },
  {
    name: "residual, and the sum itself",
    inputs: [[M, N]],
    emit: (b, y, [r]) => [b.one("add", [y, r], {}), y],
    means: (y, i, j, [r]) => [y + r[i * N + j], y],
  },
  {
    name: "an activation that uses the sum twice",
    inputs: [[N]],
    emit: (b, y, [c]) => {
      const z = b.one("add", [y, row(b, c)], {});
      return [b.one("mul", [z, b.one("logistic", [z], {})], {})];
    },
    means: (y, _, j, [c]) => [(y + c[j]) / (1 + Math.exp(-(y + c[j])))],
  },
];

describe("epilogues", () => {
  for (const epilogue of EPILOGUES) {
    for (const k of [20, 600, 4200]) {
      test(`${epilogue.name}, depth ${k}`, () => {
        const random = new Random(11);
        const types = [[M, k], [k, N], ...epilogue.inputs].map((shape) => tensorType("float32", shape));
        const graph: Graph = build(types, (b, [x, w, ...rest]) => {
          const y = b.dotGeneral(x, w, dotOf({ m: M, n: N, k }));
          return epilogue.emit(b, y, rest);
        });
        const program = compile(graph);
        assert.equal(program.kernels.length, 1, "one kernel");
        const data = types.map((type) => filled("float32", type.size, random));
        const { value } = oracle({ m: M, n: N, k }, data[0], data[1]);
        const runs = [
          ...runVariants(program, data.map(bytesOf)).map(({ outputs }) => outputs),
          runProgram(program, data.map(bytesOf)),
        ];
        // Rounding of the sum grows with its length.
        const tolerance = 2e-5 * Math.max(1, k / 1000);
        for (const outputs of runs) {
          for (const [o, bytes] of outputs.entries()) {
            const got = floatsOf(bytes);
            for (let at = 0; at < M * N; at++) {
              const want = epilogue.means(value[at], Math.floor(at / N), at % N, data.slice(2))[o];
              assert.ok(Math.abs(got[at] - want) < tolerance * (1 + Math.abs(want)), `element ${at}`);
            }
          }
        }
      });
    }
  }
});

describe("element types", () => {
  test("int8 summed in int32", () => {
    for (const [m, n, k] of [
      [9, 13, 40],
      [6, 30, 700],
    ]) {
      const random = new Random(2);
      const a = Int8Array.from({ length: m * k }, () => random.below(256) - 128);
      const b = Int8Array.from({ length: k * n }, () => random.below(256) - 128);
      const types = [tensorType("int8", [m, k]), tensorType("int8", [k, n])];
      const graph = build(types, (g, [x, y]) => [
        g.dotGeneral(x, y, { ...dotOf({ m, n, k }), preferredElementType: "int32" }),
      ]);
      for (const { outputs } of runVariants(compile(graph), [a, b].map(bytesOf))) {
        const got = new Int32Array(outputs[0].slice().buffer);
        for (let at = 0; at < m * n; at++) {
          let want = 0;
          for (let r = 0; r < k; r++) want += a[Math.floor(at / n) * k + r] * b[r * n + (at % n)];
          assert.equal(got[at], want);
        }
      }
    }
  });

  test("float16 summed in float32", () => {
    const [m, n, k] = [7, 12, 24];
    const half = (x: number): number => (x === 0 ? 0 : (15 + Math.log2(x)) << 10);
    const values = [0, 0.25, 0.5, 1, 2, 4];
    const random = new Random(4);
    const pick = (size: number): number[] =>
      Array.from({ length: size }, () => values[random.below(values.length)]);
    const [x, y] = [pick(m * k), pick(k * n)];
    const types = [tensorType("float16", [m, k]), tensorType("float16", [k, n])];
    const graph = build(types, (g, [a, b]) => [
      g.dotGeneral(a, b, {
        ...UNBATCHED,
        lhsContracting: [1],
        rhsContracting: [0],
        preferredElementType: "float32",
      }),
    ]);
    const inputs = [x, y].map((list) => bytesOf(Uint16Array.from(list, half)));
    for (const { outputs } of runVariants(compile(graph), inputs)) {
      const got = floatsOf(outputs[0]);
      const { value } = oracle({ m, n, k }, Float64Array.from(x), Float64Array.from(y));
      assert.deepEqual([...got], [...value]);
    }
  });
});

test("an operand is read through its transposes, slices and reversals", () => {
  const types = [tensorType("float32", [9, 30, 20]), tensorType("float32", [40, 20])];
  const graph = build(types, (b, [x, y]) => {
    const moved = b.transpose(x, [1, 0, 2]);
    const reversed = b.one("rev", [y], { dimensions: [0, 1] });
    return [b.dotGeneral(moved, reversed, { ...UNBATCHED, lhsContracting: [2], rhsContracting: [1] })];
  });
  const program = compile(graph);
  assert.equal(program.kernels.length, 1);
  const random = new Random(9);
  const data = types.map((type) => filled("float32", type.size, random));
  const [x, y] = data;
  for (const { outputs } of runVariants(program, data.map(bytesOf))) {
    const got = floatsOf(outputs[0]);
    for (let p = 0; p < 30; p++) {
      for (let q = 0; q < 9; q++) {
        for (let r = 0; r < 40; r++) {
          let want = 0;
          for (let k = 0; k < 20; k++) want += x[(q * 30 + p) * 20 + k] * y[(39 - r) * 20 + (19 - k)];
          assert.ok(Math.abs(got[(p * 9 + q) * 40 + r] - want) < 2e-5);
        }
      }
    }
  }
});

test("a small product is a small module", () => {
  const sizes = [4, 8, 20, 32].map((n) => {
    const types = [tensorType("float32", [n, n]), tensorType("float32", [n, n])];
    const graph = build(types, (b, [x, y]) => [b.dotGeneral(x, y, dotOf({ m: n, n, k: n }))]);
    return compileWasm(compile(graph)).modules.simd.length;
  });
  assert.ok(
    sizes.every((size) => size < 3000),
    `module bytes ${sizes.join(", ")}`,
  );
});

describe("operands that are computed while they are packed", () => {
  for (const [m, n, k] of [
    [17, 45, 33],
    [18, 41, 70],
    [30, 530, 1100],
  ]) {
    test(`${m}x${n}x${k}`, () => {
      const transposed = { transposeLeft: true, transposeRight: true };
      const types = [tensorType("float32", [k, m]), tensorType("int8", [n, k]), tensorType("float32", [n])];
      const graph = build(types, (b, [x, codes, scale]) => {
        const rows = b.one("max", [x, b.zeros(x.type)], {});
        const scales = b.one("broadcast_in_dim", [scale], { shape: [n, k], broadcastDimensions: [0] });
        const weights = b.one("mul", [b.convert(codes, "float32"), scales], {});
        return [b.dotGeneral(rows, weights, dotOf({ m, n, k, ...transposed }))];
      });
      const program = compile(graph);
      // A long product is cut into kernels of grains; none of them is the producers' own.
      const names = program.kernels.map(({ name }) => name);
      assert.ok(
        names.every((name) => name.includes("dot_general")),
        names.join(),
      );
      const random = new Random(13);
      const x = filled("float32", m * k, random);
      const codes = Int8Array.from({ length: n * k }, () => random.below(256) - 128);
      const scale = filled("float32", n, random);
      const rows = x.map((value) => Math.max(0, value));
      const weights = Float32Array.from(codes, (code, i) => code * scale[Math.floor(i / k)]);
      const wanted = oracle({ m, n, k, ...transposed }, rows, weights);
      for (const { variant, outputs } of runVariants(program, [x, codes, scale].map(bytesOf))) {
        assertSums(variant, floatsOf(outputs[0]), wanted, k);
      }
    });
  }
});

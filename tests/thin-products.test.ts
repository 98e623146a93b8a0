/** Products with nothing to sum over, and of a matrix with a vector, as multiplications and sums: the same results. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { grad, jit, lax, type NdArray, nn, numpy as np, optim, spec } from "weft";
import type { DotParams } from "../compiler/graph/operations.ts";
import { interpretGraph } from "../compiler/interpret/reference.ts";
import { rewriteThinProducts } from "../compiler/passes/thin-products.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { verifyGraph } from "../compiler/verify/index.ts";
import { build } from "./helpers/graphs.ts";
import { Random } from "./helpers/random.ts";
import { randomTensor } from "./helpers/tensors.ts";

const EXTENTS: Record<string, number> = { a: 2, b: 3, i: 4, j: 5, k: 6, l: 7, "1": 1, u: 1 };

/** Operands by the letters of their axes: a and b are batch, k and l contracted, i and j free; u and 1 have one element. */
const CASES: readonly (readonly [lhs: string, rhs: string])[] = [
  ["iu", "uj"],
  ["ui", "ju"],
  ["i", "j"],
  ["aiu", "auj"],
  ["iabu", "juba"],
  ["ik", "k1"],
  ["ki", "1k"],
  ["k1", "ik"],
  ["ikl", "lk"],
  ["likj", "k1l"],
  ["kiba", "akb1"],
  ["1bka", "bjak"],
  ["k", "k"],
  ["a", "a"],
];

function dot(lhs: string, rhs: string): DotParams {
  const shared = [...lhs].filter((axis) => rhs.includes(axis) && axis !== "1");
  const batch = shared.filter((axis) => "ab".includes(axis));
  const contracting = shared.filter((axis) => !batch.includes(axis));
  const places = (of: string, axes: readonly string[]): number[] => axes.map((axis) => of.indexOf(axis));
  return {
    lhsBatch: places(lhs, batch),
    rhsBatch: places(rhs, batch),
    lhsContracting: places(lhs, contracting),
    rhsContracting: places(rhs, contracting),
    precision: null,
    preferredElementType: null,
  };
}

describe("products without a matrix product", () => {
  for (const [lhs, rhs] of CASES) {
    test(`${lhs} · ${rhs}`, () => {
      const types = [lhs, rhs].map((axes) =>
        tensorType(
          "float64",
          Array.from(axes, (axis) => EXTENTS[axis]),
        ),
      );
      // Computed, so that nothing keeps either from being the matrix.
      const graph = build(types, (b, [x, y]) => [b.dotGeneral(b.add(x, x), b.add(y, y), dot(lhs, rhs))]);
      const changed = rewriteThinProducts.run(graph, { donated: [] });
      verifyGraph(changed);
      assert.ok(
        changed.equations.every(({ op }) => op !== "dot_general"),
        "a product is left",
      );
      const random = new Random(5);
      const values = types.map((type) => randomTensor(random, type));
      const [want, got] = [graph, changed].map((g) => interpretGraph(g, values)[0]);
      assert.deepEqual(got.type, want.type);
      for (const [i, value] of want.data.entries()) assert.ok(Math.abs(got.data[i] - value) <= 1e-12);
    });
  }

  test("half floats and narrow integers stay products, which sum in a wider dtype", () => {
    for (const dtype of ["float16", "int8"] as const) {
      const types = [tensorType(dtype, [4, 5]), tensorType(dtype, [5])];
      const graph = build(types, (b, [x, y]) => [b.dotGeneral(b.add(x, x), y, dot("ik", "k"))]);
      assert.equal(rewriteThinProducts.run(graph, { donated: [] }), graph);
    }
  });
});

test("a step of a one-layer network on one number a row keeps no activations", () => {
  const [rows, units] = [100, 128];
  const optimizer = optim.adam(0.01);
  type State = ReturnType<typeof optimizer.init>;
  const train = (x: NdArray, y: NdArray, ...start: NdArray[]): NdArray[] => {
    const loss = ([w, b, v, c]: NdArray[]): NdArray =>
      np.mean(np.square(nn.relu(x.matmul(w).add(b)).matmul(v).add(c).sub(y)));
    const step = ([p, state]: [NdArray[], State]): readonly [unknown, null] => {
      const [updates, next] = optimizer.update(grad(loss)(p), state, p);
      return [[optim.applyUpdates(p, updates), next], null];
    };
    const [[trained]] = lax.scan(step, [start, optimizer.init(start)] as [NdArray[], State], null, {
      length: 10,
    });
    return trained;
  };
  const shapes = [[rows, 1], [rows, 1], [1, units], [units], [units, 1], [1]];
  const [x, y, ...parameters] = shapes.map((shape) => spec(shape, "float32"));
  const compiled = jit(train)
    .lower(x, y, ...parameters)
    .compile();
  const { tempSize } = compiled.memoryAnalysis();
  assert.ok(tempSize < rows * units * 4, `${tempSize} bytes of temporaries`);
  const inLoop =
    compiled
      .asText({ stage: "program" })
      .split("for #0")[1]
      .match(/launch /g) ?? [];
  assert.ok(inLoop.length <= 3, `${inLoop.length} kernels in the loop`);
});

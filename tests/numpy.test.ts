/** np: dtype rules of JavaScript numbers, errors in JAX's words, methods of arrays, tracing and derivatives. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as np from "../frontend/numpy/index.ts";
import { grad, hessian, jit, makeJaxpr, vmap } from "../frontend/transforms/index.ts";

const list = (x: np.NdArray) => x.toArray();
const ints = np.array([1, 2, 3], { dtype: "int32" });
const floats = np.array([0.5, -1, 2]);
const matrix = np.array([
  [1, 2, 3],
  [4, 5, 6],
]);

test("lists of numbers are float32, of booleans bool, typed arrays keep their dtype", () => {
  assert.equal(np.array([1, 2, 3]).dtype, "float32");
  assert.equal(np.array([true, false]).dtype, "bool");
  assert.equal(np.array([]).dtype, "float32");
  assert.equal(np.array(7).dtype, "float32");
  assert.equal(np.array(new Uint16Array([1, 2])).dtype, "uint16");
  assert.equal(np.array(new Float64Array([1, 2])).dtype, "float64");
  assert.equal(np.array(new Int8Array([1, 2]), { dtype: "float32" }).dtype, "float32");
  assert.deepEqual(list(np.array([1.9, -1.9], { dtype: "int32" })), [1, -1]);
  assert.deepEqual(
    list(
      np.array([
        [1, 2],
        [3, 4],
      ]),
    ),
    [
      [1, 2],
      [3, 4],
    ],
  );
});

test("a list of arrays is stacked in the common dtype", () => {
  const stacked = np.array([ints, floats]);
  assert.equal(stacked.dtype, "float32");
  assert.deepEqual([...stacked.shape], [2, 3]);
  assert.equal(np.array([np.array(1, { dtype: "int32" }), 2]).dtype, "int32");
});

test("numbers beside integer arrays are weak integers if they are whole, weak floats otherwise", () => {
  assert.equal(ints.add(1).dtype, "int32");
  assert.equal(ints.add(1.5).dtype, "float32");
  assert.equal(ints.mul(-1).dtype, "int32");
  assert.equal(np.array([1], { dtype: "uint8" }).add(1).dtype, "uint8");
  assert.equal(np.array([1], { dtype: "float16" }).add(0.1).dtype, "float16");
  assert.equal(np.array([1], { dtype: "float64" }).mul(0.1).dtype, "float64");
  assert.equal(np.array([true]).add(1).dtype, "int32");
  assert.ok(np.add(1, 2).weakType);
  assert.equal(np.add(np.add(1, 2), np.array([1], { dtype: "float16" })).dtype, "float16");
});

test("a number that an integer dtype cannot hold is refused", () => {
  assert.throws(() => np.array([1], { dtype: "uint8" }).add(300), /out of bounds for uint8/);
  assert.throws(() => np.array([300], { dtype: "uint8" }), /out of bounds for uint8/);
  assert.throws(() => np.array([NaN], { dtype: "int32" }), /cannot convert float NaN to integer/);
});

test("constants need no equation", () => {
  const jaxpr = String(
    makeJaxpr((x: np.NdArray) =>
      x
        .add(1)
        .mul(np.ones([3]))
        .add(np.zeros(3)),
    )(floats),
  );
  assert.doesNotMatch(jaxpr, /broadcast_in_dim|convert_element_type/);
});

const errors: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    "add of shapes that do not broadcast",
    () => matrix.add(np.ones(2)),
    /Incompatible shapes for broadcasting: shapes=\[\(2, 3\), \(2,\)\]/,
  ],
  [
    "matmul",
    () => matrix.matmul(matrix),
    /contracting dimensions to have the same shape, got \(3,\) and \(2,\)/,
  ],
  [
    "matmul with a scalar",
    () => matrix.matmul(2),
    /matmul input operand 1 must have ndim at least 1, but it has ndim 0/,
  ],
  ["axis", () => matrix.sum(2), /axis 2 is out of bounds for array of dimension 2/],
  ["axis twice", () => matrix.sum([0, -2]), /duplicate value in 'axis'/],
  [
    "reshape",
    () => matrix.reshape(4, 2),
    /cannot reshape array of shape \(2, 3\) \(size 6\) into shape \(4, 2\) \(size 8\)/,
  ],
  [
    "reshape with -1",
    () => matrix.reshape(4, -1),
    /product of specified axis sizes \(4\) does not evenly divide 6/,
  ],
  ["reshape with two -1", () => matrix.reshape(-1, -1), /can only specify one unknown axis size/],
  [
    "transpose",
    () => matrix.transpose(0, 0),
    /isn't a permutation of operand dimensions, got permutation \(0, 0\)/,
  ],
  [
    "concatenate",
    () => np.concatenate([matrix, np.ones([2, 2])]),
    /differ in dimensions other than the one being concatenated/,
  ],
  ["concatenate of nothing", () => np.concatenate([]), /Need at least one array to concatenate/],
  [
    "stack",
    () => np.stack([matrix, floats]),
    /Cannot stack arrays with different numbers of dimensions: got \(2, 3\), \(3,\)/,
  ],
  [
    "split",
    () => np.split(matrix, 2, { axis: 1 }),
    /array split does not result in an equal division: rest is 1/,
  ],
  [
    "squeeze",
    () => matrix.squeeze(0),
    /cannot select an axis to squeeze out which has size not equal to one, got shape=\(2, 3\)/,
  ],
  ["expandDims", () => np.expandDims(matrix, 5), /axis 5 is out of bounds for array of dimension 3/],
  [
    "broadcastTo",
    () => np.broadcastTo(matrix, [3, 3]),
    /input type=float32\[2,3\] and requested type=float32\[3,3\]/,
  ],
  ["ragged lists", () => np.array([[1, 2], [3]]), /inhomogeneous shape after 1 dimensions/],
  [
    "max of nothing",
    () => np.max(np.zeros([0, 3])),
    /zero-size array to reduction operation max which has no identity/,
  ],
  [
    "max with a mask",
    () => np.max(matrix, { where: matrix.greater(2) }),
    /to use a where mask one has to specify 'initial'/,
  ],
  ["argmax of nothing", () => np.argmax(np.zeros(0)), /attempt to get argmax of an empty sequence/],
  [
    "a list where an array is expected",
    () => np.sin([1, 2] as never),
    /requires ndarray or scalar arguments.*np\.array/,
  ],
  ["bitwise of floats", () => floats.bitwiseAnd(floats), /and does not accept dtype float32/],
  ["neg of bool", () => np.array([true]).neg(), /neg does not accept dtype bool/],
  ["an integer to a negative power", () => ints.pow(-1), /Integers cannot be raised to negative powers/],
  [
    "a dtype that is none",
    () => np.zeros(2, { dtype: "float31" as never }),
    /data type "float31" not understood/,
  ],
  ["a shape that is none", () => np.zeros([2, -1]), /non-negative integers, got \(2, -1\)/],
  [
    "too many indices",
    () => matrix.slice(0, 0, 0),
    /Too many indices: array is 2-dimensional, but 3 were indexed/,
  ],
  ["a float as an index", () => matrix.slice(0.5), /Indexer must have integer or boolean type/],
  [
    "an array of floats as an index",
    () => matrix.slice(floats),
    /Indexer must have integer or boolean type, got indexer with type float32/,
  ],
  [
    "a mask of another shape",
    () => matrix.slice(np.array([true])),
    /boolean index did not match shape of indexed array in index 0/,
  ],
  ["updates of another shape", () => matrix.at(0).set(np.ones(2)), /Incompatible shapes for broadcasting/],
  [
    "einsum operands",
    () => np.einsum("ij,jk->ik", matrix),
    /Number of einsum subscripts, 2, must be equal to the number of operands, 1/,
  ],
  [
    "einsum sizes",
    () => np.einsum("ij,jk->ik", matrix, matrix),
    /Size of label 'j' for operand 1 \(2\) does not match previous terms \(3\)/,
  ],
  ["einsum output", () => np.einsum("ij->k", matrix), /Output character 'k' did not appear in the input/],
  [
    "einsum rank",
    () => np.einsum("ijk", matrix),
    /does not contain the correct number of indices for operand 0/,
  ],
  ["finfo of integers", () => np.finfo("int32"), /data type int32 not inexact/],
  [
    "pad widths",
    () =>
      np.pad(floats, [
        [1, 1],
        [2, 2],
      ]),
    /pad_width with nd=1 has unsupported shape \(2, 2\)/,
  ],
];
for (const [name, body, message] of errors) {
  test(`error: ${name}`, () => assert.throws(body, message));
}

test("a mask inside jit is JAX's error with the way out", () => {
  assert.throws(
    () => jit((x: np.NdArray) => x.slice(x.greater(0)))(floats),
    /NonConcreteBooleanIndexError: Array boolean indices must be concrete; got bool\[3\].*np\.where/s,
  );
  assert.throws(
    () => jit((x: np.NdArray) => np.nonzero(x)[0])(floats),
    /size argument of np\.nonzero must be statically specified/,
  );
  assert.throws(() => jit((x: np.NdArray) => np.unique(x))(floats), /concrete value for the size argument/);
  assert.throws(() => jit((x: np.NdArray) => np.arange(x.sum()))(floats), /np\.arange argument/);
});

test("what needs no values works inside jit", () => {
  const set = jit((x: np.NdArray) => x.at(x.greater(0)).set(0));
  assert.deepEqual(list(set(floats)), [0, -1, 0]);
  const unique = jit((x: np.NdArray) => np.unique(x, { size: 2 }));
  assert.deepEqual(list(unique(np.array([3, 1, 3]))), [1, 3]);
  const pick = jit((x: np.NdArray, at: np.NdArray) => x.slice(at, [1]));
  assert.deepEqual(list(pick(matrix, np.array(-1, { dtype: "int32" }))), [5, 6]);
  const write = jit((x: np.NdArray, at: np.NdArray) => x.at(at).add(10));
  assert.deepEqual(list(write(floats, np.array(7, { dtype: "int32" }))), [0.5, -1, 2]);
  assert.deepEqual(list(write(floats, np.array(-1, { dtype: "int32" }))), [0.5, -1, 12]);
});

test("methods are those of the functions, and arrays iterate over their rows", () => {
  assert.deepEqual(list(matrix.T), list(np.transpose(matrix)));
  assert.deepEqual(list(matrix.reshape([3, 2])), list(matrix.reshape(3, -1)));
  assert.deepEqual(list(matrix.transpose(1, 0)), list(matrix.transpose([1, 0])));
  assert.equal(matrix.sum().item(), 21);
  assert.deepEqual(list(matrix.mean(0)), [2.5, 3.5, 4.5]);
  assert.deepEqual(list(matrix.argmax(1)), [2, 2]);
  assert.deepEqual(list(ints.floorDivide(2)), [0, 1, 1]);
  assert.deepEqual(list(ints.neg().mod(2)), [1, 0, 1]);
  assert.deepEqual(list(floats.clip(0, 1)), [0.5, 0, 1]);
  assert.deepEqual(list(floats.argsort()), [1, 0, 2]);
  assert.deepEqual(
    [...matrix].map((row) => row.sum().item()),
    [6, 15],
  );
  assert.equal(matrix.astype("int32").dtype, "int32");
  assert.deepEqual(list(matrix.get([0, 2])), 3);
  assert.deepEqual([...matrix.slice("...", null).shape], [2, 3, 1]);
});

test("reductions take an axis alone, or options", () => {
  assert.deepEqual(list(np.sum(matrix, 1)), list(np.sum(matrix, { axis: 1 })));
  assert.deepEqual(list(np.max(matrix, [0, 1])), 6);
  assert.deepEqual(list(np.sum(matrix, null)), 21);
});

const gradients: readonly (readonly [
  string,
  (x: np.NdArray) => np.NdArray,
  np.NdArray,
  readonly number[],
])[] = [
  ["power with a constant exponent at 0", (x) => x.pow(3).sum(), np.array([0, 2]), [0, 12]],
  ["square root of a square sum", (x) => np.linalg.norm(x), np.array([3, 4]), [0.6, 0.8]],
  ["prod with a zero", (x) => np.prod(x), np.array([0, 2, 3]), [6, 0, 0]],
  ["max at a tie shares", (x) => np.max(x), np.array([2, 2, 1]), [0.5, 0.5, 0]],
  ["where", (x) => np.where(x.greater(0), x.mul(2), x.mul(3)).sum(), np.array([1, -1]), [2, 3]],
  ["indexing", (x) => x.slice([null, null, 2]).sum(), np.array([1, 2, 3]), [1, 0, 1]],
  [
    "indexing twice",
    (x) => x.slice(np.array([0, 0, 2], { dtype: "int32" })).sum(),
    np.array([1, 2, 3]),
    [2, 0, 1],
  ],
  ["set stops the old value", (x) => x.at(1).set(5).sum(), np.array([1, 2, 3]), [1, 0, 1]],
  ["set passes the new value", (x) => np.zeros(4).at([1, 3]).set(x.mul(2)).sum(), np.array([1, 2]), [2, 2]],
  [
    "scatter add",
    (x) =>
      np
        .zeros(3)
        .at(np.array([1, 1], { dtype: "int32" }))
        .add(x)
        .pow(2)
        .sum(),
    np.array([1, 2]),
    [6, 6],
  ],
  [
    "sort",
    (x) =>
      np
        .sort(x)
        .mul(np.array([1, 10, 100]))
        .sum(),
    np.array([3, 1, 2]),
    [100, 1, 10],
  ],
  ["cumsum", (x) => np.cumsum(x).sum(), np.array([1, 2, 3]), [3, 2, 1]],
  ["variance", (x) => np.var(x), np.array([1, 2, 6]), [-4 / 3, -2 / 3, 2]],
  ["logaddexp at equal arguments", (x) => np.logaddexp(x, 1).sum(), np.array([1]), [0.5]],
  ["logaddexp of -infinity twice", (x) => np.logaddexp(x, -Infinity).sum(), np.array([2]), [1]],
  ["remainder", (x) => np.remainder(x, 3).sum(), np.array([4, -1]), [1, 1]],
  ["hypot at 0", (x) => np.hypot(x, 4).sum(), np.array([3]), [0.6]],
  ["sinc at 0", (x) => np.sinc(x).sum(), np.array([0]), [0]],
  ["median", (x) => np.median(x), np.array([5, 1, 3, 4]), [0, 0, 0.5, 0.5]],
  [
    "interp",
    (x) => np.interp(x, np.array([0, 1, 2]), np.array([0, 5, 6])).sum(),
    np.array([0.5, 1.5]),
    [5, 1],
  ],
  ["einsum with a repeated label", (x) => np.einsum("ii->", np.outer(x, x)), np.array([1, 2]), [2, 4]],
  ["pad by reflection", (x) => np.pad(x, 1, { mode: "reflect" }).sum(), np.array([1, 2, 3]), [1, 3, 1]],
];
for (const [name, f, x, expected] of gradients) {
  test(`gradient: ${name}`, () => {
    const got = grad(f)(x).dataSync();
    for (const [i, want] of expected.entries())
      assert.ok(Math.abs(got[i] - want) < 1e-5, `${[...got]}, expected ${expected}`);
  });
}

test("functions compose with vmap, jit and hessian", () => {
  const rows = vmap((row: np.NdArray) => np.sort(row, { descending: true }).slice(0))(matrix);
  assert.deepEqual(list(rows), [3, 6]);
  const gathered = vmap((row: np.NdArray, at: np.NdArray) => row.slice(at))(
    matrix,
    np.array([2, 0], { dtype: "int32" }),
  );
  assert.deepEqual(list(gathered), [3, 4]);
  const written = vmap((row: np.NdArray, at: np.NdArray) => row.at(at).set(0))(
    matrix,
    np.array([2, 0], { dtype: "int32" }),
  );
  assert.deepEqual(list(written), [
    [1, 2, 0],
    [0, 5, 6],
  ]);
  const h = hessian((x: np.NdArray) => np.einsum("i,i,i->", x, x, x))(np.array([1, 2]));
  assert.deepEqual(list(h), [
    [6, 0],
    [0, 12],
  ]);
  const same = jit((x: np.NdArray) => np.quantile(x, [0.25, 0.75], { axis: 0 }));
  assert.deepEqual(list(same(matrix)), list(np.quantile(matrix, [0.25, 0.75], { axis: 0 })));
});

test("einsum contracts the small pair first", () => {
  const [a, b, c] = [np.zeros([100, 2]), np.zeros([2, 100]), np.zeros([100, 1])];
  assert.deepEqual(np.einsumPath("ij,jk,kl->il", a, b, c), [
    [1, 2],
    [0, 1],
  ]);
});

test("np describes dtypes", () => {
  assert.equal(np.finfo("float32").eps, 2 ** -23);
  assert.equal(np.finfo("float32").tiny, 2 ** -126);
  assert.equal(np.finfo("float64").max, Number.MAX_VALUE);
  assert.equal(np.iinfo("int8").min, -128);
  assert.equal(np.promoteTypes("uint8", "int8"), "int16");
  assert.equal(np.promoteTypes("int32", "float16"), "float16");
  assert.equal(np.resultType(ints, 1.5), "float32");
  assert.equal(np.resultType("uint8", 1), "uint8");
  assert.ok(np.issubdtype("uint8", "integer"));
  assert.ok(!np.issubdtype("bool", "integer"));
});

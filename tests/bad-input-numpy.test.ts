/** Wrong use of np and lax: JAX's words (taken from JAX 0.10.2), with shapes and the user's line. */
import { jit, lax, linearTranspose, type NdArray, numpy as np } from "weft";
import { mistakesIn } from "./helpers/mistakes.ts";

const check = mistakesIn(import.meta.url);
const a = np.ones([2, 3]);
const b = np.ones([4]);
const f = np.ones([3]);
const i = np.arange(3);

/** A wrong call, and what JAX says of it; every error names a line of this file. */
function wrong(name: string, run: () => unknown, says: RegExp): void {
  check(name, { run, error: Error, says: [says], line: "" });
}
/** What only JavaScript, or a caller who does not check types, can get wrong. */
const untyped = <T>(value: unknown): T => JSON.parse(JSON.stringify(value));

// Shapes and axes
wrong(
  "stack",
  () => np.stack([a, b]),
  /Cannot stack arrays with different numbers of dimensions: got \(2, 3\), \(4,\)\./,
);
wrong(
  "concatenate",
  () => np.concatenate([a, np.ones([2, 4])]),
  /concatenating along dimension 0 for shapes \(2, 3\), \(2, 4\)/,
);
wrong("concatenate nothing", () => np.concatenate([]), /Need at least one array to concatenate\./);
wrong(
  "concatenate scalars",
  () => np.concatenate([np.array(1), np.array(2)]),
  /Zero-dimensional arrays cannot be concatenated/,
);
wrong(
  "reshape",
  () => np.reshape(a, [-1, -1]),
  /can only specify one unknown axis size with a `-1` value, got \(-1, -1\)/,
);
wrong("duplicate axis", () => np.sum(a, [0, 0]), /duplicate value in 'axis': \(0, 0\)/);
wrong("squeeze", () => np.squeeze(a, 0), /not equal to one, got shape=\(2, 3\) and dimensions=\(0,\)/);
wrong("expandDims", () => np.expandDims(a, 5), /axis 5 is out of bounds for array of dimension 3/);
wrong(
  "broadcastTo",
  () => np.broadcastTo(a, [3, 3]),
  /input type=float32\[2,3\] and requested type=float32\[3,3\]/,
);
wrong(
  "matmul of a scalar",
  () => np.matmul(a, 1),
  /matmul input operand 1 must have ndim at least 1, but it has ndim 0/,
);
wrong("dot", () => np.dot(a, b), /contracting dimensions to have the same shape, got \(3,\) and \(4,\)/);
wrong(
  "tensordot",
  () => np.tensordot(a, b, 2),
  /Number of tensordot axes \(axes 2\) exceeds input ranks \(\(2, 3\) and \(4,\)\)/,
);
wrong("moveaxis", () => np.moveaxis(a, [0, 1], [0]), /Inconsistent number of elements: 2 vs 1/);
wrong(
  "rot90",
  () => np.rot90(f),
  /rot90 requires its first argument to have ndim at least two, but got first argument of shape \(3,\), which has ndim 1/,
);
wrong(
  "matrixTranspose",
  () => np.matrixTranspose(f),
  /x must be at least two-dimensional for matrix_transpose; got ndim=1/,
);
wrong("split", () => np.split(f, 2), /array split does not result in an equal division: rest is 1/);
wrong("diag", () => np.diag(np.ones([1, 1, 1])), /diag input must be 1d or 2d/);
wrong("diagonal", () => np.diagonal(f), /diagonal requires an array of at least two dimensions/);
wrong("tril", () => np.tril(f), /must be at least 2D/);
wrong("cross", () => np.cross(b, b), /Dimension must be either 2 or 3 for cross product/);
wrong("meshgrid", () => np.meshgrid([a]), /Arguments to .*meshgrid must be .*1D, got shape.*\(2, 3\)/);

// Values and types
wrong("linspace", () => np.linspace(0, 1, -1), /Number of samples, -1, must be non-negative\./);
wrong(
  "max of nothing",
  () => np.max(np.zeros([0])),
  /zero-size array to reduction operation max which has no identity/,
);
wrong("argmax of nothing", () => np.argmax(np.zeros([0])), /attempt to get argmax of an empty sequence/);
wrong(
  "max with a mask",
  () => np.max(f, { where: f.greater(0) }),
  /to use a where mask one has to specify 'initial'/,
);
wrong("invert", () => np.invert(f), /not does not accept dtype float32/);
wrong("leftShift", () => np.leftShift(f, 1), /shift_left does not accept dtype float32/);
wrong("negative power", () => np.power(i, -1), /Integers cannot be raised to negative powers/);
wrong("subtract bool", () => np.subtract(np.array(true), np.array(true)), /sub does not accept dtype bool/);
wrong("negative bool", () => np.negative(np.array(true)), /neg does not accept dtype bool/);
wrong(
  "gcd",
  () => np.gcd(f, f),
  /Arguments to .*numpy\.gcd must be integers|Arguments to np\.gcd must be integers/,
);
wrong("packbits", () => np.packbits(f), /Expected an input array of integer or boolean data type/);
wrong("unpackbits", () => np.unpackbits(i), /Expected an input array of unsigned byte data type/);
wrong(
  "bitorder",
  () => np.packbits(i, { bitorder: untyped("x") }),
  /'order' must be either 'little' or 'big'/,
);
wrong("ldexp", () => np.ldexp(f, f), /ldexp not supported for input types \(float32, float32\)/);
wrong("finfo", () => np.finfo("int32"), /data type .*int32.* not inexact/);
wrong("iinfo", () => np.iinfo("float32"), /Invalid integer data type 'f/);
wrong("isdtype", () => np.isdtype("float32", untyped("x")), /Unrecognized kind.*signed integer/);
wrong(
  "where with one branch",
  () => np.where(f, f, untyped(null)),
  /Either both or neither of the x and y arguments should be provided/,
);

// Indexing and updates
wrong(
  "too many indices",
  () => a.slice(0, 0, 0),
  /Too many indices: array is 2-dimensional, but 3 were indexed/,
);
wrong(
  "a float index",
  () => a.slice(np.array([0.5])),
  /Indexer must have integer or boolean type, got indexer with type float32/,
);
wrong(
  "a short mask",
  () => a.slice(np.array([true])),
  /boolean index did not match shape of indexed array in index 0: got \(1,?\), expected \(2,?\)/,
);
wrong("two ellipses", () => a.slice("...", "..."), /an index can only have a single ellipsis \('\.\.\.'\)/);
wrong(
  "take, raising",
  () => np.take(f, i, { mode: untyped("raise") }),
  /The 'raise' mode to np\.take is not supported/,
);
wrong(
  "takeAlongAxis",
  () => np.takeAlongAxis(a, i, 0),
  /indices and arr must have the same number of dimensions; 1 vs\. 2/,
);
wrong("choose", () => np.choose(i, [f]), /invalid entry in choice array/);
wrong("ravelMultiIndex", () => np.ravelMultiIndex([i], [2]), /invalid entry in coordinates array/);
wrong("fillDiagonal", () => np.fillDiagonal(f, 1), /array must be at least 2-d/);
wrong("place", () => np.place(f, np.ones([2]), f), /place: arr and mask must be the same size/);
wrong(
  "put",
  () => np.put(f, i, f, { mode: untyped("x") }),
  /mode should be one of 'wrap' or 'clip'; got mode=x/,
);
wrong(
  "put in place",
  () => np.put(f, i, f, { inplace: true }),
  /cannot modify arrays in-place, because.*immutable/,
);
wrong("insert", () => np.insert(f, 0.5, 1), /index array must be integer typed; got 0\.5/);
wrong("delete", () => np.delete(f, np.array([0.5])), /got obj\.dtype=float32; must be integer or bool/);
wrong("nonzero of a scalar", () => np.nonzero(np.array(1)), /Calling nonzero on 0d arrays is not allowed/);
wrong(
  "nonzero under jit",
  () => jit((x: NdArray) => np.nonzero(x))(f),
  /size argument of np\.nonzero must be statically specified/,
);
wrong(
  "unique under jit",
  () => jit((x: NdArray) => np.unique(x))(f),
  /specify a concrete value for the size argument/,
);

// Statistics, polynomials, mapping
wrong("quantile of a matrix of levels", () => np.quantile(f, a), /q must be have rank <= 1, got shape/);
wrong(
  "quantile method",
  () => np.quantile(f, 0.5, { method: untyped("x") }),
  /method can only be 'linear', 'lower', 'higher', 'midpoint', 'nearest' or 'inverted_cdf'/,
);
wrong("convolve matrices", () => np.convolve(a, f), /convolve\(\) only support 1-dimensional inputs\./);
wrong(
  "convolve nothing",
  () => np.convolve(f, np.zeros([0])),
  /convolve: inputs cannot be empty, got shapes \(3,\) and \(0,\)\./,
);
wrong(
  "convolve mode",
  () => np.convolve(f, f, untyped("x")),
  /mode must be one of \['full', 'same', 'valid'\]/,
);
wrong("interp", () => np.interp(f, f, b), /xp and fp must be one-dimensional arrays of equal size/);
wrong(
  "interp beyond",
  () => np.interp(f, f, f, { left: untyped("x") }),
  /the only valid string value of `left` is 'extrapolate', but got: 'x'/,
);
wrong("searchsorted", () => np.searchsorted(a, f), /a should be 1-dimensional/);
wrong(
  "searchsorted side",
  () => np.searchsorted(f, f, { side: untyped("x") }),
  /side='x', expected 'left' or 'right'/,
);
wrong("bincount", () => np.bincount(f), /x argument to bincount must have an integer type; got float32/);
wrong("histogram", () => np.histogram(f, 3, { weights: b }), /weights should have the same shape as a\./);
wrong("digitize", () => np.digitize(f, a), /digitize: bins must be a 1-dimensional array/);
wrong("gradient", () => np.gradient(np.ones([1])), /at least 2 elements are required/);
wrong("diff of a scalar", () => np.diff(np.array(1)), /diff requires input that is at least one dimensional/);
wrong("diff order", () => np.diff(f, -1), /order must be non-negative but got -1/);
wrong(
  "average",
  () => np.average(a, { weights: b }),
  /Axis must be specified when shapes of a and weights differ\./,
);
wrong("cov", () => np.cov(np.ones([1, 1, 1])), /m has more than 2 dimensions/);
wrong("polyder", () => np.polyder(f, -1), /Order of derivative must be positive/);
wrong(
  "polyint",
  () => np.polyint(f, 2, np.ones([3])),
  /k must be a scalar or a rank-1 array of length 1 or m\./,
);
wrong("vander", () => np.vander(a), /x must be a one-dimensional array/);
wrong(
  "vectorize",
  () => np.vectorize((x: NdArray) => x, { signature: "x" })(f),
  /not a valid gufunc signature: x/,
);
wrong(
  "piecewise",
  () => np.piecewise(f, [f.greater(0)], [1, 2, 3]),
  /with 1 condition\(s\), either 1 or 2 functions are expected; got 3/,
);
wrong("pad mode", () => np.pad(f, 1, { mode: untyped("x") }), /Unimplemented padding mode 'x' for np\.pad\./);
wrong(
  "pad widths",
  () =>
    np.pad(
      f,
      untyped([
        [1, 2],
        [3, 4],
      ]),
    ),
  /pad_width with nd=1 has unsupported shape \(2, 2\)/,
);
wrong("negative pad", () => np.pad(f, -1), /index can't contain negative values/);

// lax
wrong("lax.add", () => lax.add(a, f), /add: arrays must have the same number of dimensions, got \{1, 2\}/);
wrong("lax.mul", () => lax.mul(f, b), /mul got incompatible shapes for broadcasting: \(3,\), \(4,\)\./);
wrong("lax.exp", () => lax.exp(i), /exp does not accept dtype int32/);
wrong("lax.transpose", () => lax.transpose(a, [0]), /got permutation \(0,\) for operand shape \(2, 3\)/);
wrong(
  "lax.conv",
  () => lax.conv(np.ones([1, 2, 5, 5]), np.ones([1, 3, 2]), [1, 1], "VALID"),
  /convolution requires lhs and rhs ndim to be equal, got 4 and 3\./,
);
wrong(
  "lax padding",
  () => lax.conv(np.ones([1, 2, 5, 5]), np.ones([1, 2, 2, 2]), [1, 1], untyped("X")),
  /expected 'VALID', 'SAME', or 'SAME_LOWER', got X\./,
);
wrong(
  "lax.batchMatmul",
  () => lax.batchMatmul(f, f),
  /Arguments to batch_matmul must be at least 2D, got 1, 1/,
);
wrong(
  "lax.dynamicSlice",
  () => lax.dynamicSlice(a, [0], [1, 1]),
  /Length of slice indices must match number of operand dimensions \(1 vs \(2, 3\)\)/,
);
wrong(
  "lax.dynamicUpdateSlice",
  () => lax.dynamicUpdateSlice(f, i, [0]),
  /lax\.dynamic_update_slice requires arguments to have the same dtypes, got float32, int32\./,
);
wrong(
  "lax.broadcastInDim",
  () => lax.broadcastInDim(a, [2, 4], [0, 1]),
  /got operand of shape \(2, 3\), target broadcast shape \(2, 4\), broadcast_dimensions \(0, 1\)/,
);
wrong(
  "lax.topK",
  () => lax.topK(f, 5),
  /k argument to top_k must be no larger than size along axis; got k=5 with shape=\[3\] and axis=0/,
);
wrong("lax.clamp", () => lax.clamp(b, f, b), /clamp/);
wrong(
  "lax.full",
  () => lax.full([2], f),
  /full must be called with scalar fill_value, got fill_value\.shape \(3,\)\./,
);
wrong(
  "lax.reducePrecision",
  () => lax.reducePrecision(f, 0, 3),
  /reduce_precision: exponent_bits must be positive; got 0/,
);
wrong(
  "lax.reduce of trees",
  () => lax.reduce([f, f], untyped(0), lax.add as never, [0]),
  /Operands must have the same tree structure as init_values/,
);
wrong(
  "lax.scan carry",
  () => lax.scan((c: NdArray, x: NdArray) => [c.astype("int32"), x], np.array(0), f),
  /scan body function carry input and carry output must have equal types/,
);
wrong(
  "lax.scan lengths",
  () => lax.scan((c: NdArray, x: readonly NdArray[]) => [c, x[0]], np.array(0), [f, b]),
  /scan got values with different leading axis sizes: .*3.*4/,
);
wrong(
  "lax.whileLoop",
  () =>
    lax.whileLoop(
      () => f.greater(0),
      (x: NdArray) => x,
      np.array(0),
    ),
  /cond_fun must return a boolean scalar, but got output type/,
);
wrong(
  "lax.cond",
  () =>
    lax.cond(
      true,
      () => f,
      () => b,
    ),
  /cond branches must have equal output types but they differ/,
);
wrong(
  "lax.associativeScan",
  () => lax.associativeScan((p: NdArray[]) => p, [f, b]),
  /Array inputs to associative_scan must have the same first dimension\. \(saw: \[3\], \[4\]\)/,
);
wrong(
  "lax.customLinearSolve",
  () =>
    lax.customLinearSolve(
      () => np.ones([2]),
      f,
      (_m, r) => r,
    ),
  /matvec\(\) output shapes must match b, got \[\(2,\)\] and \[\(3,\)\]/,
);
wrong(
  "linearTranspose",
  () => linearTranspose((x: NdArray) => x.astype("int32"), f),
  /linear_transpose only supports \[float or complex\] -> \[float or complex\]/,
);

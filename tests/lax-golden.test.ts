/** lax against JAX: primitives under JAX's names, convolutions, windows, gather and scatter, sorting. */
import * as lax from "../frontend/lax/index.ts";
import * as np from "../frontend/numpy/index.ts";
import { a, b, goldenTests, i, i8, img, j, k, ker, m, n, p, t, u, u8 } from "./helpers/golden-api.ts";

const int = (values: number[] | number[][]) => np.array(values, { dtype: "int32" });

goldenTests({
  "lax.add(a, b)": () => lax.add(a, b),
  "lax.add(a, 1.0)": () => lax.add(a, 1),
  "lax.div(i, j)": () => lax.div(i, j),
  "lax.rem(i, j)": () => lax.rem(i, j),
  "lax.rem(a, b)": () => lax.rem(a, b),
  "lax.max(a, 0.0)": () => lax.max(a, 0),
  "lax.pow(u, b)": () => lax.pow(u, b),
  "lax.integer_pow(a, -2)": () => lax.integerPow(a, -2),
  "lax.rsqrt(u)": () => lax.rsqrt(u),
  "lax.erf(a)": () => lax.erf(a),
  "lax.erfc(a)": () => lax.erfc(a),
  "lax.erf_inv(u)": () => lax.erfInv(u),
  "lax.lgamma(jnp.array([0.5, 1.0, 4.5, 20.0, -1.5]))": () => lax.lgamma(np.array([0.5, 1, 4.5, 20, -1.5])),
  "lax.digamma(jnp.array([0.5, 1.0, 4.5, 20.0]))": () => lax.digamma(np.array([0.5, 1, 4.5, 20])),
  "lax.logistic(a)": () => lax.logistic(a),
  "lax.round(a)": () => lax.round(a),
  "lax.round(a, lax.RoundingMethod.TO_NEAREST_EVEN)": () => lax.round(a, { roundingMethod: "toNearestEven" }),
  "lax.population_count(u8)": () => lax.populationCount(u8),
  "lax.clz(i)": () => lax.clz(i),
  "lax.shift_right_logical(i, 1)": () => lax.shiftRightLogical(i, 1),
  "lax.select(p, a, b)": () => lax.select(p, a, b),
  "lax.select_n(p, a, b)": () => lax.selectN(p, a, b),
  "lax.clamp(-1.0, a, 1.0)": () => lax.clamp(-1, a, 1),
  "lax.convert_element_type(a, 'int8')": () => lax.convertElementType(a, "int8"),
  "lax.bitcast_convert_type(a, 'uint32')": () => lax.bitcastConvertType(a, "uint32"),
  "lax.bitcast_convert_type(i8, 'uint8')": () => lax.bitcastConvertType(i8, "uint8"),
  "lax.broadcast(a, (2,))": () => lax.broadcast(a, [2]),
  "lax.broadcast_in_dim(a, (2, 5, 3), (1,))": () => lax.broadcastInDim(a, [2, 5, 3], [1]),
  "lax.reshape(m, (4, 3), dimensions=(1, 0))": () => lax.reshape(m, [4, 3], { dimensions: [1, 0] }),
  "lax.transpose(t, (1, 2, 0))": () => lax.transpose(t, [1, 2, 0]),
  "lax.collapse(t, 1)": () => lax.collapse(t, 1),
  "lax.collapse(t, 0, 2)": () => lax.collapse(t, 0, 2),
  "lax.slice(m, (0, 1), (3, 4), (2, 2))": () => lax.slice(m, [0, 1], [3, 4], [2, 2]),
  "lax.slice_in_dim(m, 1, -1, axis=1)": () => lax.sliceInDim(m, 1, -1, { axis: 1 }),
  "lax.index_in_dim(m, -1, axis=1, keepdims=False)": () =>
    lax.indexInDim(m, -1, { axis: 1, keepdims: false }),
  "lax.dynamic_slice(m, (1, 3), (2, 2))": () => lax.dynamicSlice(m, [1, 3], [2, 2]),
  "lax.dynamic_slice(m, (jnp.array(-1), 0), (1, 2))": () =>
    lax.dynamicSlice(m, [np.array(-1, { dtype: "int32" }), 0], [1, 2]),
  "lax.dynamic_slice_in_dim(m, 1, 2, axis=1)": () => lax.dynamicSliceInDim(m, 1, 2, { axis: 1 }),
  "lax.dynamic_index_in_dim(m, 1, axis=1, keepdims=False)": () =>
    lax.dynamicIndexInDim(m, 1, { axis: 1, keepdims: false }),
  "lax.dynamic_update_slice(m, n[:2], (2, 1))": () => lax.dynamicUpdateSlice(m, n.slice([0, 2]), [2, 1]),
  "lax.dynamic_update_slice_in_dim(a, b[:2], 2, axis=0)": () =>
    lax.dynamicUpdateSliceInDim(a, b.slice([0, 2]), 2),
  "lax.dynamic_update_index_in_dim(m, a[:3], 1, axis=1)": () =>
    lax.dynamicUpdateIndexInDim(m, a.slice([0, 3]), 1, { axis: 1 }),
  "lax.pad(m, 9.0, ((1, -1, 0), (0, 1, 2)))": () =>
    lax.pad(m, 9, [
      [1, -1, 0],
      [0, 1, 2],
    ]),
  "lax.rev(m, (1,))": () => lax.rev(m, [1]),
  "lax.concatenate([a, b], 0)": () => lax.concatenate([a, b], 0),
  "lax.split(a, (2, 3))": () => lax.split(a, [2, 3]),
  "lax.broadcasted_iota('uint8', (2, 3), 1)": () => lax.broadcastedIota("uint8", [2, 3], 1),
  "lax.full_like(i, 4)": () => lax.fullLike(i, 4),
  "lax.expand_dims(a, (0, -1))": () => lax.expandDims(a, [0, -1]),
  "lax.squeeze(jnp.ones((1, 2, 1)), (0,))": () => lax.squeeze(np.ones([1, 2, 1]), [0]),

  "lax.dot(m, n)": () => lax.dot(m, n),
  "lax.dot_general(t, t, (((2,), (2,)), ((0,), (0,))))": () =>
    lax.dotGeneral(t, t, [
      [[2], [2]],
      [[0], [0]],
    ]),
  "lax.batch_matmul(t, t.mT)": () => lax.batchMatmul(t, t.mT),
  "lax.dot(i, j, preferred_element_type='float32')": () => lax.dot(i, j, { preferredElementType: "float32" }),
  "lax.conv(img.transpose(0, 3, 1, 2), ker.transpose(3, 2, 0, 1), (1, 1), 'SAME')": () =>
    lax.conv(img.transpose(0, 3, 1, 2), ker.transpose(3, 2, 0, 1), [1, 1], "SAME"),
  "lax.conv_with_general_padding(img.transpose(0, 3, 1, 2), ker.transpose(3, 2, 0, 1), (2, 1), ((1, 0), (0, 2)), None, (2, 1))":
    () =>
      lax.convWithGeneralPadding(
        img.transpose(0, 3, 1, 2),
        ker.transpose(3, 2, 0, 1),
        [2, 1],
        [
          [1, 0],
          [0, 2],
        ],
        null,
        [2, 1],
      ),
  "lax.conv_general_dilated(img, ker, (2, 2), 'SAME', dimension_numbers=('NHWC', 'HWIO', 'NHWC'))": () =>
    lax.convGeneralDilated(img, ker, [2, 2], "SAME", { dimensionNumbers: ["NHWC", "HWIO", "NHWC"] }),
  "lax.conv_general_dilated(img, ker, (2, 2), 'SAME_LOWER', dimension_numbers=('NHWC', 'HWIO', 'NHWC'))":
    () =>
      lax.convGeneralDilated(img, ker, [2, 2], "SAME_LOWER", { dimensionNumbers: ["NHWC", "HWIO", "NHWC"] }),
  "lax.conv_general_dilated(img, ker, (1, 1), 'VALID', rhs_dilation=(1, 2), dimension_numbers=('NHWC', 'HWIO', 'NCHW'))":
    () =>
      lax.convGeneralDilated(img, ker, [1, 1], "VALID", {
        rhsDilation: [1, 2],
        dimensionNumbers: ["NHWC", "HWIO", "NCHW"],
      }),
  "lax.conv_general_dilated(img, ker.transpose(0, 1, 3, 2)[:, :, :1, :], (1, 1), 'SAME', feature_group_count=3, dimension_numbers=('NHWC', 'HWIO', 'NHWC'))":
    () =>
      lax.convGeneralDilated(img, ker.transpose(0, 1, 3, 2).slice(":", ":", [0, 1], ":"), [1, 1], "SAME", {
        featureGroupCount: 3,
        dimensionNumbers: ["NHWC", "HWIO", "NHWC"],
      }),
  "lax.conv_transpose(img, ker, (2, 2), 'SAME')": () => lax.convTranspose(img, ker, [2, 2], "SAME"),
  "lax.conv_transpose(img, ker.transpose(0, 1, 3, 2), (2, 1), 'VALID', transpose_kernel=True)": () =>
    lax.convTranspose(img, ker.transpose(0, 1, 3, 2), [2, 1], "VALID", { transposeKernel: true }),

  "lax.reduce_window(m, -jnp.inf, lax.max, (2, 2), (1, 1), 'SAME')": () =>
    lax.reduceWindow(m, -Infinity, lax.max, [2, 2], [1, 1], "SAME"),
  "lax.reduce_window(m, 0.0, lax.add, (2, 3), (1, 2), 'VALID')": () =>
    lax.reduceWindow(m, 0, lax.add, [2, 3], [1, 2], "VALID"),
  "lax.reduce_window(m, 1.0, lax.add, (2, 2), (1, 1), ((1, 0), (0, 1)))": () =>
    lax.reduceWindow(
      m,
      1,
      lax.add,
      [2, 2],
      [1, 1],
      [
        [1, 0],
        [0, 1],
      ],
    ),
  "lax.reduce_window(m, jnp.inf, lax.min, (2, 2), (1, 1), 'VALID', window_dilation=(1, 2))": () =>
    lax.reduceWindow(m, Infinity, lax.min, [2, 2], [1, 1], "VALID", { windowDilation: [1, 2] }),
  "lax.reduce(m, 1.0, lax.add, (1,))": () => lax.reduce(m, 1, lax.add, [1]),
  "lax.reduce_max(m, (0,))": () => lax.reduceMax(m, [0]),
  "lax.argmax(m, 1, 'int32')": () => lax.argmax(m, 1, "int32"),
  "lax.cumsum(m, axis=1, reverse=True)": () => lax.cumsum(m, 1, { reverse: true }),
  "lax.cummax(m, axis=0)": () => lax.cummax(m, 0),
  "lax.cummin(a)": () => lax.cummin(a),
  "lax.cumprod(a)": () => lax.cumprod(a),
  "lax.cumlogsumexp(a)": () => lax.cumlogsumexp(a),

  "lax.gather(m, jnp.array([[2], [0]]), lax.GatherDimensionNumbers(offset_dims=(1,), collapsed_slice_dims=(0,), start_index_map=(0,)), (1, 3))":
    () =>
      lax.gather(
        m,
        int([[2], [0]]),
        { offsetDims: [1], collapsedSliceDims: [0], startIndexMap: [0] },
        [1, 3],
      ),
  "lax.gather(a, jnp.array([[2], [7]]), lax.GatherDimensionNumbers(offset_dims=(), collapsed_slice_dims=(0,), start_index_map=(0,)), (1,), mode='clip')":
    () =>
      lax.gather(a, int([[2], [7]]), { offsetDims: [], collapsedSliceDims: [0], startIndexMap: [0] }, [1], {
        mode: "clip",
      }),
  "lax.scatter_add(a, jnp.array([[1], [1]]), jnp.array([2.0, 3.0]), lax.ScatterDimensionNumbers(update_window_dims=(), inserted_window_dims=(0,), scatter_dims_to_operand_dims=(0,)))":
    () =>
      lax.scatterAdd(a, int([[1], [1]]), np.array([2, 3]), {
        updateWindowDims: [],
        insertedWindowDims: [0],
        scatterDimsToOperandDims: [0],
      }),

  "lax.sort(k)": () => lax.sort(k),
  "lax.sort((k, jnp.arange(6)), num_keys=1)": () => lax.sort([k, np.arange(6)], { numKeys: 1 }),
  "lax.sort_key_val(k, jnp.arange(6))": () => lax.sortKeyVal(k, np.arange(6)),
  "lax.top_k(k, 4)": () => lax.topK(k, 4),
  "lax.top_k(m, 2)": () => lax.topK(m, 2),
  "lax.map(lambda x: x * 2 + 1, a)": () => lax.map((x: np.NdArray) => x.mul(2).add(1), a),
  "lax.map(jnp.sum, m, batch_size=2)": () => lax.map((x: np.NdArray) => x.sum(), m, { batchSize: 2 }),
  "lax.associative_scan(jnp.add, a)": () =>
    lax.associativeScan((x: np.NdArray, y: np.NdArray) => x.add(y), a),
  "lax.associative_scan(jnp.maximum, m, reverse=True, axis=1)": () =>
    lax.associativeScan((x: np.NdArray, y: np.NdArray) => np.maximum(x, y), m, { reverse: true, axis: 1 }),
  "lax.associative_scan(lambda x, y: (x[0] * y[0], x[1] * y[0] + y[1]), (a, b))": () => {
    const compose = ([x0, x1]: np.NdArray[], [y0, y1]: np.NdArray[]) => [x0.mul(y0), x1.mul(y0).add(y1)];
    const lines: np.NdArray[] = lax.associativeScan(compose, [a, b]);
    return lines;
  },
  "lax.fori_loop(0, 5, lambda s, x: x * 1.5 + s, a)": () =>
    lax.foriLoop(0, 5, (s, x: np.NdArray) => x.mul(1.5).add(s), a),
});

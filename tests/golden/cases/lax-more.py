"""lax: precision, general folds, windows, patches, loops, indexing, sorting and conveniences against jax.lax."""

from golden import *

S = dict(vmap=False)
for e, m in [(8, 7), (5, 10), (8, 23), (4, 3), (8, 0), (5, 2)]:
    case("lax.reducePrecision", uniform((9,), 1, -100, 100), e, m, grad=False)
    case("lax.reducePrecision", array([0, -0.0, 1e-6, 1.0, 65504.0, 1e38, -3e38, np.inf, np.nan, 1 + 2**-11, 1 + 3 * 2**-11]), e, m, grad=False, vmap=False)
case("lax.reducePrecision", uniform((9,), 2, -3, 3, "float64"), 8, 20, grad=False)
case("lax.reducePrecision", uniform((9,), 2, -3, 3, "float64"), 11, 30, grad=False)
case("lax.reducePrecision", uniform((9,), 2, -3, 3, "float16"), 5, 4, grad=False)
case("lax.reducePrecision", uniform((9,), 3, -3, 3), 5, 4, vmap=False)
for dtype in INTEGERS:
    case("lax.mulhi", *edge_pairs(dtype))
for dtype in ("int32", "uint8", "bool"):
    x = booleans((3, 5), 1) if dtype == "bool" else integers((3, 5), 1, 0, 99, dtype)
    for axes in ([0], [1], [0, 1]):
        case("lax.reduceXor", x, axes)
case("lax.reduceXor", integers((7,), 1), [0])
x = normal((3, 5), 4)
case("lax.reduce", x, 1.0, jax=lambda x, i: jax.lax.reduce(x, i, lambda a, b: a * b + 0.0, [1]), weft="reduce_mul", tol=1e-5)
case("lax.reduce", x, integers((3, 5), 5), jax=lambda x, i: jax.lax.reduce((x, i), (-np.inf, 0), lambda a, b: (jnp.maximum(a[0], b[0]), jnp.where(a[0] > b[0], a[1], b[1])), [0]), weft="reduce_pair", grad=False)
case("lax.reduceWindow", normal((5, 6), 6), jax=lambda x: jax.lax.reduce_window(x, 0.0, lambda a, b: a + b * 1.0, (2, 3), (1, 2), "SAME"), weft="window_general", grad=False, tol=1e-5)
case("lax.reduceWindow", booleans((5, 6), 7), jax=lambda x: jax.lax.reduce_window(x, False, jax.lax.bitwise_or, (2, 2), (2, 2), "VALID"), weft="window_or")
for spec in [None, ["NHWC", "HWIO", "NHWC"]]:
    lhs = normal((2, 3, 5, 6), 8) if spec is None else normal((2, 5, 6, 3), 8)
    case("lax.convGeneralDilatedPatches", lhs, [2, 3], [1, 2], "SAME", dimension_numbers=spec, tol=1e-5)
    case("lax.convGeneralDilatedPatches", lhs, [2, 2], [1, 1], [[0, 1], [1, 0]], rhs_dilation=[2, 1], dimension_numbers=spec, tol=1e-5)
case("lax.convGeneralDilatedLocal", normal((2, 3, 5, 6), 9), normal((4, 12, 4, 5), 10), [1, 1], "VALID", [2, 2], tol=1e-5)
case("lax.convShapeTuple", [2, 3, 9, 9], [4, 3, 2, 3], [1, 2], "SAME", vmap=False, weft="shape1", jax=lambda *a: jnp.array(jax.lax.conv_shape_tuple(*a)))
for s in ([0, 1], [1, 2]):
    case("lax.stack", [normal((2, 3), 11), normal((2, 3), 12)], s[0])
case("lax.unstack", normal((2, 3), 11), 1)
case("lax.tile", normal((2, 3), 11), [2, 1])
case("lax.broadcastToRank", normal((2, 3), 11), 4)
case("lax.indexTake", normal((4, 5, 2), 13), [array([0, -1, 3], "int32"), array([1, 2, -2], "int32")], [0, 1], vmap=[0])
for k in (1, 3):
    case("lax.approxMaxK", normal((3, 6), 14), k, vmap=False, grad=False)
    case("lax.approxMinK", normal((3, 6), 14), k, vmap=False, grad=False)
    case("lax.topK", normal((3, 6), 14), k)
case("lax.raggedDot", normal((6, 3), 15), normal((2, 3, 4), 16), array([2, 3], "int32"), vmap=False, tol=1e-5)
dn = jax.lax.ScatterDimensionNumbers(update_window_dims=(), inserted_window_dims=(0,), scatter_dims_to_operand_dims=(0,))
idx = array([[0], [2], [2], [9]], "int32")
case("lax.scatterSub", normal((5,), 17), idx, normal((4,), 18), jax=lambda a, i, u: jax.lax.scatter_sub(a, i, u, dn), weft="scatter_sub", vmap=[0, 2])
case("lax.scatterApply", normal((5,), 17), idx, jax=lambda a, i: jax.lax.scatter_apply(a, i, jnp.sin, dn, update_shape=(4,)), weft="scatter_apply", grad=False, vmap=False)
for reverse in (False, True):
    for name in ["cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"]:
        for axis in (0, 1):
            case(f"lax.{name}", normal((3, 4), 19), axis, reverse=reverse, tol=1e-5)
    for axis in (0, 1):
        case("lax.associativeScan", normal((3, 5), 20), jax=lambda x, reverse=reverse, axis=axis: jax.lax.associative_scan(jnp.multiply, x, reverse=reverse, axis=axis), weft=f"scan_{int(reverse)}_{axis}", tol=1e-5)
for batch in (None, 2, 3):
    case("lax.map", normal((5, 3), 21), jax=lambda x, batch=batch: jax.lax.map(lambda r: jnp.cumsum(r) * 2, x, batch_size=batch), weft=f"map_{batch or 0}", tol=1e-5)
A, b = invertible(3, 22), normal((3,), 23)
solve = lambda a, v: jax.lax.custom_linear_solve(lambda z: a @ z, v, lambda f, r: jnp.linalg.solve(a, r), transpose_solve=lambda f, r: jnp.linalg.solve(a.T, r))
case("lax.customLinearSolve", A, b, jax=solve, weft="linear_solve", second=True, tol=2e-5)
root = lambda a: jax.lax.custom_root(lambda x: x**2 - a, jnp.ones_like(a), lambda f, g: jax.lax.fori_loop(0, 30, lambda i, y: y - f(y) / (2 * y), g), lambda g, y: y / g(1.0))
case("lax.customRoot", array(2.5), jax=root, weft="root", second=True, tol=1e-5)
case("weft.linearTranspose", normal((2,), 24), jax=lambda ct: jax.linear_transpose(lambda x: jnp.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]) @ x, jnp.zeros(3))(ct), weft="linear_transpose", tol=1e-5)
for dtype in INTEGERS:
    for name in ["clz", "populationCount"]:
        case(f"lax.{name}", edges(dtype))
case("lax.dotGeneral", integers((2, 3), 25, dtype="int8"), integers((3, 4), 26, dtype="int8"), [[[1], [0]], [[], []]], preferred_element_type="int32")
case("lax.dotGeneral", normal((2, 5, 3), 27), normal((2, 3, 4), 28), [[[2], [1]], [[0], [0]]], second=True, tol=1e-5)
case("lax.batchMatmul", normal((2, 5, 3), 27), normal((2, 3, 4), 28), tol=1e-5)
for padding in ("SAME", "VALID"):
    for strides in ([1, 2], [3, 1]):
        case("lax.convTranspose", normal((1, 4, 5, 2), 29), normal((2, 3, 2, 3), 30), strides, padding, tol=1e-5)
case("lax.sort", [integers((6,), 31, 0, 3), integers((6,), 32, 0, 3), normal((6,), 33)], num_keys=2, vmap=False)
case("lax.sortKeyVal", normal((3, 4), 34), normal((3, 4), 35), 0)
case("lax.clamp", -0.5, normal((6,), 36), 0.5)
case("lax.selectN", booleans((4,), 37), normal((4,), 38), normal((4,), 39))
case("lax.selectN", integers((4,), 37, 0, 3), normal((4,), 38), normal((4,), 39), normal((4,), 40))
case("lax.collapse", normal((2, 3, 4), 41), 1, 3)
case("lax.dynamicSlice", normal((4, 5), 42), [1, 9], [2, 3], vmap=[0], weft="dynamic", jax=lambda x, s, n: jax.lax.dynamic_slice(x, s, n))
case("lax.dynamicUpdateSliceInDim", normal((4, 5), 42), normal((2, 5), 43), 3, 0, jax=lambda a, b, i, axis: jax.lax.dynamic_update_slice_in_dim(a, b, i, axis), weft="update_in_dim")

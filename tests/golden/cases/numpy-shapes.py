"""Creation, shapes, joining, indexing, updates, polynomials, calculus, windows and mapping functions of jax.numpy."""

from golden import *

S = dict(vmap=False)

# ------------------------------------------------------------------------------------------------------- creation
for args in [(5,), (2, 7), (1, 8, 3), (7, 1, -2), (0.0, 1.0, 0.25), (3, 3)]:
    case("np.arange", *args)
for dtype in ("float32", "int8", "uint32", "float16"):
    case("np.arange", 2, 9, 2, dtype=dtype)
for options in [{}, {"endpoint": False}, {"dtype": "int32"}, {"retstep": True}]:
    case("np.linspace", -1.0, 2.5, 7, options=options, tol=1e-6)
case("np.linspace", normal((3,), 1), normal((3,), 2), 5, axis=1, second=True)
case("np.linspace", 1.0, 2.0, 1)
case("np.logspace", 0.0, 2.0, 5, tol=3e-6)
case("np.logspace", 0.0, 3.0, 4, base=2.0, endpoint=False, tol=3e-6)
case("np.geomspace", 1.0, 1000.0, 7, tol=3e-6)
case("np.geomspace", array([1.0, -2.0]), array([100.0, -32.0]), 4, axis=1, tol=3e-6, grad=False)
for args, options in [((3,), {}), ((3, 4), {"k": 1}), ((3, 2), {"k": -1, "dtype": "int32"})]:
    case("np.eye", *args, options=options)
    case("np.tri", *args, options=options)
case("np.identity", 3, dtype="uint8")
for name in ["tril", "triu"]:
    for k in (0, 1, -2):
        case(f"np.{name}", normal((2, 3, 4), 3), k)
case("np.full", (2, 3), 2.5)
case("np.full", (2, 3), normal((3,), 4))
case("np.fullLike", integers((2, 2), 5), 3.7)
for name in ["zerosLike", "onesLike"]:
    case(f"np.{name}", integers((2, 3), 6, dtype="int8"))
case("np.indices", (2, 3))
case("np.indices", (2, 3), sparse=True)
case("np.vander", normal((4,), 7), second=True)
case("np.vander", normal((4,), 7), 3, increasing=True)
for name in ["trilIndices", "triuIndices"]:
    for args in [(3,), (4, 1), (3, -1, 5)]:
        case(f"np.{name}", *args, jit=False)
case("np.diagIndices", 3, 3)
case("np.trilIndicesFrom", normal((3, 4), 8), jit=False, **S)
case("np.triuIndicesFrom", normal((3, 4), 8), 1, jit=False, **S)
case("np.diagIndicesFrom", normal((3, 3), 8), **S)
case("np.ix_", integers((2,), 9), integers((3,), 10))
case("np.mgrid", weft="mgrid", jax=lambda: jnp.mgrid[0:3, 1:7:2])
case("np.ogrid", weft="ogrid", jax=lambda: jnp.ogrid[0:3, 1:7:2])
case("np.r_", normal((3,), 1), normal((2,), 2), jax=lambda x, y: jnp.r_[x, 0.0, y, 1:4], weft="r")
case("np.c_", normal((3,), 1), normal((3,), 2), jax=lambda x, y: jnp.c_[x, y], weft="c")
for m in (0, 1, 2, 7, 8):
    for name in ["bartlett", "blackman", "hamming", "hanning"]:
        case(f"np.{name}", m, atol=1e-6)
    case("np.kaiser", m, 8.6, tol=1e-5)

# --------------------------------------------------------------------------------------------------------- shapes
case("np.reshape", normal((2, 6), 11), (3, -1))
case("np.reshape", normal((2, 6), 11), (3, 4), order="F")
case("np.ravel", normal((2, 3), 12), order="F")
case("np.transpose", normal((2, 3, 4), 13), (2, 0, 1))
case("np.permuteDims", normal((2, 3, 4), 13), (1, 2, 0))
case("np.matrixTranspose", normal((2, 3, 4), 13))
case("np.swapaxes", normal((2, 3, 4), 13), 0, -1)
case("np.moveaxis", normal((2, 3, 4), 13), [0, 1], [-1, 0])
case("np.rollaxis", normal((2, 3, 4), 13), 2, 0)
case("np.expandDims", normal((2, 3), 14), [0, -1])
case("np.squeeze", normal((1, 3, 1), 15))
case("np.squeeze", normal((1, 3, 1), 15), 0)
case("np.broadcastTo", normal((3, 1), 16), (2, 3, 4))
case("np.broadcastArrays", normal((3, 1), 16), normal((4,), 17))
for name in ["atleast1d", "atleast2d", "atleast3d"]:
    for shape in [(), (3,), (2, 3)]:
        case(f"np.{name}", normal(shape, 18))
for axis in (None, 0, (0, 1)):
    case("np.flip", normal((2, 3), 19), axis)
case("np.fliplr", normal((2, 3), 19))
case("np.flipud", normal((2, 3), 19))
for k in (-1, 0, 1, 2, 3):
    case("np.rot90", normal((2, 3), 19), k)
for shift, axis in [(2, None), (-1, 1), ((1, 2), (0, 1)), (5, 0)]:
    case("np.roll", normal((3, 4), 20), shift, axis)
case("np.roll", normal((5,), 20), integers((), 2, 1, 9), 0, vmap=[0])
case("np.resize", normal((5,), 21), (2, 4))
case("np.trimZeros", array([0, 0, 1, 0, 2, 0]), jit=False, **S)
case("np.trimZeros", array([0, 0, 1, 0, 2, 0]), trim="b", jit=False, **S)

# --------------------------------------------------------------------------------------------- joining, splitting
for axis in (0, 1, None):
    case("np.concatenate", [normal((2, 3), 22), normal((2, 3), 23)], axis=axis)
case("np.concat", [integers((2,), 1), normal((3,), 2)])
case("np.stack", [normal((2, 3), 22), normal((2, 3), 23)], axis=1)
for name in ["vstack", "hstack", "dstack", "columnStack"]:
    case(f"np.{name}", [normal((3,), 24), normal((3,), 25)])
    case(f"np.{name}", [normal((2, 3), 24), normal((2, 3), 25)])
case("np.append", normal((2, 3), 26), normal((2, 3), 27), axis=0)
case("np.append", normal((2, 3), 26), normal((2,), 27))
case("np.block", [[normal((2, 2), 1), normal((2, 1), 2)], [normal((1, 2), 3), normal((1, 1), 4)]])
for name in ["split", "arraySplit"]:
    case(f"np.{name}", normal((6, 4), 28), 2)
    case(f"np.{name}", normal((6, 4), 28), [1, 3], axis=1)
case("np.arraySplit", normal((7,), 28), 3)
case("np.vsplit", normal((4, 2), 28), 2)
case("np.hsplit", normal((4, 2), 28), 2)
case("np.dsplit", normal((2, 2, 4), 28), [1])
case("np.unstack", normal((3, 2), 28), axis=1)
case("np.repeat", normal((2, 3), 29), 2)
case("np.repeat", normal((2, 3), 29), 2, axis=1)
case("np.repeat", normal((3,), 29), array([1, 0, 2], "int32"), axis=0, total_repeat_length=3, vmap=[0])
case("np.repeat", normal((3,), 29), array([1, 0, 2], "int32"), axis=0, total_repeat_length=5, vmap=[0])
case("np.repeat", normal((3,), 29), array([1, 0, 2], "int32"), axis=0, jit=False, **S)
case("np.tile", normal((2, 3), 30), (2, 1, 2))
case("np.tile", normal((2, 3), 30), 2)
for mode in ["edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum", "minimum", "mean", "constant"]:
    case("np.pad", normal((3, 4), 31), [[1, 2], [2, 0]], mode=mode, tol=1e-5)
case("np.pad", normal((3,), 31), 5, mode="reflect")
case("np.pad", normal((3,), 31), 4, mode="reflect", reflect_type="odd")
case("np.pad", normal((3, 2), 31), 1, constant_values=[[1.0, 2.0], [3.0, 4.0]])
case("np.pad", normal((3,), 31), 2, mode="linear_ramp", end_values=(5.0, -4.0), tol=1e-5)
case("np.pad", integers((4,), 31), 2, mode="mean", stat_length=2)

# ------------------------------------------------------------------------------------------------------- indexing
x = normal((3, 4), 32)
for mode in ("fill", "clip", "wrap"):
    case("np.take", x, array([[0, -1], [2, 5]], "int32"), axis=1, mode=mode, vmap=[0])
case("np.take", x, array([0, 11, -3], "int32"), vmap=[0])
case("np.take", x, array([0, 7], "int32"), axis=0, fill_value=5.0, vmap=[0])
case("np.takeAlongAxis", x, integers((3, 2), 33, -4, 4), 1, second=True)
case("np.takeAlongAxis", x, integers((1, 4), 33, 0, 3), 0)
case("np.choose", integers((4,), 34, 0, 3), [normal((4,), 35), normal((4,), 36), normal((4,), 37)], mode="clip")
case("np.choose", integers((4,), 34, -3, 9), [normal((4,), 35), normal((4,), 36), normal((4,), 37)], mode="wrap")
for mode in ("clip", "wrap"):
    case("np.ravelMultiIndex", [integers((5,), 38, -2, 5), integers((5,), 39, -2, 6)], (3, 4), mode=mode)
case("np.ravelMultiIndex", [integers((5,), 38, 0, 3), integers((5,), 39, 0, 4)], (3, 4), mode="clip", order="F")
case("np.unravelIndex", integers((6,), 40, -20, 20), (3, 4))
case("np.put", x, array([0, 13, -1, 4], "int32"), normal((2,), 41), options={"inplace": False}, weft="put", vmap=False)
case("np.put", x, array([0, 13, -1, 4], "int32"), normal((4,), 41), options={"inplace": False, "mode": "clip"}, vmap=False)
case("np.put", x, array([0, 13, -1, 4], "int32"), normal((4,), 41), options={"inplace": False, "mode": "wrap"}, vmap=False)
case("np.place", x, booleans((3, 4), 42), normal((3,), 43), options={"inplace": False}, vmap=[0, 2])
case("np.putAlongAxis", x, integers((3, 1), 44, 0, 4), normal((3, 1), 45), 1, options={"inplace": False}, vmap=[0, 2])
case("np.fillDiagonal", x, 7.0, options={"inplace": False})
case("np.fillDiagonal", normal((3, 3, 3), 1), normal((2,), 2), options={"inplace": False})
case("np.insert", normal((5,), 46), 2, 9.0)
case("np.insert", x, array([0, 2, 2], "int32"), normal((3, 3), 47), axis=1, vmap=[0])
case("np.insert", x, -1, normal((4,), 47), axis=0)
case("np.insert", normal((4,), 46), array([1, 1, 4], "int32"), normal((3,), 48), vmap=[0])
case("np.delete", normal((5,), 49), 2)
case("np.delete", x, -1, axis=1)
case("np.delete", normal((5,), 49), array([1, 1, 3], "int32"), jit=False, **S)
case("np.delete", x, array([1, 3], "int32"), axis=1, assume_unique_indices=True, vmap=[0])
at = dict(vmap=[0])
i, j = array([0, 2, 2, -1, 7], "int32"), array([1, 1, 1, 0, 0], "int32")
v = normal((5,), 50)
for op in ["set", "add", "multiply", "divide", "power", "min", "max", "subtract"]:
    base = np.abs(x) + 0.5
    vals = np.abs(v) + 0.5
    if op == "set":
        case("at.set", base, np.array([0, 2, 1], "int32"), vals[:3], jax=lambda a, i, b: a.at[i, 0].set(b), weft="at_set", vmap=[0, 2])
    elif op in ("divide", "power"):
        case(f"at.{op}", base, np.array([0, 2, 1], "int32"), vals[:3], jax=lambda a, i, b, op=op: getattr(a.at[i, 1], op)(b), weft=f"at_{op}", vmap=[0, 2], tol=1e-5, grad=False)
    else:
        case(f"at.{op}", base, i, j, vals, jax=lambda a, i, j, b, op=op: getattr(a.at[i, j], op)(b), weft=f"at2_{op}", vmap=[0, 3], grad=op in ("add", "subtract") or [0], tol=1e-5)
for mode in ("clip", "drop", "fill"):
    case("at.add", x, i, jax=lambda a, i, mode=mode: a.at[i].add(1.0, mode=mode), weft=f"at_mode_{mode}", **at)
    case("at.get", x, i, jax=lambda a, i, mode=mode: a.at[i].get(mode=mode, fill_value=3.0), weft=f"get_mode_{mode}", **at)
case("at.get", x, i, jax=lambda a, i: a.at[:, i].get(mode="fill", fill_value=3.0, wrap_negative_indices=False), weft="get_no_wrap", **at)
case("at.apply", x, i, jax=lambda a, i: a.at[i].apply(lambda y: 2 * y + 1), weft="at_apply", vmap=False, grad=False)

# --------------------------------------------------------------------------------- polynomials, calculus, mapping
p, q = normal((4,), 51), normal((3,), 52)
case("np.polyval", p, normal((3, 2), 53), second=True)
case("np.polyval", integers((3,), 1), integers((4,), 2))
case("np.polyadd", p, q)
case("np.polysub", q, p)
case("np.polymul", p, q, second=True)
case("np.polydiv", p, q + 2, tol=1e-5)
for m in (0, 1, 2):
    case("np.polyder", p, m)
    case("np.polyint", p, m, tol=1e-6)
case("np.polyint", p, 2, array([1.0, 2.0]))
case("np.poly", normal((4,), 54), tol=1e-5)
case("np.diff", normal((3, 5), 55), 2, axis=1)
case("np.diff", integers((5,), 55), 1, prepend=0, append=9)
case("np.diff", booleans((6,), 55))
case("np.ediff1d", normal((2, 3), 56), to_begin=normal((1,), 1), to_end=normal((2,), 2))
case("np.gradient", normal((6,), 57))
case("np.gradient", normal((4, 5), 57), second=True)
case("np.gradient", normal((4, 5), 57), 0.5, axis=1)
case("np.gradient", normal((5,), 57), array([0.0, 0.5, 1.5, 2.0, 4.0]), tol=1e-5, grad=[0])
case("np.trapezoid", normal((3, 5), 58), dx=0.5, axis=0)
case("np.trapezoid", normal((3, 5), 58), x=array([0.0, 1.0, 1.5, 3.0, 4.0]))
for mode in ("full", "same", "valid"):
    case("np.convolve", normal((6,), 59), normal((3,), 60), mode, second=True, tol=1e-5)
    case("np.correlate", normal((3,), 59), normal((6,), 60), mode, tol=1e-5)
case("np.convolve", integers((4,), 59), integers((5,), 60))
case("np.unwrap", np.cumsum(uniform((9,), 61, 0, 3)).astype("float32") % 6.0, tol=1e-5)
case("np.unwrap", integers((9,), 61, 0, 12), period=12)
case("np.matvec", normal((2, 3, 4), 62), normal((4,), 63), second=True, tol=1e-5)
case("np.vecmat", normal((3,), 62), normal((2, 3, 4), 63), tol=1e-5)
case("np.vecdot", normal((2, 3), 62), normal((3,), 63), tol=1e-5)
for sub, shapes in [("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]), ("...ij,...j->...i", [(2, 3, 4), (4,)]), ("ii->i", [(3, 3)]),
                    ("ij->", [(2, 3)]), ("ijk,k,jl->il", [(2, 3, 4), (4,), (3, 2)]), ("a,b,c,d,e->abcde", [(2,)] * 5)]:
    case("np.einsum", sub, *[normal(s, k) for k, s in enumerate(shapes)], tol=1e-5)
case("np.einsum", normal((2, 3), 1), [0, 1], normal((3, 4), 2), [1, 2], [0, 2], tol=1e-5, vmap=False)
case("np.applyAlongAxis", normal((2, 3, 4), 64), jax=lambda x: jnp.apply_along_axis(lambda r: jnp.sort(r)[:2] * 2, 1, x), weft="along")
case("np.applyOverAxes", normal((2, 3, 4), 64), jax=lambda x: jnp.apply_over_axes(jnp.sum, x, [0, 2]), weft="over", tol=1e-5)
case("np.vectorize", normal((2, 3, 4), 65), normal((4,), 66), jax=lambda a, b: jnp.vectorize(lambda m, v: m @ v, signature="(m,n),(n)->(m)")(a, b), weft="matvec", tol=1e-5)
case("np.piecewise", normal((6,), 67), jax=lambda x: jnp.piecewise(x, [x < -0.5, x > 0.5], [lambda y: -y, 2.0, lambda y: y * y]), weft="pieces")
for op in ["add", "multiply", "maximum", "logaddexp", "subtract"]:
    for method in ["reduce", "accumulate"]:
        case(f"np.{op}.{method}", normal((3, 4), 68), axis=1, jax=lambda x, axis, op=op, method=method: getattr(getattr(jnp, op), method)(x, axis=axis), weft=f"{op}_{method}", tol=1e-5)
    case(f"np.{op}.outer", normal((3,), 68), normal((2, 2), 69), weft=f"{op}_outer", tol=1e-5)
case("np.add.reduceat", normal((8,), 70), array([0, 4, 1, 5], "int32"), weft="add_reduceat", vmap=False, tol=1e-5)
case("np.add.at", normal((4,), 71), array([0, 2, 2], "int32"), normal((3,), 72), jax=lambda a, i, b: jnp.add.at(a, i, b, inplace=False), weft="add_at", vmap=[0, 2])

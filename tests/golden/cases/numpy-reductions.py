"""Reductions, statistics, cumulative functions, sorting, searching, sets and histograms of jax.numpy."""

from golden import *

SHAPES = [((5,), None), ((3, 4), 0), ((3, 4), (0, 1)), ((2, 3, 4), (0, 2)), ((2, 3, 4), -1)]
for name in ["sum", "prod", "mean", "var", "std", "max", "min"]:
    smooth = name not in ("max", "min")
    for shape, axis in SHAPES:
        case(f"np.{name}", normal(shape, 1), axis=axis, second=smooth and len(shape) == 2, tol=1e-5)
    case(f"np.{name}", normal((3, 4), 2), axis=1, keepdims=True)
    mask = booleans((3, 4), 3) | np.eye(3, 4, dtype=bool)
    extra = {"initial": -9.0 if name == "max" else 9.0} if not smooth else {}
    case(f"np.{name}", normal((3, 4), 4), options={"axis": 0, "where": mask, **extra}, tol=1e-5, grad=[0], vmap=[0])
    for dtype in ("int8", "uint8", "int32", "uint32", "bool", "float16"):
        x = booleans((3, 4), 5) if dtype == "bool" else uniform((3, 4), 5, 0, 2, dtype) if dtype == "float16" else integers((3, 4), 5, 0, 5, dtype)
        if not (dtype == "bool" and not smooth):
            case(f"np.{name}", x, axis=0, vmap=False, tol=3e-3 if dtype == "float16" else 1e-5)
for name in ["sum", "prod", "mean"]:
    case(f"np.{name}", normal((0, 3), 1), axis=0)
    case(f"np.{name}", normal((), 1))
    case(f"np.{name}", integers((4,), 1), dtype="float32")
case("np.sum", normal((3, 4), 6), initial=2.5, axis=1)
case("np.sum", integers((4,), 1, dtype="int8"), promote_integers=False)
case("np.var", normal((3, 4), 7), axis=1, ddof=1, second=True, tol=1e-5)
case("np.std", normal((3, 4), 7), axis=0, correction=2, tol=1e-5)
for name in ["amax", "amin", "ptp"]:
    case(f"np.{name}", normal((3, 4), 8), axis=1)
for name in ["all", "any", "countNonzero"]:
    for shape, axis in SHAPES[:4]:
        case(f"np.{name}", booleans(shape, 9), axis=axis)
    case(f"np.{name}", array([0, 1, np.nan]), keepdims=True)
for name in ["argmax", "argmin"]:
    for shape, axis in [((5,), None), ((3, 4), 0), ((3, 4), 1), ((2, 3, 4), -1)]:
        case(f"np.{name}", normal(shape, 10), axis=axis)
    case(f"np.{name}", array([1, np.nan, 3, 3]), keepdims=True)
    case(f"np.{name}", integers((3, 4), 11, 0, 3), axis=1, keepdims=True)
holes = normal((3, 4), 12)
holes[0, 1] = holes[2, 2] = np.nan
for name in ["nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin"]:
    for axis in (None, 0, 1):
        case(f"np.{name}", holes, axis=axis, tol=1e-5, grad=name not in ("nanvar", "nanstd"))
    case(f"np.{name}", holes, axis=1, keepdims=True, grad=False, tol=1e-5)
    case(f"np.{name}", integers((3, 4), 1), axis=0, tol=1e-5)
case("np.nanmax", array([[np.nan, np.nan], [1, np.nan]]), axis=1, grad=False)
for name in ["nanargmax", "nanargmin"]:
    case(f"np.{name}", holes, axis=1)
    case(f"np.{name}", array([np.nan, np.nan]))
for name in ["cumsum", "cumprod", "nancumsum", "nancumprod"]:
    for shape, axis in [((5,), None), ((3, 4), 0), ((3, 4), 1), ((3, 4), None)]:
        case(f"np.{name}", holes.copy() if name.startswith("nan") and shape == (3, 4) else normal(shape, 13), axis=axis, tol=1e-5)
    case(f"np.{name}", integers((5,), 14, -3, 3, "int8"))
    case(f"np.{name}", booleans((5,), 15))
for name in ["cumulativeSum", "cumulativeProd"]:
    for initial in (False, True):
        case(f"np.{name}", normal((3, 4), 16), axis=1, include_initial=initial)
        case(f"np.{name}", integers((4,), 17, -3, 3, "int8"), include_initial=initial)

# ----------------------------------------------------------------------------------------------------- statistics
for method in ["linear", "lower", "higher", "midpoint", "nearest", "inverted_cdf"]:
    case("np.quantile", normal((3, 7), 18), array([0.0, 0.3, 0.5, 1.0]), axis=1, method=method, grad=method != "inverted_cdf" and [0], vmap=[0])
    case("np.nanpercentile", holes, 40.0, axis=0, method=method, grad=False)
case("np.quantile", normal((3, 4, 2), 19), 0.25, axis=(0, 2), keepdims=True)
case("np.quantile", normal((7,), 20), 0.4, weights=uniform((7,), 21, 0.1, 1), method="inverted_cdf", grad=False)
case("np.quantile", normal((3, 5), 20), array([0.2, 0.8]), axis=1, weights=uniform((5,), 21, 0.1, 1), method="inverted_cdf", grad=False, vmap=False)
for name in ["median", "nanmedian"]:
    for axis in (None, 0, 1):
        case(f"np.{name}", normal((4, 5), 22), axis=axis)
case("np.percentile", normal((9,), 23), array([10.0, 90.0]), grad=[0], vmap=[0])
case("np.average", normal((3, 4), 24), weights=uniform((3, 4), 25, 0.1, 1), axis=1, second=True)
case("np.average", normal((3, 4), 24), weights=uniform((4,), 25, 0.1, 1), axis=1)
case("np.average", normal((3, 4), 24), returned=True, axis=0)
case("np.average", normal((3, 4), 24), weights=uniform((4,), 25, 0.1, 1), axis=1, returned=True)
for options in [{}, {"rowvar": False}, {"bias": True}, {"ddof": 0}, {"y": normal((3, 6), 27)}]:
    case("np.cov", normal((3, 6), 26), options=options, tol=1e-5)
    if "bias" not in options and "ddof" not in options:
        case("np.corrcoef", normal((3, 6), 26), options=options, tol=2e-5, grad=False)
case("np.cov", normal((3, 6), 26), fweights=integers((6,), 28, 1, 4), aweights=uniform((6,), 29, 0.5, 1), tol=1e-5, vmap=[0])
case("np.cov", normal((3, 6), 26), aweights=uniform((6,), 29, 0.5, 1), tol=1e-5)
case("np.cov", normal((6,), 26), tol=1e-5)

# ------------------------------------------------------------------------------------------ sorting and searching
for shape, axis in [((6,), -1), ((3, 5), 0), ((3, 5), 1), ((3, 5), None)]:
    for name in ["sort", "argsort"]:
        case(f"np.{name}", normal(shape, 30), axis=axis)
        case(f"np.{name}", integers(shape, 31, 0, 4), axis=axis, descending=True)
case("np.sort", edges("float32", subnormals=False), grad=False)
case("np.argsort", array([2, np.nan, -1, 0, -0.0, np.inf]), grad=False)
case("np.lexsort", [integers((6,), 32, 0, 3), integers((6,), 33, 0, 3)])
case("np.lexsort", [integers((2, 6), 32, 0, 3), integers((2, 6), 33, 0, 3)], axis=0)
for kth in (0, 2, -1):
    case("np.partition", normal((3, 6), 34), kth, axis=1)
    case("np.argpartition", normal((3, 6), 34), kth, axis=1)
    case("np.partition", integers((6,), 35, 0, 9, "uint8"), kth)
for side in ("left", "right"):
    for dtype in ("float32", "int32"):
        a = np.sort(integers((8,), 36, 0, 6)).astype(dtype)
        case("np.searchsorted", a, integers((3, 4), 37, -1, 8).astype(dtype), side=side, vmap=[1], grad=False)
case("np.searchsorted", normal((6,), 38), normal((4,), 39), sorter=np.argsort(normal((6,), 38)).astype("int32"), grad=False, vmap=False)
for right in (False, True):
    case("np.digitize", normal((6,), 40), array([-1.0, 0.0, 0.5, 2.0]), right=right, grad=False, vmap=[0])
    case("np.digitize", normal((6,), 40), array([2.0, 0.5, 0.0, -1.0]), right=right, grad=False, vmap=[0])
mask = booleans((3, 4), 41)
case("np.nonzero", mask, jit=False, vmap=False)
case("np.nonzero", mask, size=8, fill_value=-1)
case("np.flatnonzero", mask, size=5)
case("np.argwhere", mask, size=7, fill_value=9)
case("np.where", mask, size=6, vmap=False)
case("np.compress", array([1, 0, 1], "bool"), normal((3, 4), 42), axis=0, jit=False, vmap=False)
case("np.compress", array([1, 0, 1], "bool"), normal((3, 4), 42), axis=0, size=2, fill_value=5.0, vmap=[1])
case("np.extract", mask, normal((3, 4), 43), size=12, fill_value=-1.0, vmap=[1])
x, y = integers((9,), 44, 0, 6), integers((7,), 45, 2, 9)
for values in [x, x.astype("float32"), array([1, np.nan, 1, np.nan])]:
    case("np.unique", values, jit=False, vmap=False, grad=False)
    case("np.unique", values, size=5, fill_value=7, grad=False)
    case("np.unique", values, size=4, return_index=True, return_inverse=True, return_counts=True, grad=False)
case("np.unique", array([1, np.nan, 1, np.nan]), equal_nan=False, jit=False, vmap=False, grad=False)
case("np.unique", integers((5, 2), 46, 0, 2), axis=0, jit=False, vmap=False)
case("np.unique", integers((2, 5), 46, 0, 2), axis=1, size=3, return_index=True, return_inverse=True, return_counts=True)
case("np.uniqueValues", x, size=6)
case("np.union1d", x, y, jit=False, vmap=False)
case("np.union1d", x, y, size=12, fill_value=-1)
for name in ["intersect1d", "setdiff1d", "setxor1d"]:
    case(f"np.{name}", x, y, jit=False, vmap=False)
    case(f"np.{name}", x, y, size=6, fill_value=-1)
    case(f"np.{name}", np.arange(5, dtype="int32"), np.arange(3, 9, dtype="int32"), assume_unique=True, jit=False, vmap=False)
case("np.intersect1d", x, y, return_indices=True, jit=False, vmap=False)
case("np.intersect1d", x, y, return_indices=True, size=6, fill_value=-1)
for invert in (False, True):
    case("np.isin", integers((3, 4), 47), integers((5,), 48), invert=invert)

# ---------------------------------------------------------------------------------------------- bins and points
case("np.bincount", integers((9,), 49, 0, 6), jit=False, vmap=False)
case("np.bincount", integers((9,), 49, -2, 6), uniform((9,), 50), length=4, grad=[1], jax=lambda x, w, length: jnp.bincount(x, w, length=length), weft="bincount")
case("np.bincount", integers((9,), 49, 0, 6), minlength=9, jit=False, vmap=False)
for density in (None, True):
    case("np.histogram", normal((20,), 51), 5, density=density, grad=False, tol=1e-5)
    case("np.histogram", normal((20,), 51), array([-1.0, 0.0, 0.5, 2.0]), density=density, weights=uniform((20,), 52), grad=False, vmap=False)
    case("np.histogramdd", normal((15, 2), 53), 3, density=density, grad=False, vmap=False, tol=1e-5)
    case("np.histogram2d", normal((15,), 54), normal((15,), 55), [3, 4], density=density, grad=False, vmap=False, tol=1e-5)
case("np.histogram", integers((20,), 56), 4, range=[-5.0, 5.0], vmap=False)
case("np.histogramdd", normal((15, 2), 53), [3, array([-1.0, 0.0, 1.0])], range=[[-1.0, 1.0], None], weights=uniform((15,), 57), grad=False, vmap=False, tol=1e-5)
case("np.histogramBinEdges", normal((9,), 58), 4, tol=1e-5, grad=False)
xp, fp = array([-1.0, 0.0, 0.5, 2.0]), normal((4,), 59)
points = array([-2.0, -1.0, -0.3, 0.1, 0.5, 1.9, 2.0, 3.0])
case("np.interp", points, xp, fp, grad=[0, 2])
case("np.interp", points, xp, fp, options={"left": -7.0, "right": 9.0}, grad=[0, 2])
case("np.interp", points, xp, fp, options={"left": "extrapolate", "right": "extrapolate"}, grad=[0, 2])
case("np.interp", points, xp, fp, options={"period": 2.5}, grad=[2], tol=1e-5)
case("np.interp", points, array([0.0, 0.0, 1.0]), array([1.0, 2.0, 3.0]), grad=[2])

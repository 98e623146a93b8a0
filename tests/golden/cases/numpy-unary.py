"""Elementwise functions of one argument of jax.numpy: exponentials, trigonometry, rounding, parts of floats."""

from golden import *

# ------------------------------------------------------------------------------------------ floats, one argument
for name, low, high in [
    ("exp", -5, 5), ("exp2", -5, 5), ("expm1", -3, 3), ("log", 0.1, 9), ("log2", 0.1, 9), ("log10", 0.1, 9),
    ("log1p", -0.9, 9), ("sqrt", 0.1, 9), ("cbrt", 0.1, 9), ("sin", -9, 9), ("cos", -9, 9), ("tan", -1.4, 1.4),
    ("arcsin", -0.95, 0.95), ("arccos", -0.95, 0.95), ("arctan", -5, 5), ("sinh", -4, 4), ("cosh", -4, 4),
    ("tanh", -4, 4), ("arcsinh", -4, 4), ("arccosh", 1.1, 9), ("arctanh", -0.9, 0.9), ("sinc", -3, 3),
    ("square", -4, 4), ("reciprocal", 0.3, 4), ("deg2rad", -360, 360), ("rad2deg", -6, 6),
]:
    unary(f"np.{name}", low, high, subnormals=False, tol=1e-5, edge_grad=False)
for name in ["abs", "absolute", "fabs", "negative", "positive", "sign", "floor", "ceil", "trunc", "fix", "rint", "isnan",
             "isinf", "isfinite", "isposinf", "isneginf", "signbit", "real", "imag", "conj", "isreal", "iscomplex"]:
    if name == "fix":
        continue
    unary(f"np.{name}", -4, 4, second=False, subnormals=name in ("abs", "negative", "positive"), edge_grad=False)
for name in ["acos", "acosh", "asin", "asinh", "atan", "atanh", "degrees", "radians"]:
    case(f"np.{name}", uniform((5,), 3, 0.1, 0.9) + (1 if name == "acosh" else 0), tol=1e-5)
# Integers and bool become floats, or stay.
for name in ["exp", "sin", "log1p", "sqrt", "tanh", "arctan", "deg2rad", "sinc", "reciprocal", "fabs", "rint"]:
    for dtype in ("int32", "uint8", "bool"):
        case(f"np.{name}", booleans((4,), 1) if dtype == "bool" else integers((4,), 1, 1, 9, dtype), tol=1e-5)
for name in ["abs", "negative", "sign", "floor", "ceil", "trunc", "isnan", "isfinite", "isinf", "square", "positive", "round"]:
    for dtype in INTEGERS:
        case(f"np.{name}", edges(dtype))
for name in ["abs", "floor", "isnan", "square"]:
    case(f"np.{name}", booleans((4,), 2))
for name in ["exp", "log", "sin", "tanh", "sqrt", "expm1", "arctan"]:
    case(f"np.{name}", uniform((6,), 4, 0.1, 3, "float16"), tol=4e-3)
for decimals in (0, 1, 2, -1, 5):
    case("np.round", uniform((7,), 5, -300, 300), decimals)
case("np.around", uniform((7,), 6, -3, 3), 1)
case("np.round", array([0.5, 1.5, 2.5, -0.5, -1.5, 0.25]), 0)
case("np.round", array([0.25, 1.75, -3.35], "float16"), 1)
for deg in (False, True):
    case("np.angle", array([1.0, -2.0, 0.0, -0.0, np.inf, -np.inf]), deg=deg, vmap=False)
case("np.i0", uniform((3, 5), 7, -6, 6), second=True, tol=1e-5)
case("np.i0", array([0.0, 80.0, -80.0, 1e-3]), tol=1e-5)
case("np.frexp", uniform((3, 4), 8, -50, 50), grad=False)
case("np.frexp", array([0.0, -0.0, 1.0, 0.5, 3.0, 1e30, -1e-30, np.inf, -np.inf, np.nan]), grad=False)
case("np.frexp", array([1.0, 3.0, 1e-4, 65504.0], "float16"), grad=False)
case("np.frexp", uniform((5,), 9, -5, 5, "float64"), grad=False)
case("np.frexp", integers((4,), 1), grad=False)
case("np.modf", uniform((3, 4), 10, -9, 9), grad=False)
case("np.modf", array([0.0, -0.0, 1.5, -2.5]), grad=False)
case("np.spacing", array([1.0, 2.0, 1e10, 0.1, -3.0]), grad=False)
case("np.spacing", uniform((5,), 11, -9, 9, "float64"), grad=False)
case("np.nanToNum", edges("float32"), grad=False)
case("np.nanToNum", edges("float32"), nan=1.5, posinf=2.5, neginf=-3.5, grad=False)
case("np.nanToNum", integers((3,), 1))
case("np.nanToNum", array([1.0, np.nan, np.inf], "float16"))

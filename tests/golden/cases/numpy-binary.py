"""Arithmetic of two arguments of jax.numpy, and remainders and powers of integers."""

from golden import *

# ----------------------------------------------------------------------------------------- floats, two arguments
for name, low, high in [("add", -3, 3), ("subtract", -3, 3), ("multiply", -3, 3), ("trueDivide", 0.5, 3), ("arctan2", -3, 3),
                        ("hypot", -3, 3), ("logaddexp", -3, 3), ("logaddexp2", -3, 3), ("floatPower", 0.5, 3)]:
    binary(f"np.{name}", low, high, tol=1e-5, **({"second": False} if name == "hypot" else {}))
for name in ["maximum", "minimum", "fmax", "fmin", "copysign", "nextafter", "heaviside"]:
    grad = name not in ("nextafter", "heaviside", "copysign")
    binary(f"np.{name}", -3, 3, second=False, grad=grad)
for name in ["remainder", "fmod", "floorDivide"]:
    for dtype in ("float32", "float64"):
        case(f"np.{name}", uniform((4, 5), 12, -9, 9, dtype), uniform((4, 5), 13, 0.5, 3, dtype), grad=name != "floorDivide")
    case(f"np.{name}", array([5.5, -5.5, 5.5, -5.5, 0.0, 3.0]), array([2.0, 2.0, -2.0, -2.0, 2.0, 0.0]), grad=False)
for dtype in ("int32", "int8"):
    x, y = edge_pairs(dtype)
    for name in ["remainder", "fmod", "floorDivide", "add", "subtract", "multiply", "maximum", "minimum"]:
        if name in ("remainder", "fmod", "floorDivide"):
            ok = (y != 0) & ~((y == -1) & (x == np.iinfo(dtype).min))
            case(f"np.{name}", x[ok], y[ok])
        else:
            case(f"np.{name}", x, y)
for dtype in ("uint32", "uint8"):
    x, y = edge_pairs(dtype)
    for name in ["remainder", "floorDivide", "add", "subtract", "multiply", "maximum", "minimum"]:
        case(f"np.{name}", x[y != 0], y[y != 0])
for name in ["divmod"]:
    case(f"np.{name}", uniform((6,), 14, -9, 9), uniform((6,), 15, 0.5, 3), grad=False)
    case(f"np.{name}", integers((6,), 16, -9, 9), integers((6,), 17, 1, 5))
for y in (2, 3, -1, -2, 0, 1, 0.5):
    case("np.power", uniform((5,), 18, 0.5, 3), y, second=True)
binary("np.power", 0.3, 3, tol=1e-5)
case("np.power", integers((4,), 19, -5, 5), integers((4,), 20, 0, 6))
case("np.power", integers((4,), 19, 0, 5, "uint8"), integers((4,), 20, 0, 6, "uint8"))
case("np.pow", uniform((5,), 21, 0.5, 3), uniform((5,), 22, -2, 2), tol=1e-5)
case("np.ldexp", uniform((5,), 23, -3, 3), integers((5,), 24, -20, 20))
case("np.ldexp", array([1.0, 1e-38, 1e38, -1.0]), array([127, 100, -200, -126], "int32"), grad=False)

"""Promotion, broadcasting, comparisons, logic, bits and integers of jax.numpy."""

from golden import *

# Promotion: each with each, and with numbers.
for a in ("bool", "int8", "uint8", "int16", "int32", "uint32", "float16", "float32"):
    for b in ("bool", "int8", "uint16", "int32", "uint32", "float16", "float32"):
        make = lambda d, s: booleans((3,), s) if d == "bool" else integers((3,), s, 0, 5, d) if "int" in d else uniform((3,), s, 0, 2, d)
        case("np.add", make(a, 1), make(b, 2), vmap=False, grad=False, tol=2e-3 if "float16" in (a, b) else None)
for value in (2, 1.5, True):
    for dtype in ("int8", "uint8", "int32", "float16", "float32"):
        x = integers((3,), 3, 0, 5, dtype) if "int" in dtype else uniform((3,), 3, 0, 2, dtype)
        case("np.multiply", x, value, vmap=False, grad=False, tol=2e-3 if dtype == "float16" else None)
for shapes in [((), (3,)), ((2, 1), (1, 3)), ((4, 1, 2), (3, 1)), ((0, 3), (3,)), ((1,), (0,))]:
    case("np.add", normal(shapes[0], 25), normal(shapes[1], 26), second=True)
    case("np.multiply", normal(shapes[0], 27), normal(shapes[1], 28), second=True)

for bounds in [(-1.0, 1.0), (None, 0.5), (-0.5, None), (1.0, -1.0)]:
    case("np.clip", normal((3, 4), 29), *bounds)
case("np.clip", integers((6,), 30), 2, 5)
case("np.clip", normal((3, 4), 31), normal((4,), 32) - 1, normal((3, 1), 33) + 1)

# ----------------------------------------------------------------------------------------- comparisons and logic
for name in ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"]:
    x, y = edge_pairs("float32", few=True)
    case(f"np.{name}", x, y, vmap=False)
    for dtype in ("int32", "uint32", "uint8"):
        case(f"np.{name}", *edge_pairs(dtype))
    case(f"np.{name}", booleans((5,), 1), booleans((5,), 2))
    case(f"np.{name}", normal((3, 1), 1), normal((4,), 2))
for name in ["logicalAnd", "logicalOr", "logicalXor"]:
    case(f"np.{name}", booleans((6,), 3), booleans((6,), 4))
    case(f"np.{name}", array([0, -0.0, np.nan, 1]), array([1, 0, 1, 2], "int32"))
case("np.logicalNot", array([0, -0.0, np.nan, 1]))
for name in ["bitwiseAnd", "bitwiseOr", "bitwiseXor"]:
    for dtype in ("int32", "uint8", "int16"):
        case(f"np.{name}", *edge_pairs(dtype))
    case(f"np.{name}", booleans((6,), 3), booleans((6,), 4))
for name in ["bitwiseNot", "invert", "bitwiseInvert", "bitwiseCount"]:
    for dtype in ("int32", "uint8"):
        case(f"np.{name}", edges(dtype))
for name in ["leftShift", "rightShift", "bitwiseLeftShift", "bitwiseRightShift"]:
    for dtype in ("int32", "uint32", "int8", "uint8"):
        case(f"np.{name}", edges(dtype), np.resize(np.arange(7), edges(dtype).shape).astype(dtype))
case("np.where", booleans((3, 4), 5), normal((3, 4), 6), normal((4,), 7), second=True)
case("np.where", booleans((3, 1), 5), normal((4,), 6), 0.0)
case("np.where", array([0, 1, 2], "int32"), 1, 2.5, vmap=False)
case("np.select", [booleans((4,), 8), booleans((4,), 9)], [normal((4,), 10), normal((4,), 11)], -1.0)
case("np.select", [booleans((4,), 8), booleans((), 9)], [integers((4,), 10), integers((), 11)])
for equal_nan in (False, True):
    x = array([1.0, np.nan, np.inf, -np.inf, 1.0 + 1e-6, 0.0, 1e-9])
    case("np.isclose", x, array([1.0, np.nan, np.inf, np.inf, 1.0, 1e-9, 0.0]), equal_nan=equal_nan)
case("np.isclose", normal((5,), 12), normal((5,), 12) + 0.01, rtol=0.05, atol=0.0)
case("np.isclose", integers((5,), 1), integers((5,), 1) + 1)
case("np.allclose", normal((5,), 12), normal((5,), 12))
case("np.arrayEqual", normal((5,), 12), normal((5,), 12))
case("np.arrayEqual", normal((5,), 12), normal((4,), 12))
case("np.arrayEqual", array([1, np.nan]), array([1, np.nan]), equal_nan=True)
for shapes in [((3,), (3,)), ((3,), (1, 3)), ((2, 1), (1, 3))]:
    case("np.arrayEquiv", np.ones(shapes[0], "float32"), np.ones(shapes[1], "float32"))

# -------------------------------------------------------------------------------------------------------- integers
case("np.gcd", integers((20,), 1, -60, 60), integers((20,), 2, -60, 60))
case("np.gcd", integers((3, 1), 1, 0, 60), integers((4,), 2, 0, 60))
case("np.lcm", integers((20,), 1, -30, 30), integers((20,), 2, -30, 30))
case("np.gcd", edges("uint8"), edges("uint8")[::-1].copy())
case("np.gcd", array([0, 0, 5, 12], "int32"), array([0, 7, 0, 18], "int32"))
for shape, axis in [((16,), None), ((3, 9), 1), ((10, 2), 0), ((3, 5), None), ((2, 3, 8), -1)]:
    for order in ("big", "little"):
        bits = booleans(shape, 6)
        case("np.packbits", bits, axis=axis, bitorder=order)
        case("np.unpackbits", integers(shape, 7, 0, 256, "uint8"), axis=axis, bitorder=order)
case("np.packbits", integers((9,), 3, 0, 3))
for count in (3, 20, -2):
    if count > 0:
        case("np.unpackbits", integers((2,), 8, 0, 256, "uint8"), count=count)

"""Activations, softmax and its kin, one-hot, standardize, attention, initializers."""

import jax.nn.initializers as initializers

from golden import *

# Smooth ones first; the second derivative of the rest is recorded too: it is that of their pieces.
for name in ["sigmoid", "softplus", "silu", "mish", "logSigmoid", "squareplus", "softSign"]:
    unary(f"nn.{name}", low=-6, high=6, tol=4e-6)
for name in ["elu", "celu", "selu", "sparsePlus"]:
    unary(f"nn.{name}", low=-4, high=4, tol=4e-6)
for name in ["relu", "relu6", "leakyRelu", "hardTanh", "hardSigmoid", "hardSilu"]:
    unary(f"nn.{name}", low=-8, high=8, second=False)
unary("nn.gelu", low=-6, high=6, tol=4e-6)
for dtype in ("float32", "float64"):
    case("nn.gelu", uniform((3, 5), 9, -6, 6, dtype), approximate=False, second=dtype == "float32", tol=1e-5 if dtype == "float32" else None)
    case("nn.gelu", edges(dtype), approximate=False, grad=False)
for alpha in (0.25, 2.0):
    case("nn.elu", uniform((7,), 1, -4, 4), alpha, second=True)
    case("nn.celu", uniform((7,), 2, -4, 4), alpha, second=True)
    case("nn.leakyRelu", uniform((7,), 3, -4, 4), alpha)
case("nn.squareplus", uniform((7,), 4, -4, 4), 0.5, second=True)
case("nn.relu", integers((5,), 1))
case("nn.relu6", integers((5,), 2))
case("nn.relu", edges("int32"))
for name in ["relu", "silu", "gelu", "elu", "softplus", "sigmoid", "hardSilu"]:
    case(f"nn.{name}", uniform((6,), 5, -4, 4, "float16"), tol=4e-3)
for shape, axis in [((6,), -1), ((4, 3), 0), ((2, 3, 4), 1), ((2, 3, 4), 2)]:
    if shape[axis] % 2 == 0:
        case("nn.glu", normal(shape, 6), axis, second=True)

# ------------------------------------------------------------------------------------------------------- softmax
for name in ["softmax", "logSoftmax"]:
    for shape, axis in [((5,), -1), ((3, 5), 0), ((3, 5), 1), ((2, 3, 4), (0, 2)), ((2, 3, 4), 1), ((1, 4), 0), ((3, 1), 1)]:
        case(f"nn.{name}", normal(shape, 7, scale=3), axis, second=len(shape) < 3)
    case(f"nn.{name}", normal((3, 5), 8, "float64"), 1)
    case(f"nn.{name}", normal((3, 5), 8, "float16"), 1, tol=4e-3)
    for values in [[1, -np.inf, 1000, 1000], [-np.inf, -np.inf, 0], [np.inf, 0, 1], [np.nan, 0, 1], [1e30, -1e30, 0], [3e38, 3e38]]:
        case(f"nn.{name}", array(values), -1)
    case(f"nn.{name}", normal((3, 5), 9), -1, options={"where": booleans((3, 5), 1) | np.eye(3, 5, dtype=bool)}, grad=[0])
for shape, axis in [((5,), None), ((3, 5), 0), ((3, 5), (0, 1)), ((2, 3, 4), 2)]:
    for name in ["logsumexp", "logmeanexp"]:
        for keepdims in (False, True):
            case(f"nn.{name}", normal(shape, 10, scale=3), axis=axis, keepdims=keepdims, second=True)
case("nn.logsumexp", normal((3, 5), 11), axis=1, b=normal((3, 5), 12) ** 2)
case("nn.logsumexp", normal((3, 5), 11), axis=1, b=normal((3, 5), 12), return_sign=True)
case("nn.logsumexp", normal((3, 5), 11), axis=1, where=booleans((3, 5), 2) | np.eye(3, 5, dtype=bool), grad=[0])
for values in [[-np.inf, -np.inf], [np.inf, 0], [np.nan, 0], [1000, 1000], [-1000, -1001]]:
    case("nn.logsumexp", array(values))

# ------------------------------------------------------------------------------- one-hot, standardize, attention
case("nn.oneHot", array([0, 2, 1, -1, 7], "int32"), 4)
case("nn.oneHot", array([[0, 2], [1, 3]], "int32"), 4)
case("nn.oneHot", array([0, 2, 1], "uint8"), 3, dtype="float32")
for axis in (0, 1, -1):
    case("nn.oneHot", array([[0, 2], [1, 3]], "int32"), 4, axis=axis)
for dtype in ("int32", "bool", "float16"):
    case("nn.oneHot", array([0, 2, 1], "int32"), 3, dtype=dtype)
for shape, axis in [((5,), -1), ((3, 5), 0), ((3, 5), (0, 1)), ((2, 3, 4), -1)]:
    case("nn.standardize", normal(shape, 13), axis=axis, second=len(shape) < 3, tol=4e-6)
case("nn.standardize", normal((3, 5), 13), epsilon=0.1)
case("nn.standardize", normal((3, 5), 13), mean=normal((3, 1), 1), variance=uniform((3, 1), 2, 0.5, 2))
case("nn.standardize", normal((3, 5), 13), where=booleans((3, 5), 3) | np.eye(3, 5, dtype=bool), grad=[0])

q, k, v = normal((2, 4, 2, 3), 1), normal((2, 5, 2, 3), 2), normal((2, 5, 2, 3), 3)
attention = dict(tol=1e-5, vmap=False)
case("nn.dotProductAttention", q, k, v, second=True, tol=1e-5)
case("nn.dotProductAttention", q, k, v, **attention, options=dict(scale=0.5))
case("nn.dotProductAttention", q, q, q, **attention, options=dict(is_causal=True))
case("nn.dotProductAttention", q, k, v, **attention, options=dict(bias=normal((1, 2, 4, 5), 4)))
case("nn.dotProductAttention", q, k, v, **attention, options=dict(mask=booleans((2, 2, 4, 5), 4) | (np.arange(5) == 1)))
case("nn.dotProductAttention", q[0], k[0], v[0], **attention)
case("nn.dotProductAttention", normal((1, 3, 4, 2), 5), normal((1, 3, 2, 2), 6), normal((1, 3, 2, 2), 7), **attention)

# -------------------------------------------------------------------------------------------------- initializers
def initialize(name, key, shape, dtype, options):
    return getattr(initializers, name)(**options)(key, tuple(shape), dtype)


def initializer(name, shape, dtype="float32", tol=None, **options):
    snake = "".join("_" + c.lower() if c.isupper() else c for c in name)
    case("nn.initializers", name, key(5), list(shape), dtype, options, weft="initialize", tol=tol,
         jax=lambda _, *rest: initialize(snake, *rest),
         name=f"nn.initializers.{name}({', '.join(f'{k}={v}' for k, v in options.items())})(key, {list(shape)}, {dtype})")


for name in ["glorotUniform", "glorotNormal", "lecunUniform", "lecunNormal", "heUniform", "heNormal"]:
    for shape in [(4, 6), (3, 2, 4, 5), (1, 7)]:
        initializer(name, shape)
    initializer(name, (4, 6), "float64")
    # float16 is computed in float32 inside a kernel, and rounded only at its end.
    initializer(name, (4, 6), "float16", tol=5e-3)

"""jax.nn beyond the common ones: further activations, all options of attention, all initializers."""

import jax.nn.initializers as initializers

from golden import *

unary("nn.sparseSigmoid", low=-3, high=3, second=False, edge_grad=False)
case("nn.log1mexp", uniform((3, 5), 1, 0.05, 6), second=True, tol=4e-6)
case("nn.log1mexp", array([1e-6, 0.1, 0.69, 0.7, 1, 20, 100, np.inf]), grad=False, vmap=False)
case("nn.log1mexp", uniform((7,), 2, 0.05, 6, "float64"))
case("nn.tanh", normal((5,), 1), second=True)
case("nn.identity", normal((5,), 1))
for algorithm in ("fast", "stable"):
    case("nn.standardize", normal((3, 5), 13), algorithm=algorithm, second=True, tol=4e-6)
case("nn.logmeanexp", normal((3, 5), 2), options={"axis": 1, "where": booleans((3, 5), 2) | np.eye(3, 5, dtype=bool)}, grad=[0], vmap=False)

# ------------------------------------------------------------------------------------------------------ attention
q, k, v = normal((2, 4, 4, 3), 1), normal((2, 5, 2, 3), 2), normal((2, 5, 2, 3), 3)
lengths = array([2, 4], "int32")
more = dict(tol=1e-5, vmap=False)
case("nn.dotProductAttention", q, k, v, second=True, tol=1e-5)
case("nn.dotProductAttention", q, k, v, **more, grad=[0, 1, 2], options=dict(query_seq_lengths=lengths))
case("nn.dotProductAttention", q, k, v, **more, grad=[0, 1, 2], options=dict(key_value_seq_lengths=lengths))
case("nn.dotProductAttention", q, k, v, **more, grad=[0, 1, 2],
     options=dict(query_seq_lengths=lengths, key_value_seq_lengths=lengths, is_causal=True))
for window in (1, (2, 0), (0, 3)):
    case("nn.dotProductAttention", q, k, v, **more, options=dict(local_window_size=window))
case("nn.dotProductAttention", q, k, v, **more, options=dict(local_window_size=1, is_causal=True))
for shape in [(1, 1, 4, 5), (2, 4, 4, 5), (1, 4, 1, 5), (2, 1, 4, 1)]:
    # A bias that is the same for all keys has no gradient: what is left of it is rounding.
    case("nn.dotProductAttention", q, k, v, **more, atol=1e-6, options=dict(bias=normal(shape, 4)))
    case("nn.dotProductAttention", q, k, v, **more, grad=[0, 1, 2], options=dict(mask=booleans(shape, 5)))
case("nn.dotProductAttention", q, k, v, **more, options=dict(bias=normal((4, 5), 6)))
case("nn.dotProductAttention", q[0], k[0], v[0], **more, options=dict(is_causal=True, scale=2.0))
case("nn.dotProductAttention", q, k, v, **more, options=dict(return_residual=True))
case("nn.dotProductAttention", q[0], k[0], v[0], **more, options=dict(return_residual=True))
half = [x.astype("float16") for x in (q, k, v)]
case("nn.dotProductAttention", *half, tol=4e-3, grad=False, vmap=False)


# -------------------------------------------------------------------------------------------------- initializers
def snake(name):
    return "".join("_" + c.lower() if c.isupper() else c for c in name)


def initialize(name, args, key, shape, dtype, options):
    made = getattr(initializers, name)
    made = made if name in ("zeros", "ones") else made(*args, **{snake(k): tuple(v) if isinstance(v, list) else v for k, v in options.items()})
    return made(key, tuple(shape), dtype)


def initializer(name, shape, *args, dtype="float32", tol=2e-6, **options):
    text = ", ".join([*map(str, args), *(f"{k}={v}" for k, v in options.items())])
    case("nn.initializers", name, list(args), key(6), list(shape), dtype, options, weft="initialize", tol=tol,
         vmap=False, jax=lambda _, *rest: initialize(snake(name), *rest),
         name=f"nn.initializers.{name}({text})(key, {list(shape)}, {dtype})")


initializer("zeros", (2, 3))
initializer("ones", (2, 3), dtype="int32")
initializer("constant", (2, 3), 2.5)
for name in ("uniform", "normal", "truncatedNormal"):
    initializer(name, (3, 4))
    initializer(name, (3, 4), 0.5)
    initializer(name, (3, 4), 0.5, dtype="float64", tol=1e-13)
for distribution in ("truncated_normal", "normal", "uniform"):
    for mode in ("fan_in", "fan_out", "fan_avg", "fan_geo_avg"):
        initializer("varianceScaling", (3, 4, 5), 2.0, mode, distribution)
    initializer("varianceScaling", (3, 4, 5), 1.5, "fan_avg", distribution, inAxis=0, outAxis=2)
    initializer("varianceScaling", (3, 4, 5), 1.5, "fan_in", distribution, inAxis=[0, 1], outAxis=-1)
    initializer("varianceScaling", (3, 4, 5), 1.5, "fan_in", distribution, inAxis=1, outAxis=2, batchAxis=[0])
for name in ("xavierUniform", "kaimingNormal"):
    initializer(name, (4, 6), inAxis=1, outAxis=0)
initializer("lecunNormal", (6,), inAxis=0, outAxis=0)
for shape in [(3, 3), (2, 5), (5, 2), (2, 3, 4)]:
    for column in (-1, 0):
        initializer("orthogonal", shape, 1.5, column, tol=4e-6)
for shape in [(3, 2, 4), (3, 4, 2, 2), (2, 3, 4, 2, 3)]:
    initializer("deltaOrthogonal", shape, tol=4e-6)

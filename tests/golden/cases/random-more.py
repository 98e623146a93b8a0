"""Random numbers beyond the common ones: spans that are no power of two, modes, further distributions, keys."""

from golden import *

MODES = (True, False)

# uniform is a fused multiply-add in XLA: equal bit for bit, whatever the span.
for mode in MODES:
    for low, high in [(-3.0, 7.0), (0.1, 0.4), (-1.0, 1.3), (1e-3, 1e4), (1000.0, 1000.1), (5.0, 2.0), (3.0, 3.0)]:
        case("random.uniform", key(31), (1000,), minval=low, maxval=high, exact=True, partitionable=mode, vmap=False)
case("random.uniform", key(31), (1000,), dtype="float64", minval=-3.0, maxval=7.0, exact=True, vmap=False)
case("random.uniform", key(31), (1000,), dtype="float64", minval=0.1, maxval=0.4, exact=True, vmap=False)
# float16 is computed in float32 inside a kernel, and rounded only at its end.
case("random.uniform", key(31), (1000,), dtype="float16", minval=-3.0, maxval=7.0, tol=1e-3, vmap=False)
case("random.uniform", key(32), (2, 3), minval=array([-1.5, 0.3, 2]), maxval=array([1, 0.7, 9]), exact=True,
     grad=False, vmap=False)
for dtype in ("float32", "float64"):
    # In float32 JAX's bits. In float64 XLA's erf_inv is off by up to 29 ULP here (against scipy), Weft's by 2.
    case("random.normal", key(33), (1000,), dtype=dtype, ulp=0 if dtype == "float32" else 32, vmap=False)
    case("random.truncatedNormal", key(33), -1.5, 0.7, (100,), dtype=dtype, tol=2e-6 if dtype == "float32" else 1e-13)

for mode in MODES:
    for p in (0.25, 1e-6, 1.0):
        case("random.bernoulli", key(34), p, (50,), mode="high", exact=True, partitionable=mode, vmap=False)
    for kind in ("low", "high", "highest"):
        case("random.gumbel", key(35), (200,), mode=kind, tol=2e-6, partitionable=mode, vmap=False)
        case("random.categorical", key(36), normal((5, 4), 1), mode=kind, exact=True, grad=False, vmap=False,
             partitionable=mode)
    case("random.gumbel", key(35), (200,), mode="high", dtype="float64", tol=1e-14, partitionable=mode, vmap=False)
    case("random.choice", key(36), 5, (3,), p=array([0.1, 0.2, 0.3, 0.2, 0.2]), replace=False, mode="high", exact=True,
         partitionable=mode, vmap=False)
    case("random.doubleSidedMaxwell", key(37), 0.5, 2.0, (3, 4), tol=2e-6, partitionable=mode)
    case("random.doubleSidedMaxwell", key(37), array([0.5, 1]), array([2, 3]), (3,), tol=2e-6, partitionable=mode,
         vmap=False)
    case("random.wald", key(38), array([0.5, 1, 3]), tol=4e-6, partitionable=mode, second=True)
    case("random.wald", key(38), array([0.5, 1, 3]), (2, 3), tol=4e-6, partitionable=mode, vmap=False)

case("random.clone", key(39), exact=True)
case("random.keyData", array([4, 5], "uint32"), exact=True)
case("random.split", key(39), (2, 2), exact=True)

# ---------------------------------------------------------------------------------------------- vectors, matrices
mean, cov = normal((3,), 1), spd(3, 2)
case("random.multivariateNormal", key(40), mean, cov, tol=4e-6)
case("random.multivariateNormal", key(40), mean, cov, (2, 4), method="cholesky", tol=4e-6, vmap=False)
case("random.multivariateNormal", key(40), normal((2, 3), 1), spd(3, 2), tol=4e-6, vmap=False)
case("random.multivariateNormal", key(40), mean, cov, (5,), partitionable=False, tol=4e-6, vmap=False)
for shape in ((), (2,)):
    case("random.orthogonal", key(41), 4, shape, tol=4e-6, vmap=False)
    case("random.orthogonal", key(41), 2, shape, m=5, tol=4e-6, vmap=False)
    case("random.orthogonal", key(41), 5, shape, m=2, tol=4e-6, vmap=False)
for p in (1.0, 2.0, 3.5):
    case("random.ball", key(42), 3, p, (4,), tol=1e-5, vmap=False)

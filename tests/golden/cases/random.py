"""Keys, bits, distributions, permutations and choices, in both modes of threefry."""

from golden import *

MODES = (True, False)
SHAPES = [(), (7,), (3, 4), (2, 3, 5), (0, 3), (129,)]

# ---------------------------------------------------------------------------------------------------------- keys
for seed in (0, 1, 42, -1, -7, 2**31 - 1, -(2**31), 123456789):
    case("random.key", seed, exact=True)
    case("random.PRNGKey", seed, exact=True)
for mode in MODES:
    for count in (1, 2, 3, 8, (2, 3)):
        case("random.split", key(42), count, exact=True, partitionable=mode)
        case("random.split", array([3, 9], "uint32"), count, exact=True, partitionable=mode)
for data in (0, 1, 7, 2**31 - 1, 2**31 + 5, 2**32 - 1):
    case("random.foldIn", key(42), data, exact=True)
case("random.foldIn", key(42), array(3, "uint32"), exact=True)
case("random.keyData", key(5, 3), exact=True)
case("random.wrapKeyData", array([[1, 2], [3, 4]], "uint32"), exact=True)

# ------------------------------------------------------------------------------------------- bits and integers
for mode in MODES:
    for shape in SHAPES:
        for dtype in ("uint32", "uint16", "uint8"):
            case("random.bits", key(1), shape, dtype=dtype, exact=True, partitionable=mode)
        for low, high in [(0, 10), (-5, 5), (0, 2**31 - 1), (-(2**31), 2**31 - 1), (3, 3), (7, 2)]:
            if shape in [(7,), (3, 4)] or (low, high) == (0, 10):
                case("random.randint", key(2), shape, low, high, exact=True, partitionable=mode)
    for dtype, low, high in [("uint8", 0, 256), ("uint8", 10, 20), ("int8", -128, 128), ("int16", -300, 300),
                             ("uint16", 0, 65536), ("uint32", 0, 2**31 - 1)]:
        case("random.randint", key(3), (9,), low, high, dtype=dtype, exact=True, partitionable=mode)
    case("random.randint", key(3), (2, 3), array([0, 5, 10], "int32"), array([[1], [100]], "int32"), exact=True,
         partitionable=mode, vmap=[0])
    # --------------------------------------------------------------------------------- uniform numbers and normals
    for shape in SHAPES:
        for dtype in ("float32", "float64", "float16"):
            if dtype == "float32" or shape in [(7,), (3, 4)]:
                case("random.uniform", key(4), shape, dtype=dtype, exact=True, partitionable=mode)
                # float32 to the last bit: erf_inv is XLA's, its log1p and fused sums included. In float64 it is not.
                case("random.normal", key(5), shape, dtype=dtype, ulp=16 if dtype == "float64" else 0, partitionable=mode)
    for low, high in [(-1.0, 1.0), (2.0, 3.5), (0.0, 1e-3), (-100.0, 100.0)]:
        case("random.uniform", key(6), (33,), minval=low, maxval=high, tol=1e-7, partitionable=mode)
    case("random.uniform", key(6), (2, 3), minval=array([0, 1, 2]), maxval=array([1, 3, 2.5]), tol=2e-7, vmap=[0],
         partitionable=mode, second=True)
    # ------------------------------------------------------------------------- distributions without parameters
    for name in ("exponential", "gumbel", "laplace", "logistic", "cauchy", "maxwell"):
        for shape in SHAPES:
            case(f"random.{name}", key(7), shape, tol=4e-6, partitionable=mode)
        if mode:
            case(f"random.{name}", key(7), (3, 4), dtype="float64", tol=1e-12)
            case(f"random.{name}", key(7), (3, 4), dtype="float16", tol=6e-3)
    for dtype in ("int32", "float32", "int8"):
        case("random.rademacher", key(8), (3, 4), dtype=dtype, exact=True, partitionable=mode)
    # ------------------------------------------------------------------------------------------ with parameters
    for p in (0.0, 0.25, 0.5, 1.0):
        case("random.bernoulli", key(9), p, (11,), exact=True, partitionable=mode)
    case("random.bernoulli", key(9), array([0.1, 0.5, 0.9]), exact=True, partitionable=mode)
    case("random.bernoulli", key(9), array([0.1, 0.5, 0.9]), (2, 3), exact=True, partitionable=mode)
    for low, high in [(-2.0, 2.0), (0.0, 1.0), (-np.inf, 0.5), (1.5, 3.0)]:
        for shape in ((), (7,), (3, 4)):
            case("random.truncatedNormal", key(10), low, high, shape, tol=4e-6, partitionable=mode)
    case("random.truncatedNormal", key(10), array([-2, -1]), array([1, 2]), (3, 2), tol=4e-6, vmap=[0],
         partitionable=mode)
    for shape in ((), (7,), (3, 4)):
        case("random.lognormal", key(11), 0.5, shape, tol=4e-6, partitionable=mode)
        case("random.pareto", key(12), 2.5, shape, tol=4e-6, partitionable=mode)
        case("random.rayleigh", key(13), 1.5, shape, tol=4e-6, partitionable=mode)
        case("random.weibullMin", key(14), 1.5, 2.5, shape, tol=4e-6, partitionable=mode)
        case("random.triangular", key(15), -1.0, 0.5, 2.0, shape, tol=4e-6, partitionable=mode)
        case("random.geometric", key(16), 0.3, shape, exact=True, partitionable=mode)
    a, b = array([0.5, 1.5, 2.5]), array([[1.0], [3.0]])
    case("random.lognormal", key(11), a, (2, 3), second=True, tol=4e-6, partitionable=mode)
    case("random.pareto", key(12), a, (2, 3), second=True, tol=4e-6, partitionable=mode)
    case("random.rayleigh", key(13), a, (2, 3), second=True, tol=4e-6, partitionable=mode)
    case("random.weibullMin", key(14), a, b, (2, 3), second=True, tol=4e-6, partitionable=mode)
    case("random.triangular", key(15), -a, array([0.0, 0.1, 0.2]), b, (2, 3), second=True, tol=4e-6,
         partitionable=mode)
    case("random.geometric", key(16), array([0.1, 0.5, 0.9]), (2, 3), exact=True, partitionable=mode)
    # ---------------------------------------------------------------------- classes, permutations and choices
    logits = normal((4, 5), 1)
    case("random.categorical", key(17), logits, exact=True, partitionable=mode, grad=False)
    case("random.categorical", key(17), logits, axis=0, exact=True, partitionable=mode)
    case("random.categorical", key(17), logits, shape=(3, 4), exact=True, partitionable=mode)
    case("random.categorical", key(17), logits[0], shape=(3,), replace=False, exact=True, partitionable=mode)
    case("random.categorical", key(17), array([0, -np.inf, 1, -np.inf]), shape=(9,), exact=True, partitionable=mode)
    for n in (0, 1, 2, 10, 100):
        case("random.permutation", key(18), n, exact=True, partitionable=mode)
    for shape, axis in [((7,), 0), ((4, 5), 0), ((4, 5), 1)]:
        for independent in (False, True):
            case("random.permutation", key(18), normal(shape, 2), axis=axis, independent=independent, exact=True,
                 partitionable=mode)
    case("random.permutation", key(18), integers((6,), 3), exact=True, partitionable=mode)
    case("random.choice", key(19), 10, (6,), exact=True, partitionable=mode)
    case("random.choice", key(19), 10, (6,), replace=False, exact=True, partitionable=mode)
    case("random.choice", key(19), normal((5,), 3), (2, 3), exact=True, partitionable=mode)
    case("random.choice", key(19), normal((5, 3), 3), (4,), exact=True, partitionable=mode)
    case("random.choice", key(19), normal((5, 3), 3), (2,), axis=1, exact=True, partitionable=mode)
    chances = array([0.1, 0.2, 0.3, 0.4])
    case("random.choice", key(19), 4, (8,), p=chances, exact=True, partitionable=mode, vmap=[0])
    case("random.choice", key(19), 4, (3,), p=chances, replace=False, exact=True, partitionable=mode, vmap=[0])

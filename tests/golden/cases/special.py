"""scipy.special and the special functions of lax."""

import numpy as np

from golden import *

S = "scipy.special."


def smooth(path, low, high, *, more=(), edge=True, tol=None, tol64=None, second=True, **settings):
    """A function of one argument in its domain and at the edges of float32 and float64."""
    case(path, uniform((3, 5), 1, low, high), second=second, tol=tol, **settings)
    case(path, uniform((7,), 2, low, high, "float64"), second=second, tol=tol64, **settings)
    case(path, uniform((), 3, low, high), second=second, tol=tol, **settings)
    if len(more):
        case(path, array(more), tol=tol, vmap=False, **settings)
        case(path, array(more, "float64"), tol=tol64, vmap=False, **settings)
    if edge:
        rest = {k: v for k, v in settings.items() if k != "grad"}
        case(path, normal_edges("float32"), grad=False, vmap=False, tol=tol, **rest)
        case(path, normal_edges("float64"), grad=False, vmap=False, tol=tol64, **rest)


def normal_edges(dtype):
    """Edges without subnormal numbers, which XLA takes for 0 here."""
    e = edges(dtype)
    return e[(e == 0) | ~(np.abs(e) < np.finfo(dtype).tiny)]


def several(path, *ranges, second=False, tol=None, tol64=None, seed=0, **settings):
    """A function of several arguments: one shape, broadcast, float64, a number last."""
    draw = lambda shape, dtype="float32": [uniform(shape, seed + i, a, b, dtype) for i, (a, b) in enumerate(ranges)]
    case(path, *draw((3, 5)), second=second, tol=tol, **settings)
    case(path, *draw((6,), "float64"), second=second, tol=tol64, **settings)
    if path.startswith("lax."):
        return  # lax does not broadcast.
    x = draw((4,))
    case(path, x[0].reshape(4, 1), *x[1:], tol=tol, vmap=False, **settings)


def grid(path, *values, tol=None, tol64=None, **settings):
    """Every combination of the given values, in float32 and float64, without derivatives."""
    for dtype in ("float32", "float64"):
        mesh = [x.ravel() for x in np.meshgrid(*[np.array(v, dtype) for v in values], indexing="ij")]
        case(path, *mesh, grad=False, vmap=False, tol=tol if dtype == "float32" else tol64, **settings)


INF, NAN = np.inf, np.nan

# ------------------------------------------------------------------------------------------------------------- lax

# JAX is 22 ULP off here, Weft 3.5 at most.
smooth("lax.lgamma", 0.2, 9, more=[-0.5, -1.5, -2.25, 20, 1e5], tol=3e-6, tol64=1e-14)
smooth("lax.digamma", 0.2, 9, more=[-0.5, -1.5, -2.25, 20, 1e5], tol=2e-6)
smooth("lax.besselI0e", -12, 12, more=[0.5, 7.9, 8, 8.1, 30, 1000], second_tol=5e-4)
smooth("lax.besselI1e", -12, 12, more=[0.5, 7.9, 8, 8.1, 30, 1000], second_tol=5e-4)
smooth("lax.erf", -3, 3)
smooth("lax.erfc", -3, 3)
smooth("lax.erfInv", -0.9, 0.9, more=[-1, 1, 0, -0.0, 0.999, -0.99999], tol=1e-5)

for f in ("lax.igamma", "lax.igammac"):
    several(f, (0.3, 8), (0.3, 8), tol=1e-5, tol64=1e-12, grad_tol=5e-5)
    grid(f, [0.5, 1, 3, 30], [0, 0.5, 1, 3, 30, -1, INF, NAN], tol=3e-5, tol64=1e-12)
    grid(f, [-1, NAN], [0, 0.5, 1, 3, -1, INF, NAN])
    grid(f, [100, 1000, 10000], [90, 110, 1000, 9900, 10100], tol=3e-3, tol64=1e-10)
case("lax.igammac", array([0, 0, 0, 0]), array([0.5, 1, 3, INF]), grad=False)
for f in ("lax.igammaGradA", "lax.randomGammaGrad"):
    several(f, (0.3, 8), (0.3, 8), tol=1e-4, tol64=1e-10, grad=False)
    grid(f, [0.5, 1, 3, 30, -1, NAN], [0, 0.5, 1, 3, 30, -1, NAN], tol=1e-4, tol64=1e-10)
several("lax.betainc", (0.3, 6), (0.3, 6), (0.01, 0.99), tol=1e-5, tol64=1e-12, grad=[2], second=True)
grid("lax.betainc", [0, 0.5, 1, 3, -1, INF, NAN], [0, 0.5, 1, 3, INF], [0, 0.3, 1, 0.9, -1, 2, NAN], tol=1e-5, tol64=1e-12)
grid("lax.betainc", [20, 300, 5000], [10, 300, 4000], [0.1, 0.5, 0.55, 0.9], tol=3e-3, tol64=1e-9)
several("lax.zeta", (1.2, 9), (0.2, 9), grad=False, tol=1e-5)
grid("lax.zeta", [1, 2, 3, 0.5, -1.5, 4.5, NAN], [0, -0.0, 1, 2, 0.5, -1, -1.5, -2, NAN, 30], tol=1e-5)
for m in range(6):
    case("lax.polygamma", array([m] * 7), array([0.3, 0.9, 1.4, 2.7, 5.5, 40, 300]), grad=[1], second=m > 0, tol=1e-5)
grid("lax.polygamma", [0, 1, 2, 3, 7, -1, 0.5], [0, 1, 0.25, -1, -1.5, -2, NAN, 12], tol=2e-5)

# ------------------------------------------------------------------------------------------------- gamma functions

for name in ("gammaln", "gammasgn", "loggamma", "gamma", "digamma"):
    smooth(S + name, 0.2, 6, more=[-0.5, -1.5, -2.25, -3.5, 0, -0.0, -1, -2, 30], tol=2e-5 if name == "gamma" else 3e-6, grad_tol=2e-5, second_tol=2e-4)
several(S + "betaln", (0.3, 20), (0.3, 20), second=True, grad_tol=2e-5, second_tol=1e-3)
grid(S + "betaln", [0.5, 1, 8, 1e6], [0.5, 1, 8, 7.9, 1e6, 0], tol=2e-6)
several(S + "beta", (0.3, 6), (0.3, 6), second=True, tol=5e-6, grad_tol=1e-4)
grid(S + "beta", [0.5, 1, 8, -0.5, -1.5], [0.5, 1, 8, -0.25], tol=1e-5)
case(S + "factorial", array([0, 1, 2, 3, 5.5, 10, -1]), tol=3e-6, grad_tol=1e-4)
case(S + "factorial", integers((6,), 3, 0, 8), tol=3e-6)
case(S + "comb", array([5, 10, 3, 0, 4.5]), array([2, 3, 4, 0, 1.5]), tol=5e-6, grad_tol=1e-4)
case(S + "comb", array([5, 10, 3, 0, 4]), array([2, 3, 4, 0, 1]), repetition=True, tol=5e-6, grad_tol=1e-4)
several(S + "betainc", (0.3, 6), (0.3, 6), (0.01, 0.99), tol=1e-5, tol64=1e-12, grad=[2])
several(S + "gammainc", (0.3, 8), (0.3, 8), tol=1e-5, tol64=1e-12, grad_tol=5e-5)
several(S + "gammaincc", (0.3, 8), (0.3, 8), tol=1e-5, tol64=1e-12, grad_tol=5e-5)
for d in (1, 2, 4):
    case(S + "multigammaln", uniform((2, 3), d, 3, 8), d, second=True, tol=3e-6, second_tol=1e-4)
case(S + "polygamma", integers((5,), 1, 0, 5), uniform((5,), 1, 0.3, 8), tol=1e-5)
case(S + "polygamma", 2, uniform((5,), 1, 0.3, 8), tol=1e-5, second=True)
several(S + "poch", (0.5, 5), (0.5, 3), second=True, tol=1e-5, second_tol=1e-3)
grid(S + "poch", [1, 2.5, -1.5, 0.5], [0, 1, 2, -0.5, 3], tol=1e-5)
several(S + "zeta", (1.3, 8), (0.4, 8), tol=1e-5, grad_tol=2e-4, second=False)

# ---------------------------------------------------------------------------------------- error functions and normal

smooth(S + "erf", -3, 3)
smooth(S + "erfc", -3, 3)
smooth(S + "erfinv", -0.9, 0.9, tol=1e-5)
smooth(S + "erfcx", -2, 12, more=[9.3, 9.5, 26, 27, 100, -5], tol=5e-6, grad_tol=2e-4, second_tol=1e-2, edge=False)
smooth(S + "dawsn", -9, 9, more=[0, 3.2, 3.25, 3.3, 6.2, 6.25, 6.3, 50, 1000, -INF, INF, NAN], tol=2e-6, grad_tol=1e-4, second_tol=1e-3, edge=False)
smooth(S + "ndtr", -4, 4, second=True)
smooth(S + "ndtri", 0.02, 0.98, more=[0, 1, 1e-6, 1e-20, 0.9999, 0.5, -0.1, 1.1, NAN], tol=5e-6, grad_tol=5e-5, second_tol=5e-3, edge=False)
case(S + "ndtri", array([1e-300, 1e-20, 1e-15, 0.1], "float64"), grad=False)
smooth(S + "logNdtr", -15, 8, more=[-10, -10.5, -30, -20, 5, 5.5, 9, 0, -INF, INF, NAN], tol=5e-6, grad_tol=1e-4, second_tol=1e-2, edge=False)
case(S + "logNdtr", array([-12, -25, 1, 6]), series_order=5)
case(S + "logNdtr", array([-12, -25, 1, 6], "float64"), series_order=0)
several(S + "owensT", (-2, 2), (-3, 3), second=True, tol=2e-6, grad_tol=2e-5, second_tol=2e-4)
grid(S + "owensT", [0, -1, 0.5, 3, INF, NAN], [0, 1, -1, 0.3, 2, 30, NAN], tol=5e-6)
case(S + "wofz", np.array([1 + 2j, -3 + 0.5j, 0.1 - 0.2j, 0.5j, 2, -1 - 1j], "complex64"), grad=False, vmap=False, tol=5e-6)
case(S + "wofz", np.array([1 + 2j, -3 + 0.5j, 0.1 - 0.2j, 30j, 2], "complex128"), grad=False, vmap=False, tol=1e-13)

# --------------------------------------------------------------------------------------- logarithms and exponentials

smooth(S + "logit", 0.05, 0.95, more=[0, 1, 0.5, -0.1, 1.5], tol=2e-6, second_tol=1e-4)
smooth(S + "expit", -6, 6)
smooth(S + "entr", 0.05, 3, more=[0, -0.0, -1, 1, 1e-30])
for f in ("xlogy", "xlog1py"):
    several(S + f, (-2, 3), (0.2, 4), second=True)
    grid(S + f, [0, 1, -2, INF, NAN], [0, 1, 2, -1, -0.5, INF, NAN])
for f in ("klDiv", "relEntr"):
    several(S + f, (0.2, 3), (0.2, 4), second=True, tol=2e-6, second_tol=1e-4)
    grid(S + f, [0, 1, -2, INF, NAN, 0.5], [0, 1, 2, -1, INF, NAN])
for f in ("boxcox", "boxcox1p"):
    several(S + f, (0.3, 4), (-2, 2), second=True, tol=3e-6, grad_tol=5e-5, second_tol=1e-3)
    grid(S + f, [0.5, 1, 3, 0], [0, 1, 2, -1])
x = normal((3, 4), 5)
case(S + "logsumexp", x, second=True)
case(S + "logsumexp", x, axis=0, second=True)
case(S + "logsumexp", x, axis=1, keepdims=True)
case(S + "logsumexp", x, axis=1, b=uniform((3, 4), 6, 0.1, 2), second=True)
case(S + "logsumexp", x, b=normal((3, 4), 6), return_sign=True)
case(S + "logsumexp", array([-INF, -INF]), grad=False)
case(S + "logsumexp", array([INF, 1, -INF]), grad=False)
case(S + "logsumexp", array([[1000, 1000.5], [-1000, -INF]]), axis=1)
for f in ("softmax", "logSoftmax"):
    case(S + f, x, second=True)
    case(S + f, x, axis=0, second=True)
    case(S + f, normal((2, 3), 7, "float64"), axis=-1, second=True)

# ---------------------------------------------------------------------------------------------------- Bessel functions

for f in ("i0", "i0e", "i1", "i1e"):
    smooth(S + f, -9, 9, more=[0.5, 8, 8.1, 20, 50], tol=2e-6, grad_tol=2e-5, second_tol=2e-4, edge=f.endswith("e"))
case(S + "besselJn", uniform((5,), 1, 0.5, 9), v=3, tol=1e-5, grad=False)  # In float32 the gradient of the recurrence is noise.
case(S + "besselJn", uniform((2, 3), 1, 0.5, 9, "float64"), v=0, n_iter=40, tol=1e-11, grad_tol=1e-9)

# ------------------------------------------------------------------------------------------------------- integrals

smooth(S + "expi", 0.2, 70, more=[-0.5, -3, 0.3, 1, 2, 3, 5, 10, 20, 40, 65], tol=5e-6, edge=False)
# JAX cannot jit the gradients of expn, and so of exp1 of a scalar.
smooth(S + "exp1", 0.1, 9, more=[0, 1, 1.01, 30, -1, NAN], tol=5e-6, tol64=1e-13, edge=False, grad=False, second=False)
# Not E_2(0): JAX has ½ there, SciPy 1.
case(S + "expn", array([0, 1, 2, 3, 5, 10, 6000, 1, -1]), array([0.5, 0.5, 0.5, 3, 0.9, 8, 2, 0, 1]), grad=False, vmap=False, tol=5e-6)
case(S + "expn", array([2, 3, 5, 10], "float64"), array([0.5, 3, 0.9, 8], "float64"), grad=False, vmap=[1], tol=1e-13)
case(S + "expn", 3, array([0.5, 3, 0.9, 8]), grad=False, vmap=False, tol=5e-6)
smooth(S + "sici", 0.5, 12, more=[0, -0.0, -3, 4, 4.1, 8, 8.1, 2e9, INF, -INF, NAN], tol=3e-6, grad_tol=5e-6, second_tol=1e-4, edge=False)
smooth(S + "fresnel", -4, 4, more=[0, 1.6, 1.7, 10, 100, 300, INF, -INF, NAN], tol=3e-6, grad_tol=1e-5, second_tol=1e-3, edge=False)
smooth(S + "spence", 0.1, 5, more=[0, 1, 2, 0.5, 1.5, 100, -1, NAN], tol=3e-6, grad_tol=1e-4, second_tol=1e-2, edge=False)
for n in (0, 1, 2, 5, 20):
    case(S + "bernoulli", n, tol=2e-6, jit=False)

# ------------------------------------------------------------------------------------------------ hypergeometric

several(S + "hyp1f1", (0.5, 4), (0.5, 4), (-3, 3), tol=2e-5, tol64=1e-12, grad_tol=1e-4)
case(S + "hyp1f1", array([0, 1.5, 2, 1, 2.5]), array([1, 1.5, 0, 2, 3]), array([2, 3, 1, 120, 150], "float64"), grad=False, vmap=False, tol=1e-10)
several(S + "hyp2f1", (0.5, 3), (0.5, 3), (3.5, 6), (-0.6, 0.8), tol=2e-5, tol64=1e-11, grad_tol=1e-4)
case(
    S + "hyp2f1",
    array([0, -3, 1, 1, 2, 1, 0.5, 3, 1, 1, 2.5], "float64"),
    array([1, 2, 2, -4, 1, 1, 0.5, 2, 2, 2, 1.5], "float64"),
    array([1, 1.5, 2, 3, 0, 3, 1, 1.5, 1, 4, 2], "float64"),
    array([0.5, 0.3, 0.4, 2.5, 0.5, 1, 0.95, 0.4, 1, 0.97, 0.93], "float64"),
    grad=False,
    vmap=False,
    tol=1e-9,
)

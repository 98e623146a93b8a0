"""scipy.stats: every function of every distribution, inside its support, on its borders and outside."""

import jax
import jax.numpy as jnp
import numpy as np

from golden import *

P = "scipy.stats."
INF, NAN = np.inf, np.nan
LOC = dict(loc=array(0.3), scale=array(1.7))

X = uniform((5,), 1, -3, 3)
POSITIVE = uniform((5,), 2, 0.4, 5)
UNIT = uniform((5,), 3, 0.05, 0.95)
BORDERS = array([0, -0.0, 1, -1, 0.5, 2, 2 * np.pi, 30, -30, INF, -INF, NAN])
PROBABILITIES = array([0, 1, 0.5, 0.01, 0.999, -0.1, 1.1, NAN])


def distribution(name, functions, x, *shapes, located=True, quantiles=("ppf", "isf"), tol=3e-6, borders=BORDERS, grad=True):
    """One density with its derivatives at several places; the others with gradients; all on the borders."""
    for i, f in enumerate(functions):
        path = f"{P}{name}.{f}"
        place = UNIT if f in quantiles else x
        # JAX fails to differentiate its xlogy(-1, x).
        gumbel = name.startswith("gumbel")
        slope = False if gumbel and f == "ppf" else grad
        case(path, place, *shapes, second=i == 0, vmap=i == 0, jit=i < 2, tol=tol, grad_tol=2e-4, second_tol=1e-2, grad=slope)
        if located:
            case(path, place, *shapes, grad=i == 0 and not gumbel and grad, vmap=False, jit=False, tol=tol, grad_tol=2e-4, **LOC)
        edge = PROBABILITIES if f in quantiles else borders
        case(path, edge, *shapes, grad=False, vmap=False, jit=False, tol=tol)


FULL = ["logpdf", "pdf", "cdf", "logcdf", "sf", "logsf"]
distribution("norm", [*FULL, "ppf", "isf"], X)
case(P + "norm.logpdf", X, array(1), array(2), second=True)
case(P + "norm.cdf", uniform((4,), 5, -2, 2, "float64"), second=True)
distribution("beta", FULL, UNIT, array(2.5), array(0.8), tol=2e-5, grad=[0])
case(P + "beta.logpdf", UNIT, array(2.5), uniform((5,), 7, 0.5, 3), second=True, tol=5e-6, second_tol=1e-2)
distribution("cauchy", [*FULL, "ppf", "isf"], X, tol=1e-5)
distribution("chi2", FULL, POSITIVE, array(3.5), tol=1e-5)
distribution("expon", [*FULL, "ppf"], POSITIVE)
distribution("gamma", FULL, POSITIVE, array(2.3), tol=1e-5)
distribution("gennorm", ["logpdf", "pdf", "cdf"], X, array(1.6), located=False, tol=1e-5)
distribution("gumbelL", [*FULL, "ppf"], X, tol=1e-5)
distribution("gumbelR", [*FULL, "ppf"], X, tol=1e-5)
distribution("laplace", ["logpdf", "pdf", "cdf"], X)
distribution("logistic", ["logpdf", "pdf", "cdf", "sf", "ppf", "isf"], X)
distribution("pareto", [*FULL, "ppf"], POSITIVE + np.float32(1.8), array(2.2), tol=1e-5)
distribution("t", ["logpdf", "pdf"], X, array(3.5), tol=1e-5)
distribution("truncnorm", FULL, uniform((5,), 4, -0.9, 1.4), array(-1), array(1.5), tol=1e-5)
case(P + "truncnorm.logpdf", array([2.5, 3, 4]), array(2), array(5), tol=1e-5)
case(P + "truncnorm.logcdf", array([-4, -3, -2.5]), array(-5), array(-2), tol=1e-5)
distribution("uniform", ["logpdf", "pdf", "cdf", "ppf"], UNIT)
distribution("vonmises", ["logpdf", "pdf"], X, array(1.7), located=False)
distribution("wrapcauchy", ["logpdf", "pdf"], POSITIVE, array(0.4), located=False, tol=1e-5)

K = array([0, 1, 2, 3, 5, 8])
COUNTS = array([0, 1, -1, 0.5, 3, 20, INF, -INF, NAN])


def discrete(name, functions, k, *shapes, tol=5e-6, counts=COUNTS):
    for i, f in enumerate(functions):
        case(f"{P}{name}.{f}", k, *shapes, grad=False, vmap=i == 0, jit=i == 0, tol=tol)
        case(f"{P}{name}.{f}", k, *shapes, loc=1, grad=False, vmap=False, jit=False, tol=tol)
        case(f"{P}{name}.{f}", counts, *shapes, grad=False, vmap=False, jit=False, tol=tol)
    case(f"{P}{name}.{functions[0]}", k, *shapes, grad=list(range(1, 1 + len(shapes))), vmap=False, tol=tol, grad_tol=1e-4)


discrete("bernoulli", ["logpmf", "pmf"], array([0, 1, 1, 0]), array(0.3))
case(P + "bernoulli.cdf", COUNTS, array(0.3), grad=False, vmap=False)
case(P + "bernoulli.ppf", PROBABILITIES, array(0.3), grad=False, vmap=False)
discrete("betabinom", ["logpmf", "pmf"], K, array(8), array(2.3), array(0.7), tol=2e-5)
discrete("binom", ["logpmf", "pmf"], K, array(8), array(0.3), tol=2e-5)
discrete("geom", ["logpmf", "pmf"], K, array(0.3))
discrete("nbinom", ["logpmf", "pmf"], K, array(4.5), array(0.3), tol=2e-5)
# Not its cdf at ∞: JAX has NaN there.
discrete("poisson", ["logpmf", "pmf", "cdf"], K, array(2.7), counts=COUNTS[np.isfinite(COUNTS)])
case(P + "poisson.entropy", array([0, 0.5, 3, 9.9, 50, 99, 200]), grad=False, tol=1e-5)

case(P + "dirichlet.logpdf", array([0.2, 0.3, 0.5]), array([1.5, 2, 0.7]), second=True, vmap=False)
case(P + "dirichlet.pdf", array([[0.2, 0.6], [0.3, 0.1]]), array([1.5, 2, 0.7]), vmap=False, tol=5e-6)
case(P + "dirichlet.logpdf", array([[0.2, 0.6], [0.3, 0.1], [0.6, 0.3]]), array([1.5, 2, 0.7]), grad=False, vmap=False)
case(P + "multinomial.logpmf", np.array([2, 3, 5], np.int32), 10, array([0.2, 0.3, 0.5]), tol=1e-5)
case(P + "multinomial.pmf", np.array([2, 3, 4], np.int32), 10, array([0.2, 0.3, 0.5]), tol=1e-5)
case(P + "multivariateNormal.logpdf", normal((4, 3), 1), normal((3,), 2), spd(3, 3), second=True, vmap=False, tol=1e-5, second_tol=1e-3)
case(P + "multivariateNormal.pdf", normal((3,), 1), normal((3,), 2), spd(3, 3), vmap=False, tol=1e-5)
case(P + "multivariateNormal.logpdf", normal((2, 3), 1), normal((3,), 2), array(1.5), tol=1e-5, vmap=False)
case(P + "multivariateNormal.logpdf", normal((4,), 1), array(0.5), array(1.5), tol=1e-5, vmap=False)

S = normal((4, 6), 9)
TIED = np.asarray(np.round(S * 1.5), np.float32)
for axis in (0, 1, None):
    for method in ("average", "min", "max", "dense", "ordinal"):
        case(P + "rankdata", TIED, method=method, axis=axis, grad=False, vmap=False, jit=method == "average",
             jax=lambda a, method, axis: jax.scipy.stats.rankdata(a, method, axis=axis))
    case(P + "mode", TIED, axis=axis, grad=False, vmap=False)
    case(P + "mode", TIED, axis=axis, keepdims=True, grad=False, vmap=False)
    case(P + "sem", S, axis=axis, vmap=axis == 0, second=axis == 0, second_tol=1e-3)
case(P + "rankdata", integers((9,), 4, 0, 4), grad=False)
case(P + "rankdata", array([1, NAN, 2]), grad=False, vmap=False)
case(P + "mode", integers((3, 5), 4, 0, 3), grad=False)
case(P + "sem", S, ddof=0, keepdims=True)
case(P + "sem", np.where(S > 1, np.float32(NAN), S), nan_policy="omit", grad=False, vmap=False)


def half(f):
    """What JAX lacks, by SciPy's definition."""

    def of(x, loc=0.0, scale=1.0):
        y = (x - loc) / scale
        return f(y, x < loc, scale)

    return of


norm, cauchy = jax.scipy.stats.norm, jax.scipy.stats.cauchy
HALVES = {
    "halfnorm.logpdf": half(lambda y, out, s: jnp.where(out, -INF, norm.logpdf(y) + jnp.log(2.0) - jnp.log(s))),
    "halfnorm.pdf": half(lambda y, out, s: jnp.where(out, 0, 2 * norm.pdf(y) / s)),
    "halfnorm.cdf": half(lambda y, out, s: jnp.where(out, 0, jax.lax.erf(y / np.sqrt(2).astype("float32")))),
    "halfnorm.sf": half(lambda y, out, s: jnp.where(out, 1, 2 * norm.sf(y))),
    "halfnorm.logsf": half(lambda y, out, s: jnp.where(out, 0, jnp.log(2.0) + norm.logsf(y))),
    "halfcauchy.logpdf": half(lambda y, out, s: jnp.where(out, -INF, cauchy.logpdf(y) + jnp.log(2.0) - jnp.log(s))),
    "halfcauchy.pdf": half(lambda y, out, s: jnp.where(out, 0, 2 * cauchy.pdf(y) / s)),
    "halfcauchy.cdf": half(lambda y, out, s: jnp.where(out, 0, 2 * jnp.arctan(y) / np.float32(np.pi))),
    "halfcauchy.sf": half(lambda y, out, s: jnp.where(out, 1, 2 * jnp.arctan(1 / y) / np.float32(np.pi))),
}
for name, function in HALVES.items():
    case(P + name, POSITIVE, jax=function, second="logpdf" in name, tol=3e-6)
    case(P + name, POSITIVE, jax=function, grad=False, vmap=False, jit=False, tol=3e-6, **LOC)
    case(P + name, array([-1, 0.1, 1, 7, 40]), jax=function, grad=False, vmap=False, jit=False, tol=3e-6)

"""What the families of golden cases are written with: `case` and makers of operands.

A family is a file of cases/, which names functions of Weft by their path, with arguments and options:

    from golden import *

    case("np.linalg.cholesky", spd(4, seed=1), second=True, tol=1e-5)
    case("nn.softmax", normal((3, 5), 2), axis=0)
    case("lax.reduce", normal((3, 5), 3), 0.0, ref("lax.add"), [1])
    case("random.gamma", key(7), 2.5, (5,))

make.py evaluates them with JAX and writes data/<family>.bin; <family>.test.ts compares them with Weft:

    import { goldenFamily } from "../helpers/golden-family.ts";

    goldenFamily("linalg");
"""

import re

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import optax

NAMESPACES = {
    "np": jnp,
    "lax": jax.lax,
    "nn": jax.nn,
    "random": jax.random,
    "scipy": jax.scipy,
    "tree": jax.tree,
    "optim": optax,
    "weft": jax,
}

# ---------------------------------------------------------------------------------------------------------- cases


class Case:
    """One call, and what is recorded of it; see `case`."""

    def __init__(self, path, args, options, **settings):
        self.path = path
        self.args = args
        self.options = options
        self.__dict__.update(settings)


_cases = []


def take_cases():
    """The cases since the last call."""
    taken = _cases[:]
    _cases.clear()
    return taken


def case(
    path,
    *args,
    options=None,
    jax=None,
    weft=None,
    grad=True,
    second=False,
    vmap=True,
    jit=True,
    tol=None,
    ulp=None,
    atol=0.0,
    grad_tol=None,
    second_tol=None,
    exact=False,
    partitionable=True,
    name=None,
    **more,
):
    """Adds a case: Weft's function at `path` of these arguments equals JAX's.

    Arguments are NumPy arrays (of the dtypes of Weft; complex ones become pairs { real, imag }), numbers, booleans,
    strings, None, lists, tuples and dicts of them, keys (`key`), functions (`ref`).
    Further keywords are the options, in snake_case: JAX takes them as keywords, Weft as a trailing object in camelCase.
    Where a keyword has the name of a setting below, give `options={...}`.

    Settings:
      jax         the function that gives the numbers: called as jax(*args, **options). Default: the one at `path` in
                  JAX (np → jax.numpy, camelCase → snake_case; optim → optax).
      weft        the name of a function in the table that the family's test passes to `goldenFamily`, which then takes
                  the place of `path`; for compositions. `path` is then only the title.
      grad        whether the gradient of sum(out * weights) for every floating array is recorded, or a list of
                  the arguments (positions) it is taken for. Nothing is recorded where inputs or outputs have no floats.
      second      whether the gradient of sum(gradient * weights) is recorded too.
      vmap        whether the function is mapped over two stacked copies of the arrays, the second of which is varied
                  (floats times 0.75, others reversed along the first axis), or a list of the arguments (positions) to
                  map; the rest is held fixed.
      jit         whether Weft's function must also run under jit (also its gradients and its vmap); False for
                  functions whose result's shape depends on values.
      tol         bound of the error relative to the greatest finite magnitude of the array (default by dtype),
      atol        added to it; `grad_tol` and `second_tol`: for derivatives (default 5 and 25 times `tol`).
      ulp         bound in units in the last place of each element; an element may satisfy either if both are given.
      exact       bit for bit, signs of zeros included.
      partitionable  False: the random bits of JAX before 0.5.
    """
    if options is not None and more:
        raise TypeError("give options={...} or keywords, not both")
    settings = dict(
        jax=jax or resolve(path),
        weft=weft,
        grad=grad,
        second=second,
        vmap=vmap,
        jit=jit,
        tol=tol,
        ulp=ulp,
        atol=atol,
        grad_tol=grad_tol,
        second_tol=second_tol,
        exact=exact,
        partitionable=partitionable,
        name=name,
    )
    _cases.append(Case(path, list(args), dict(options or more), **settings))


def camel(name):
    return re.sub(r"(?<=[a-zA-Z0-9])_+([a-zA-Z0-9])", lambda m: m[1].upper(), name)


def resolve(path):
    """JAX's function of a path: np.linalg.matrixPower → jnp.linalg.matrix_power."""
    first, *parts = path.split(".")
    if first not in NAMESPACES:
        raise ValueError(f"{path}: unknown namespace {first}; the namespaces are {', '.join(NAMESPACES)}")
    found = NAMESPACES[first]
    for part in parts:
        if hasattr(found, part):
            found = getattr(found, part)
            continue
        plain = part.lower().replace("_", "")
        names = [n for n in dir(found) if not n.startswith("_") and n.lower().replace("_", "") == plain]
        if not names:
            raise ValueError(f"{path}: {found} has nothing like {part}; give jax=<callable>")
        found = getattr(found, names[0])
    return found


class Ref:
    """A function as an argument: its path in Weft, the function in JAX."""

    def __init__(self, path, function):
        self.path = path
        self.function = function


def ref(path, jax=None):
    return Ref(path, jax or resolve(path))


class Key:
    """A typed key as an argument."""

    def __init__(self, data):
        self.data = np.asarray(data, np.uint32)


def key(seed, count=None):
    """A typed key, or an array of `count` of them."""
    made = jax.random.key(seed)
    return Key(jax.random.key_data(made if count is None else jax.random.split(made, count)))


# ------------------------------------------------------------------------------------------------------- operands


def array(data, dtype="float32"):
    return np.asarray(data, dtype)


def normal(shape, seed=0, dtype="float32", scale=1.0):
    return np.asarray(scale * np.random.default_rng([seed, 1]).standard_normal(shape), dtype)


def uniform(shape, seed=0, low=0.0, high=1.0, dtype="float32"):
    return np.asarray(np.random.default_rng([seed, 2]).uniform(low, high, shape), dtype)


def integers(shape, seed=0, low=-10, high=10, dtype="int32"):
    """Integers in [low, high)."""
    return np.asarray(np.random.default_rng([seed, 3]).integers(low, high, shape), dtype)


def booleans(shape, seed=0):
    return np.asarray(np.random.default_rng([seed, 4]).integers(0, 2, shape), bool)


def spd(n, seed=0, batch=(), dtype="float32"):
    """Symmetric positive definite matrices, well conditioned."""
    a = np.random.default_rng([seed, 5]).standard_normal((*batch, n, n))
    return np.asarray(a @ np.swapaxes(a, -1, -2) / max(n, 1) + np.eye(n), dtype)


def symmetric(n, seed=0, batch=(), dtype="float32"):
    a = np.random.default_rng([seed, 6]).standard_normal((*batch, n, n))
    return np.asarray((a + np.swapaxes(a, -1, -2)) / 2, dtype)


def invertible(n, seed=0, batch=(), dtype="float32"):
    """Matrices far from singular: normal ones with 2 √n on the diagonal."""
    a = np.random.default_rng([seed, 7]).standard_normal((*batch, n, n))
    return np.asarray(a + 2 * np.sqrt(n) * np.eye(n), dtype)


def edges(dtype="float32", subnormals=True):
    """The values where functions of a dtype go wrong: ±0, ±1, infinities, NaN, subnormals, extremes.

    XLA's CPU code takes subnormals for zeros. Weft does not: where that makes a difference, leave them out, and leave
    them to `npm run accuracy`.
    """
    dtype = np.dtype(dtype)
    if dtype == bool:
        return np.array([False, True])
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        values = {info.min, info.min + 1, info.max // 2, info.max - 1, info.max, 0, 1, 2, 3, 7}
        if dtype.kind == "i":
            values |= {-1, -2, -7}
        return np.array(sorted(values), dtype)
    info = np.finfo(dtype)
    positive = [0, info.smallest_subnormal, info.tiny / 2, info.tiny, info.eps, 0.1, 0.5, 1 - info.epsneg, 1]
    positive += [1 + info.eps, 2, 3, np.pi, 10.5, 100, 1 / info.eps, info.max / 2, info.max, np.inf]
    half = np.array(positive, dtype)
    if not subnormals:
        half = half[(half == 0) | (half >= info.tiny)]
    return np.concatenate([half, -half, np.array([np.nan], dtype)])


def finite_edges(dtype="float32"):
    e = edges(dtype)
    return e[np.isfinite(e)] if e.dtype.kind == "f" else e


def edge_pairs(dtype="float32", few=False):
    """Every pair of edge values, as two arrays; `few`: of a shorter list."""
    e = edges(dtype)
    if few and e.dtype.kind == "f":
        info = np.finfo(e.dtype)
        half = np.array([0, info.tiny, 0.5, 1, 2, 3, 100, info.max, np.inf], dtype)
        e = np.concatenate([half, -half, np.array([np.nan], dtype)])
    x, y = np.meshgrid(e, e, indexing="ij")
    return x.ravel(), y.ravel()


FLOATS = ("float32", "float64", "float16")
INTEGERS = ("int32", "uint32", "int8", "uint8", "int16", "uint16")


def unary(path, low=-3.0, high=3.0, dtypes=("float32", "float64"), seed=0, second=True, edge_grad=True,
          subnormals=True, **settings):
    """The cases of a function of one floating argument: a matrix, a scalar, no elements, the edges; per dtype.

    `edge_grad`: whether the gradient at the edges is recorded (without the subnormals).
    """
    rest = {k: v for k, v in settings.items() if k not in ("grad", "vmap", "second")}
    for dtype in dtypes:
        first = dtype == dtypes[0]
        case(path, uniform((3, 5), seed, low, high, dtype), second=second and first, **settings)
        case(path, edges(dtype, subnormals), grad=False, vmap=False, **rest)
        if edge_grad and first and settings.get("grad", True):
            case(path, edges(dtype, subnormals=False), vmap=False, **rest)
    case(path, uniform((), seed + 1, low, high), second=second, **settings)
    case(path, uniform((0, 3), seed, low, high), **settings)


def binary(path, low=-3.0, high=3.0, dtypes=("float32", "float64"), seed=0, second=True, edge_grad=False, **settings):
    """The cases of a function of two floating arguments: the same shape, broadcast, a number, a grid of edges."""
    rest = {k: v for k, v in settings.items() if k not in ("grad", "vmap")}
    for dtype in dtypes:
        first = dtype == dtypes[0]
        x, y = uniform((3, 5), seed, low, high, dtype), uniform((3, 5), seed + 1, low, high, dtype)
        case(path, x, y, second=second and first, **settings)
        case(path, *edge_pairs(dtype, few=True), grad=edge_grad and first, vmap=False, **rest)
    case(path, uniform((3, 1), seed, low, high), uniform((4,), seed + 1, low, high), **settings)

"""Golden numbers of the API, made by JAX and optax themselves.

The tests tests/{numpy,lax,nn,random,optim}-golden*.test.ts hold tables whose keys are Python expressions:

    "jnp.sum(m, axis=0)": () => np.sum(m, { axis: 0 }),

make.py evaluates every key and writes what comes out to data/api.bin.
"""

import pathlib
import re

import jax
import jax.numpy as jnp
import optax
from jax import lax, nn, random

from container import Writer

TESTS = pathlib.Path(__file__).parent.parent.parent
KEY = re.compile(r'^\s*"((?:[^"\\]|\\.)+)":\s*\(\)(?::[^=]*)?\s*=>', re.M)

# The operands; tests/helpers/golden-api.ts has the same.
a = jnp.array([3.0, -1.5, 2.0, 0.5, -2.5])
b = jnp.array([1.0, 2.0, -0.5, 4.0, 0.25])
u = jnp.array([0.1, 0.5, 0.9, 0.25, 0.75])
m = jnp.array([[1.0, -2.0, 3.5, 0.25], [4.0, 0.5, -1.0, 2.0], [-3.0, 6.0, 0.125, 1.5]])
n = jnp.array([[2.0, 1.0], [-1.0, 0.5], [0.25, 3.0], [1.5, -2.0]])
t = jnp.arange(24.0).reshape(2, 3, 4) / 8 - 1
i = jnp.array([7, -3, 0, 5, -8])
j = jnp.array([2, 3, -4, -2, 3])
k = jnp.array([4, 1, 3, 1, 4, 0])
p = jnp.array([True, False, True, True, False])
q = jnp.array([True, True, False, True, False])
w = jnp.array([1.0, jnp.nan, -2.0, jnp.inf, 0.5])
z = jnp.array([[jnp.nan, 2.0, 1.0], [4.0, jnp.nan, 3.0]])
u8 = jnp.array([250, 3, 17, 128, 255], dtype=jnp.uint8)
i8 = jnp.array([100, -100, 7, -128, 127], dtype=jnp.int8)
h = jnp.array([1.5, -2.25, 100.0], dtype=jnp.float16)
key = random.key(42)
img = (jnp.arange(2 * 5 * 6 * 3.0).reshape(2, 5, 6, 3) % 7 - 3) / 2
ker = (jnp.arange(3 * 2 * 3 * 4.0).reshape(3, 2, 3, 4) % 5 - 2) / 4


def optimize(transform, steps=4):
    """Parameters after some steps down a fixed field of gradients."""
    params = {"w": a, "b": m}
    state = transform.init(params)
    for _ in range(steps):
        grads = jax.tree.map(lambda x: 0.5 * x + 0.1, params)
        updates, state = transform.update(grads, state, params)
        params = optax.apply_updates(params, updates)
    return [params["b"], params["w"]]


def slope(f, x):
    return jax.grad(lambda y: f(y).sum())(x)


def legacy(f):
    """With the random bits of JAX before 0.5."""
    with jax.threefry_partitionable(False):
        return f()


edges = jnp.array([-3.0, -1.0, 0.0, 1.0, 3.0, 6.0])


def schedule(f):
    return jnp.array([f(s) for s in (0, 1, 3, 5, 8, 10, 12, 20)], dtype=jnp.float32)


def contents(versions):
    """The bytes of the container before compression, and the number of cases."""
    writer = Writer()
    cases = {}
    for file in sorted(TESTS.glob("*-golden*.test.ts")):
        if not re.match(r"(numpy|lax|nn|random|optim)-golden", file.name):
            continue
        for expression in KEY.findall(file.read_text()):
            try:
                result = eval(expression, globals())
                cases[expression] = writer.value(jax.tree.map(array, result))
            except Exception as error:
                raise SystemExit(f"{file.name}: {expression}: {error}")
    return writer.content({"versions": versions, "cases": cases}), len(cases)


def array(x):
    """Keys count as their words, numbers as arrays."""
    if isinstance(x, jax.Array) and jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
        x = random.key_data(x)
    return jnp.asarray(x)

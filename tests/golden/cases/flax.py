"""Modules of flax.linen: how they are named, initialised and applied; linear layers, dropout, Sequential."""

import flax.linen as linen

from cases._flax import model, module_cases, table
from golden import *

# ------------------------------------------------------------------------------------- models of the tests' own


@model
class Compact(linen.Module):
    """Submodules made where they are used, a parameter of its own, and a module used twice."""

    @linen.compact
    def __call__(self, x):
        x = linen.tanh(linen.Dense(5)(x))
        scale = self.param("scale", linen.initializers.normal(0.5), (5,))
        shared = linen.Dense(5)
        x = shared(shared(x) * scale)
        return linen.Dense(2, name="out")(x)


@model
class Setup(linen.Module):
    """Submodules by attributes; lists and dicts of them."""

    width: int

    def setup(self):
        self.hidden = linen.Dense(self.width)
        self.layers = [linen.Dense(4), linen.Dense(3)]
        self.heads = {"b": linen.Dense(1), "a": linen.Dense(2)}
        self.bias = self.param("bias", linen.initializers.uniform(0.3), (3,))

    def __call__(self, x):
        x = linen.tanh(self.hidden(x))
        for layer in self.layers:
            x = linen.tanh(layer(x))
        x = x + self.bias
        return self.heads["a"](x), self.heads["b"](x)


@model
class Nested(linen.Module):
    """Compact inside of setup inside of compact, and a submodule that is given another one."""

    @linen.compact
    def __call__(self, x):
        x = Setup(width=3)(x)[0]
        x = Compact()(x)
        first = linen.Dense(3)
        x = linen.Sequential([first, linen.tanh, linen.Dense(2)])(x)
        y = Residual(linen.Dense(2))(x)
        return Residual(Compact(name="inner"))(y)


@model
class Residual(linen.Module):
    layer: linen.Module

    def __call__(self, x):
        return x + self.layer(x)


@model
class Given(linen.Module):
    """In setup: modules inside of other modules' attributes."""

    def setup(self):
        self.a = linen.Dense(3)
        self.first = Residual(self.a)
        self.second = Residual(linen.Dense(3))
        self.chain = linen.Sequential([linen.Dense(3), linen.tanh, linen.Dense(3)])

    def __call__(self, x):
        return self.chain(self.second(self.first(self.a(x))))


@model
class Noisy(linen.Module):
    """Keys drawn at several paths and several times."""

    @linen.compact
    def __call__(self, x, train=True):
        x = linen.Dropout(0.5)(x, deterministic=not train)
        x = linen.Dense(6)(x)
        drop = linen.Dropout(0.25, deterministic=not train)
        x = drop(drop(x))
        if train:
            x = x + random_normal(self.make_rng("noise"), x.shape) + random_normal(self.make_rng("noise"), x.shape)
        return x


def random_normal(key, shape):
    return jax.random.normal(key, shape)


@model
class Counter(linen.Module):
    """A collection of its own, which changes."""

    @linen.compact
    def __call__(self, x):
        count = self.variable("counters", "count", lambda: jnp.zeros((), "int32"))
        mean = self.variable("averages", "mean", lambda: jnp.zeros(x.shape[-1:]))
        if not self.is_initializing():
            count.value = count.value + 1
            mean.value = 0.9 * mean.value + 0.1 * x.mean(0)
        self.sow("intermediates", "x", x)
        self.sow("intermediates", "x", 2 * x)
        return linen.Dense(2)(x - mean.value)


x = normal((4, 3), 1)
module_cases(["Compact"], x)
module_cases(["Setup", {"width": 3}], x)
module_cases(["Nested"], x, tol=1e-5)
module_cases(["Given"], x)
module_cases(["Residual", {"layer": ["Dense", {"features": 3}]}], x)
module_cases(["Counter"], x, mutable=["counters", "averages", "intermediates"])
module_cases(["Noisy"], normal((3, 8), 2), keys={"params": key(1), "dropout": key(2), "noise": key(4)},
             rngs={"dropout": key(5), "noise": key(6)})
# Without a key of its own a sequence draws from that of the parameters.
module_cases(["Noisy"], normal((3, 8), 2), rngs={"params": key(5)})
module_cases(["Noisy"], normal((3, 8), 2), options={"train": False})

# ------------------------------------------------------------------------------------------------------- layers

module_cases(["Dense", {"features": 4}], normal((2, 3), 3), second=True)
module_cases(["Dense", {"features": 4, "use_bias": False}], normal((3,), 3))
module_cases(["Dense", {"features": 33}], normal((2, 2, 70), 3), grad=False, vmap=False, tol=1e-5)
module_cases(["Dense", {"features": 2, "dtype": "float16"}], normal((5, 3), 4), tol=4e-3)
module_cases(["Dense", {"features": 2, "param_dtype": "float16"}], normal((5, 3), 4), tol=4e-3)
module_cases(["Dense", {"features": 2}], integers((5, 3), 4))
module_cases(["Dense", {"features": 3, "kernel_init": ["init.he_uniform"], "bias_init": ["init.normal", 0.5]}], normal((2, 5), 5))
module_cases(["Dense", {"features": 3, "kernel_init": ["init.orthogonal"], "bias_init": "init.ones"}], normal((2, 3), 6), init_tol=1e-6)
module_cases(["Dropout", {"rate": 0.3, "deterministic": False}], normal((5, 7), 7), rngs={"dropout": key(9)}, keys={"dropout": key(8)})
module_cases(["Dropout", {"rate": 0.5, "broadcast_dims": (0, 2)}], normal((3, 4, 5), 8), options={"deterministic": False},
             rngs={"dropout": key(9)})
module_cases(["Dropout", {"rate": 1.0, "deterministic": False}], normal((3,), 8))
module_cases(["Dropout", {"rate": 0.5}], normal((3,), 8), options={"deterministic": True})
module_cases(["Dropout", {"rate": 0.5, "rng_collection": "noise", "deterministic": False}], normal((4, 4), 8), rngs={"noise": key(7)})
module_cases(["Sequential", {"layers": [["Dense", {"features": 4}], "fn.tanh", ["Sequential", {"layers": [["Dense", {"features": 2}]]}]]}],
             normal((2, 3), 9))

# ----------------------------------------------------------------------------------------------------- tables

table(["Nested"], normal((2, 3), 1))
table(["Nested"], normal((2, 3), 1), depth=1)
table(["Setup", {"width": 600}], normal((20, 700), 1), show_repeated=True)
table(["Compact"], normal((2, 3), 1), show_repeated=True)
table(["Noisy"], normal((2, 3), 1))
table(["Dense", {"features": 4000}], normal((2, 3000), 1))

# ------------------------------------------------------------------------------------- linear layers over axes

for shape, options in [
    ((2, 3), {"features": (4, 2)}),
    ((2, 3, 4), {"features": 5, "axis": (1, 2)}),
    ((2, 3, 4), {"features": (2, 3), "axis": (-1, 0)}),
    ((2, 3, 4), {"features": 3, "axis": 2, "batch_dims": (0,)}),
    ((2, 3, 4, 2), {"features": (3, 2), "axis": (2,), "batch_dims": (0, 1), "bias_init": ["init.normal", 0.1]}),
    ((2, 3), {"features": 3, "use_bias": False}),
]:
    module_cases(["DenseGeneral", options], normal(shape, 10))
for shape, options in [
    ((3, 4, 6), {"shape": (6, 5, 2), "einsum_str": "nta,ahb->nthb"}),
    ((3, 4, 6), {"shape": (6, 5), "einsum_str": "...a, ab -> ...b", "bias_init": ["init.normal", 0.1]}),
    ((3, 4, 6), {"shape": (4, 6, 2), "einsum_str": "bij,ijk->bk", "use_bias": False}),
    ((4, 6), {"shape": (4, 6, 2), "einsum_str": "ij,ijk->ik", "bias_init": ["init.normal", 0.1]}),
]:
    module_cases(["Einsum", options], normal(shape, 11))

# -------------------------------------------------------------------------------------------------- embeddings

module_cases(["Embed", {"num_embeddings": 7, "features": 4}], integers((3, 2), 12, 0, 7))
module_cases(["Embed", {"num_embeddings": 7, "features": 4, "dtype": "float16"}], integers((3,), 13, -9, 9), tol=4e-3)
module_cases(["Embed", {"num_embeddings": 1, "features": 4}], integers((3,), 14, 0, 1), vmap=False)
module_cases(["Embed", {"num_embeddings": 7, "features": 4}], normal((3, 4), 15), options={"method": "attend"})

"""Haiku: functions with modules, by names that haiku.test.ts has too; parameters, state, results and gradients."""

import haiku as hk

from golden import *

FUNCTIONS = {}


def function(f):
    FUNCTIONS[f.__name__] = f
    return f


# ----------------------------------------------------------------------------------------- functions with modules


@function
def linear(x):
    a = hk.Linear(4)(x)
    b = hk.Linear(4, with_bias=False)(x)
    c = hk.Linear(3, name="head")(jnp.tanh(a * b))
    return hk.Linear(3, name="head_2")(c) + hk.Linear(3, name="head")(c)


@function
def shared(x):
    layer = hk.Linear(3)
    return layer(layer(x))


@function
def mlp(x):
    return hk.nets.MLP([5, 4, 2])(x)


@function
def mlps(x):
    x = hk.nets.MLP([5, 3], activation=jnp.tanh, activate_final=True, b_init=hk.initializers.RandomNormal(0.1))(x)
    return hk.nets.MLP([2], with_bias=False, name="last")(x)


@function
def mlp_dropout(x):
    return hk.nets.MLP([6, 6, 2])(x, dropout_rate=0.4, rng=hk.next_rng_key())


@function
def cnn(x):
    return hk.Sequential([
        hk.Conv2D(4, 3), jax.nn.relu, hk.MaxPool(2, 2, "SAME"),
        hk.Conv2D(3, (3, 2), stride=2, padding="VALID"), jnp.tanh, hk.Flatten(), hk.Linear(2),
    ])(x)


class Block(hk.Module):
    def __init__(self, size, name=None):
        super().__init__(name=name)
        self.inner = hk.Linear(size)
        self.more = [hk.Linear(size), hk.nets.MLP([size])]

    def __call__(self, x):
        for layer in self.more:
            x = jnp.tanh(layer(x))
        return hk.Linear(x.shape[-1])(self.inner(x))

    def encode(self, x):
        return hk.Linear(2)(hk.Linear(2)(x))


@function
def nested(x):
    block = Block(3)
    y = Block(3)(block(x)) + block(x)
    return block.encode(y) + Block(3, name="other").encode(y)


@function
def parameters(x):
    scale = hk.get_parameter("scale", x.shape[-1:], init=hk.initializers.RandomUniform(-1, 1))
    shift = hk.get_parameter("shift", [], jnp.float32, init=hk.initializers.Constant(0.5))
    return x * scale + shift


class Counter(hk.Module):
    def __call__(self, x):
        count = hk.get_state("count", [], jnp.int32, init=jnp.zeros)
        mean = hk.get_state("mean", x.shape[-1:], init=jnp.ones)
        hk.set_state("count", count + 1)
        hk.set_state("mean", 0.9 * mean + 0.1 * x.mean(0))
        return x - mean


@function
def state(x):
    counter = Counter()
    x = counter(counter(x))
    hk.set_state("last", x)
    return hk.Linear(2)(Counter()(x))


@function
def noise(x):
    x = hk.dropout(hk.next_rng_key(), 0.4, x)
    keys = hk.next_rng_keys(2)
    y = jax.random.normal(keys[0], x.shape) + jax.random.normal(keys[1], x.shape)
    z = jax.random.normal(hk.next_rng_key(), x.shape)
    return x + y + z + hk.dropout(hk.next_rng_key(), 0.5, x, broadcast_dims=(0,))


@function
def conv1d(x):
    x = hk.Conv1D(4, 3, rate=2, padding=hk.pad.causal)(x)
    x = hk.Conv1D(4, 2, feature_group_count=2, padding=(1, 0))(x)
    return hk.Conv1D(2, 3, padding=hk.pad.same, with_bias=False)(x)


@function
def conv_first(x):
    return hk.Conv2D(3, 2, data_format="NCHW", stride=(1, 2), padding=[(0, 1), (1, 0)], b_init=hk.initializers.RandomNormal())(x)


@function
def conv3d(x):
    return hk.AvgPool((1, 2, 2, 1), 1, "SAME")(hk.Conv3D(2, (2, 1, 2))(x))


@function
def reshapes(x):
    return hk.Reshape((2, -1))(x), hk.Flatten(2)(x), hk.Reshape((-1,), preserve_dims=2)(x)


INITIALIZERS = {
    "constant": hk.initializers.Constant(2.0),
    "normal": hk.initializers.RandomNormal(0.5, 1.0),
    "truncated": hk.initializers.TruncatedNormal(0.5, 1.0, -1.0, 1.5),
    "uniform": hk.initializers.RandomUniform(-1.0, 2.0),
    "scaling": hk.initializers.VarianceScaling(),
    "glorot": hk.initializers.VarianceScaling(1.0, "fan_avg", "uniform"),
    "he": hk.initializers.VarianceScaling(2.0, "fan_out", "normal"),
    "axes": hk.initializers.VarianceScaling(1.0, "fan_in", "truncated_normal", fan_in_axes=[0, 1]),
    "uniform_scaling": hk.initializers.UniformScaling(0.7),
    "orthogonal": hk.initializers.Orthogonal(2.0),
    "identity": hk.initializers.Identity(3.0),
}


@function
def initializer(name, shape):
    return hk.get_parameter("w", shape, init=INITIALIZERS[name])


# ----------------------------------------------------------------------------------------------------------- cases


def initialize(name, rng, inputs):
    params, state = hk.transform_with_state(FUNCTIONS[name]).init(rng, *inputs)
    return {"params": dict(params), "state": dict(state)}


def run(name, params, state, rng, inputs):
    out, after = hk.transform_with_state(FUNCTIONS[name]).apply(params, state, rng, *inputs)
    return {"out": out, "state": dict(after)}


def haiku_cases(name, *inputs, rng=None, init=key(3), tol=2e-6, init_tol=None, **settings):
    case("haiku.init", camel(name), init, list(inputs), weft="init", ulp=2, tol=init_tol, grad=False, vmap=[1],
         jax=lambda _, rng, inputs: initialize(name, rng, inputs), name=f"init {name} {[getattr(x, 'shape', x) for x in inputs]}")
    made = initialize(name, jax.random.wrap_key_data(init.data) if init else None, inputs)
    near = lambda x: np.asarray(x + (0.1 * np.random.default_rng(5).uniform(0, 1, x.shape) if x.dtype == jnp.float32 else 0), x.dtype)
    params, state = jax.tree.map(near, made["params"]), jax.tree.map(near, made["state"])
    case("haiku.apply", camel(name), params, state, rng, list(inputs), weft="apply", tol=tol, second=False,
         jax=lambda _, params, state, rng, inputs: run(name, params, state, rng, inputs),
         name=f"apply {name} {[getattr(x, 'shape', x) for x in inputs]}", **settings)


x = normal((3, 4), 1)
for name in ["linear", "mlp", "mlps", "parameters"]:
    haiku_cases(name, x)
haiku_cases("shared", normal((2, 3), 1))
haiku_cases("nested", normal((2, 3), 1), tol=1e-5)
haiku_cases("mlp_dropout", x, rng=key(8))
haiku_cases("state", x)
haiku_cases("noise", normal((4, 5), 2), rng=key(9))
haiku_cases("cnn", normal((2, 8, 7, 2), 3), tol=1e-5)
haiku_cases("conv1d", normal((2, 7, 4), 4))
haiku_cases("conv1d", normal((7, 4), 4))
haiku_cases("conv_first", normal((2, 3, 5, 6), 5))
haiku_cases("conv3d", normal((1, 3, 4, 5, 2), 6))
haiku_cases("reshapes", normal((2, 4, 3), 7))
for name in INITIALIZERS:
    for shape in [(4, 6), (3, 2, 4, 6)] if name != "axes" else [(3, 2, 4, 6)]:
        case("haiku.initializer", camel(name), key(4), shape, weft="initializer", ulp=2, tol=1e-6 if name == "orthogonal" else None, grad=False,
             vmap=False, jax=lambda name, rng, shape: hk.transform(FUNCTIONS["initializer"]).init(rng, next(k for k in INITIALIZERS if camel(k) == name), shape)["~"]["w"])

for name in ["max_pool", "avg_pool"]:
    for shape, window, strides, padding, options in [
        ((2, 5, 6, 3), 2, 2, "VALID", {}),
        ((2, 5, 6, 3), 3, 2, "SAME", {}),
        ((2, 5, 6, 3), (3, 2, 1), (2, 1, 1), "SAME", {}),
        ((2, 3, 6, 5), 2, 2, "SAME", {"channel_axis": 1}),
        ((2, 4, 4), 2, 1, "VALID", {"channel_axis": None}),
    ]:
        case(f"haiku.{camel(name)}", normal(shape, 8), window, strides, padding, jax=getattr(hk, name), weft=camel(name), **options)

"""Optimizers by where they are after 1, 2, 5, … 100 steps, on a quadratic and on a small network."""

from golden import *

CHECKPOINTS = (1, 2, 5, 10, 25, 50, 100)


def build(spec):
    """["adam", 0.1, {"b1": 0.8}] → optax.adam(0.1, b1=0.8); specs may stand inside specs, ["key", 7] is a key, ["tree", {…}] a tree."""
    name, *args = spec
    if name == "key":
        return jax.random.key(args[0])
    if name == "tree":
        return args[0]
    if name == "transforms":
        return {label: build(x) for label, x in args[0].items()}
    options = args.pop() if args and isinstance(args[-1], dict) else {}
    args = [build(x) if is_spec(x) else x for x in args]
    options = {k: build(x) if is_spec(x) else x for k, x in options.items()}
    if name == "inject":
        inner = getattr(optax, args[0])
        return optax.inject_hyperparams(inner)(**options)
    if name == "multi_steps":
        return optax.MultiSteps(args[0], args[1], **options).gradient_transformation()
    if name == "multi_steps_growing":
        return optax.MultiSteps(args[0], lambda step: 1 + step // 3, **options).gradient_transformation()
    if name == "every_third":
        return optax.conditionally_transform(args[0], lambda step: step % 3 == 0)
    if name == "named_chain":
        return optax.named_chain(*[(f"part{i}", x) for i, x in enumerate(args)])
    for namespace in (optax, optax.transforms):
        if hasattr(namespace, name):
            return getattr(namespace, name)(*args, **options)
    raise ValueError(f"no {name} in optax")


def is_spec(x):
    return isinstance(x, list) and x and isinstance(x[0], str)


def camel_spec(spec):
    def inside(x):
        if is_spec(x):
            return camel_spec(x)
        return {camel(k): inside(v) for k, v in x.items()} if isinstance(x, dict) else x

    return [camel(spec[0]), *[inside(x) for x in spec[1:]]]


# ------------------------------------------------------------------------------------------------------- problems
def quadratic(params, data):
    """Half the squared distance to a target in the metric of a matrix, and a scalar that belongs to it."""
    d = params["x"] - data["target"]
    return 0.5 * jnp.dot(d, data["matrix"] @ d) + 0.5 * (params["y"] - 2.0) ** 2


def network(params, data):
    """The mean squared error of a network with one hidden layer."""
    hidden = jnp.tanh(data["inputs"] @ params["layers"][0]["w"] + params["layers"][0]["b"])
    outputs = hidden @ params["layers"][1]["w"] + params["layers"][1]["b"]
    return jnp.mean((params["scale"] * outputs - data["outputs"]) ** 2)


def linear(params, data):
    """The mean squared error of a linear model."""
    return jnp.mean((data["inputs"] @ params["w"] + params["b"] - data["outputs"]) ** 2)


def rosenbrock(params, data):
    """A bent valley (Rosenbrock 1960)."""
    x = params["x"]
    return jnp.sum(data["steepness"] * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def problem(name, dtype):
    if name == "quadratic":
        params = {"x": normal((6,), 1, dtype), "y": array(0.5, dtype)}
        data = {"matrix": spd(6, 2, dtype=dtype), "target": normal((6,), 3, dtype)}
        return quadratic, params, data
    if name == "linear":
        params = {"w": normal((3, 4), 10, dtype), "b": normal((4,), 11, dtype)}
        return linear, params, {"inputs": normal((12, 3), 12, dtype), "outputs": normal((12, 4), 13, dtype)}
    if name == "rosenbrock":
        return rosenbrock, {"x": array([-1.2, 1, 0.5, 2], dtype)}, {"steepness": array(10, dtype)}
    params = {
        "layers": [
            {"w": normal((3, 8), 4, dtype, 0.5), "b": normal((8,), 5, dtype, 0.1)},
            {"w": normal((8, 2), 6, dtype, 0.5), "b": normal((2,), 7, dtype, 0.1)},
        ],
        "scale": array(1.0, dtype),
    }
    data = {"inputs": normal((12, 3), 8, dtype), "outputs": normal((12, 2), 9, dtype)}
    return network, params, data


def run(loss, spec, params, data, checkpoints):
    """The parameters at the checkpoints."""
    tx = optax.with_extra_args_support(build(spec))

    def step(carry, _):
        params, state = carry
        value, grads = jax.value_and_grad(loss)(params, data)
        extra = dict(value=value, grad=grads, value_fn=lambda p: loss(p, data))
        updates, state = tx.update(grads, state, params, **extra)
        params = optax.apply_updates(params, updates)
        return (params, state), params

    @jax.jit
    def steps(params):
        return jax.lax.scan(step, (params, tx.init(params)), None, length=checkpoints[-1])[1]

    return jax.tree.map(lambda x: x[np.array(checkpoints) - 1], steps(params))


def nudged(params, seed):
    """Each parameter one ULP off, up or down."""
    rng = np.random.default_rng(seed)

    def nudge(x):
        to = np.where(rng.integers(0, 2, x.shape) == 1, np.inf, -np.inf).astype("float32")
        return jnp.asarray(np.nextafter(np.asarray(x), to))

    return jax.tree.map(nudge, params)


def self_difference(name, spec, checkpoints):
    """How far optax in float32 is from itself, relative to the greatest parameter of an array: from where it gets when each
    parameter starts one ULP off, in eight ways."""
    loss, params, data = problem(name, "float32")
    first = run(loss, spec, params, data, checkpoints)

    def apart(other):
        pairs = zip(jax.tree.leaves(first), jax.tree.leaves(other))
        return max(float(jnp.max(jnp.abs(x - y)) / jnp.max(jnp.abs(x))) for x, y in pairs)

    return max(apart(run(loss, spec, nudged(params, seed), data, checkpoints)) for seed in range(8))


def trajectory(*spec, problems=("quadratic", "network"), dtypes=("float32", "float64"), sensitive=(), checkpoints=CHECKPOINTS):
    """1e-6 in float32, 1e-13 in float64. For the `sensitive` problems optax in float32 agrees with itself no better; there
    the bound is twice its own difference, as both it and Weft round."""
    spec = list(spec)
    for name in problems:
        tol, note = 1e-6, ""
        if name in sensitive:
            own = self_difference(name, spec, checkpoints)
            if own <= 1e-6:
                raise ValueError(f"{spec}, {name}: optax is {own:.2g} from itself, so 1e-6 can be asked for")
            print(f"optax from itself {own:.2g}: {spec}, {name}")
            tol, note = 2 * own, f" (optax from itself {own:.1e})"
        for dtype in dtypes:
            loss, params, data = problem(name, dtype)
            single = dtype == "float32"
            case("optim.trajectory", name, camel_spec(spec), params, data, list(checkpoints), weft="trajectory", grad=False,
                 vmap=False, jit=False, tol=tol if single else 1e-13, name=f"optim {spec}, {name}, {dtype}{note if single else ''}",
                 jax=lambda _, __, params, data, at, loss=loss: run(loss, spec, params, data, at))


# ------------------------------------------------------------------------------------------------------ optimizers
COSINE = ["warmup_cosine_decay_schedule", 0.0, 0.05, 10, 80]
DECAY = ["exponential_decay", 0.05, 20, 0.8]
F32 = ("float32",)  # schedules of an int32 count are float32 in Weft, float64 in JAX with 64 bits

trajectory("sgd", 0.05)
trajectory("sgd", 0.05, {"momentum": 0.9})
trajectory("sgd", 0.05, {"momentum": 0.9, "nesterov": True})
trajectory("sgd", COSINE, {"momentum": 0.9}, dtypes=F32)
trajectory("adam", 0.01)
trajectory("adam", COSINE, dtypes=F32)
trajectory("adam", 0.01, {"b1": 0.8, "b2": 0.95, "eps": 1e-3, "eps_root": 1e-4})
trajectory("nadam", 0.01, sensitive=("network",))
trajectory("adamw", 0.01, {"weight_decay": 0.01})
trajectory("adamw", DECAY, {"weight_decay": DECAY}, dtypes=F32, sensitive=("network",))
trajectory("nadamw", 0.01, sensitive=("network",))
trajectory("adamax", 0.01)
trajectory("adamaxw", 0.01, {"weight_decay": 0.01}, sensitive=("network",))
trajectory("amsgrad", 0.01)
trajectory("amsgrad", 0.01, {"bias_correction_mu": False, "bias_correction_nu": False, "eps": 1e-4}, sensitive=("network",))
trajectory("adabelief", 0.01, sensitive=("network",))
trajectory("adabelief", 0.005, {"nesterov": True, "eps": 1e-3}, sensitive=("network",))
trajectory("yogi", 0.01, sensitive=("network",))
trajectory("radam", 0.01)
trajectory("radam", 0.01, {"nesterov": True, "threshold": 4.0, "b2": 0.99})
trajectory("adan", 0.01)
trajectory("adan", 0.01, {"weight_decay": 0.01})
trajectory("lion", 0.001)
trajectory("adagrad", 0.05)
trajectory("adadelta", 0.5)
trajectory("adadelta", 0.5, {"weight_decay": 0.01})
trajectory("rmsprop", 0.002, problems=("quadratic",))
trajectory("rmsprop", 0.001, {"centered": True, "momentum": 0.9}, sensitive=("network",))
trajectory("rmsprop", 0.0005, {"momentum": 0.9, "nesterov": True, "initial_scale": 1.0})
trajectory("rmsprop", 0.002, {"eps_in_sqrt": False, "bias_correction": True}, problems=("quadratic",))
# The variance is a difference of nearly equal numbers.
trajectory("rmsprop", 0.001, {"centered": True, "eps_in_sqrt": False, "eps": 1e-3}, dtypes=("float64",))
trajectory("lamb", 0.01, {"weight_decay": 0.01})
trajectory("lars", 0.1, {"weight_decay": 0.001, "trust_coefficient": 0.01})
trajectory("fromage", 0.002)
trajectory("fromage", DECAY, dtypes=F32)
trajectory("noisy_sgd", 0.01, {"key": ["key", 7]})
trajectory("sign_sgd", 0.003)
trajectory("signum", 0.003)
trajectory("novograd", 0.01, {"weight_decay": 0.001}, sensitive=("quadratic", "network"))
trajectory("optimistic_gradient_descent", 0.05, {"alpha": 1.2, "beta": 0.7})
trajectory("optimistic_adam_v2", 0.01, sensitive=("network",))
trajectory("sm3", 0.05, problems=("linear",))  # optax fails for scalars
trajectory("rprop", 0.01)
trajectory("adafactor", 0.002, {"min_dim_size_to_factor": 2})
trajectory("adafactor", 0.01, {"momentum": 0.9, "weight_decay_rate": 0.001})
trajectory("adafactor", 0.01, {"factored": False, "clipping_threshold": None}, problems=("quadratic",))
trajectory("polyak_sgd", 0.1)
trajectory("polyak_sgd", 1.0, {"variant": "sps+", "f_min": 0.1, "scaling": 0.1})

# -------------------------------------------------------------------------------------------------- transformations
SGD, ADAM = ["sgd", 0.05], ["adam", 0.01]


def chained(*parts, **settings):
    trajectory("chain", *parts, **settings)


chained(["clip", 0.1], SGD)
chained(["clip_by_global_norm", 0.5], ADAM, sensitive=("network",))
chained(["clip_by_block_rms", 0.1], SGD)
chained(["adaptive_grad_clip", 0.05], SGD)
chained(["centralize"], SGD, problems=("network",))
chained(["normalize_by_update_norm"], ["sgd", 0.01])
chained(["scale_by_param_block_norm"], SGD)
chained(["scale_by_param_block_rms"], SGD)
chained(["ema", 0.9], SGD)
chained(["ema", 0.9, {"debias": False}], SGD)
chained(["add_decayed_weights", 0.01, {"mask": {"x": True, "y": False}}], SGD, problems=("quadratic",))
chained(["zero_nans"], ["keep_params_nonnegative"], ["sgd", 0.01])
chained(["apply_every", 3], SGD)
chained(["scale_by_lion", {"mode": "smooth", "smooth_beta": 2.0}], ["scale", -0.01])
chained(["scale_by_lion", {"mode": "refined"}], ["scale", -0.01])
chained(["scale_by_trust_ratio", {"min_norm": 0.1, "trust_coefficient": 0.5, "eps": 1e-3}], ["sgd", 0.01])
chained(["add_noise", 0.01, 0.55, ["key", 3]], SGD)
trajectory("named_chain", ["scale_by_adam"], ["scale", -0.01])
MASKED = ["masked", ["scale_by_adam"], ["tree", {"x": True, "y": False}]]
chained(MASKED, ["scale", -0.01], problems=("quadratic",))
MASKED = ["masked", ["scale_by_adam"], ["tree", {"layers": [True, {"w": False, "b": True}], "scale": False}]]
chained(MASKED, ["scale", -0.01], problems=("network",))
trajectory("partition", ["transforms", {"a": ADAM, "b": SGD}],
           ["tree", {"layers": [{"w": "a", "b": "b"}, "b"], "scale": "a"}], problems=("network",))
trajectory("freeze", ["tree", {"x": True, "y": False}], problems=("quadratic",))
trajectory("selective_transform", SGD, {"freeze_mask": {"x": True, "y": False}}, problems=("quadratic",))
trajectory("multi_steps", ADAM, 4)
trajectory("multi_steps", SGD, 3, {"use_grad_mean": False})
trajectory("multi_steps_growing", ADAM)
trajectory("apply_if_finite", ADAM, 3, sensitive=("network",))
chained(["every_third", ["scale_by_adam"]], ["scale", -0.01])
trajectory("flatten", ["chain", ["clip_by_block_rms", 0.1], ADAM])
# optax injects what is not given too: float32 numbers, where Weft's stay exact.
trajectory("inject", "adam", {"learning_rate": COSINE, "b1": 0.8, "b2": 0.99, "eps": 1e-6, "eps_root": 0.0}, dtypes=F32)
trajectory("inject", "sgd", {"learning_rate": 0.05, "momentum": 0.9})

# ---------------------------------------------------------------------------------------------------- line searches
# Until they have converged: beyond, steps are made of rounding errors.
SEARCH = dict(problems=("quadratic", "network", "rosenbrock"), checkpoints=(1, 2, 3, 5, 8))
trajectory("lbfgs", sensitive=("network", "rosenbrock"), **SEARCH)
trajectory("lbfgs", None, {"memory_size": 3, "scale_init_precond": False}, sensitive=("rosenbrock",), **SEARCH)
trajectory("lbfgs", 0.1, {"linesearch": None}, **SEARCH)
trajectory("lbfgs", None, {"linesearch": ["scale_by_zoom_linesearch", 15, {"max_learning_rate": 1.5, "curv_rtol": 0.1}]},
           sensitive=("network", "rosenbrock"), **SEARCH)
trajectory("lbfgs", None, {"linesearch": ["scale_by_backtracking_linesearch", 20, {"store_grad": True}]},
           sensitive=("network", "rosenbrock"), **SEARCH)
for search in (
    ["scale_by_backtracking_linesearch", 15],
    ["scale_by_backtracking_linesearch", 15, {"decrease_factor": 0.5, "increase_factor": 2.0, "slope_rtol": 0.1, "store_grad": True}],
    ["scale_by_zoom_linesearch", 15],
    ["scale_by_zoom_linesearch", 15, {"approx_dec_rtol": None, "tol": 1e-3, "increase_factor": 3.0, "initial_guess_strategy": "one"}],
    ["scale_by_zoom_linesearch", 2, {"curv_rtol": 0.01}],
):
    trajectory("chain", ["sgd", 1.0], search, **SEARCH)

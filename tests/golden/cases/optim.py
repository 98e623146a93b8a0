"""Optimizers by the parameters after some steps, schedules, losses, and functions of trees."""

from golden import *


def build(spec):
    """["adam", 0.1, {"b1": 0.8}] → optax.adam(0.1, b1=0.8); specs may stand inside specs."""
    name, *args = spec
    options = args.pop() if args and isinstance(args[-1], dict) else {}
    args = [build(x) if isinstance(x, list) else x for x in args]
    return getattr(optax, name)(*args, **options)



def run(spec, params, steps):
    """Parameters after steps down a fixed field of gradients."""
    transform = build(spec)
    state = transform.init(params)
    for _ in range(steps):
        grads = jax.tree.map(lambda x: 0.5 * x + 0.1, params)
        updates, state = transform.update(grads, state, params)
        params = optax.apply_updates(params, updates)
    return params


def camel_spec(spec):
    return [camel_spec(x) if isinstance(x, list) else {camel(k): v for k, v in x.items()} if isinstance(x, dict) else x
            for x in [camel(spec[0]), *spec[1:]]]


def optimizer(*spec, steps=4, dtypes=("float32", "float64"), **settings):
    spec = list(spec)
    settings = {"tol": 4e-6, **settings}
    for dtype in dtypes:
        tol = settings["tol"] if dtype == "float32" else 1e-12
        params = {"w": normal((5,), 1, dtype), "b": normal((3, 4), 2, dtype), "s": normal((), 3, dtype)}
        case("optim.optimizer", camel_spec(spec), params, steps, weft="optimize", **{**settings, "tol": tol},
             jax=lambda _, params, steps: run(spec, params, steps), name=f"optim {spec}, {dtype}")


optimizer("sgd", 0.1)
optimizer("sgd", 0.1, {"momentum": 0.9})
optimizer("sgd", 0.1, {"momentum": 0.9, "nesterov": True})
optimizer("adam", 0.1)
optimizer("adam", 0.1, {"b1": 0.8, "b2": 0.95, "eps": 1e-3, "eps_root": 1e-4})
optimizer("adam", 0.1, {"nesterov": True})
optimizer("nadam", 0.1)
optimizer("adamw", 0.1, {"weight_decay": 0.05})
optimizer("adamax", 0.1)
optimizer("lion", 0.1)
optimizer("lion", 0.1, {"b1": 0.8, "b2": 0.95, "weight_decay": 0.1})
optimizer("rmsprop", 0.1)
optimizer("rmsprop", 0.1, {"decay": 0.8, "eps": 1e-3, "initial_scale": 0.5})
optimizer("rmsprop", 0.1, {"momentum": 0.5, "centered": True})
optimizer("adagrad", 0.1)
optimizer("adagrad", 0.1, {"initial_accumulator_value": 0.5, "eps": 1e-3})
optimizer("adadelta", 0.5)
optimizer("adadelta", 0.5, {"rho": 0.8, "eps": 1e-3})
optimizer("chain", ["clip", 0.3], ["scale", -0.5])
optimizer("chain", ["clip_by_global_norm", 1.0], ["sgd", 0.1])
optimizer("chain", ["clip_by_global_norm", 1000.0], ["sgd", 0.1])
optimizer("chain", ["add_decayed_weights", 0.1], ["sgd", 0.1])
optimizer("chain", ["trace", 0.9], ["scale", -0.1])
optimizer("chain", ["scale_by_adam"], ["scale_by_learning_rate", 0.1])
optimizer("chain", ["zero_nans"], ["set_to_zero"])
optimizer("chain", ["identity"], ["scale", -1.0])
optimizer("adam", ["exponential_decay", 0.1, 2, 0.5])
optimizer("sgd", ["linear_schedule", 0.1, 0.01, 3])
# Schedules of an int32 count are float32, where JAX with 64 bits has float64.
optimizer("chain", ["scale_by_schedule", ["cosine_decay_schedule", 0.1, 3]], ["scale", -1.0], dtypes=("float32",))

# ----------------------------------------------------------------------------------------------------- schedules
STEPS = array([0, 1, 2, 3, 5, 8, 10, 12, 20, 1000], "int32")


def schedule(*spec, **settings):
    spec = list(spec)
    made = build(spec)
    case("optim.schedule", camel_spec(spec), STEPS, weft="schedule", name=f"optim {spec}", **settings,
         jax=lambda _, steps: jnp.stack([jnp.asarray(made(s), jnp.float32) for s in steps]))


schedule("constant_schedule", 0.3)
schedule("linear_schedule", 1.0, 0.1, 10)
schedule("linear_schedule", 1.0, 0.1, 10, {"transition_begin": 2})
for power in (0.5, 1, 2, 3.0):
    # XLA's vectorised power of ½ gives NaN at the end of the schedule, unlike its scalar one.
    schedule("polynomial_schedule", 1.0, 0.1, power, 10, vmap=power != 0.5)
schedule("polynomial_schedule", 1.0, 0.1, 2, 10, {"transition_begin": 3})
schedule("exponential_decay", 1.0, 5, 0.5)
schedule("exponential_decay", 1.0, 5, 0.5, {"staircase": True})
schedule("exponential_decay", 1.0, 5, 0.5, {"transition_begin": 2, "staircase": True, "end_value": 0.3})
schedule("exponential_decay", 1.0, 5, 1.5, {"end_value": 4.0})
schedule("cosine_decay_schedule", 1.0, 10)
schedule("cosine_decay_schedule", 1.0, 10, {"alpha": 0.1})
schedule("cosine_decay_schedule", 1.0, 10, {"alpha": 0.1, "exponent": 2.0})
schedule("warmup_cosine_decay_schedule", 0.0, 1.0, 5, 15)
schedule("warmup_cosine_decay_schedule", 0.0, 1.0, 5, 15, {"end_value": 0.1})
schedule("warmup_exponential_decay_schedule", 0.0, 1.0, 5, 4, 0.5)
case("optim.schedule", ["piecewiseConstantSchedule", 1.0, [5, 10], [0.1, 0.5]], STEPS, weft="piecewise",
     name="optim piecewise_constant_schedule",
     jax=lambda _, steps: jnp.stack([optax.piecewise_constant_schedule(1.0, {5: 0.1, 10: 0.5})(s) for s in steps]))

# -------------------------------------------------------------------------------------------------------- losses
for dtype in ("float32", "float64", "float16"):
    second = dtype == "float32"
    tol = {"float16": 8e-3, "float32": 4e-6, "float64": 1e-12}[dtype]
    x, y = normal((3, 5), 1, dtype, 2), normal((3, 5), 2, dtype, 2)
    labels = uniform((3, 5), 3, dtype=dtype)
    given = dict(second=second, tol=tol)
    case("optim.squaredError", x, y, **given)
    case("optim.l2Loss", x, y, **given)
    # In float16 an error is rounded to delta in one way here and in another there.
    huber = {**given, "grad": dtype != "float16"}
    case("optim.huberLoss", x, y, 0.7, jax=lambda p, t, delta: optax.huber_loss(p, t, delta=delta), **huber)
    case("optim.huberLoss", x, y, **huber)
    case("optim.logCosh", x, y, **given)
    case("optim.hingeLoss", x, np.where(y > 0, 1, -1).astype(dtype), **given)
    case("optim.sigmoidBinaryCrossEntropy", x * 3, labels, **given)
    case("optim.softmaxCrossEntropy", x, labels / labels.sum(-1, keepdims=True), **given)
    case("optim.softmaxCrossEntropyWithIntegerLabels", x, array([0, 4, 2], "int32"), **given)
    case("optim.klDivergence", np.log(labels), labels[::-1] / labels[::-1].sum(-1, keepdims=True), **given)
    case("optim.smoothLabels", np.eye(3, dtype=dtype), 0.1, **given)
    case("optim.cosineSimilarity", x, y, **given)
    case("optim.cosineDistance", x, y, **given)
    case("optim.squaredError", x[0], **given)
    case("optim.globalNorm", {"w": x, "b": [y, labels]}, **given)
for axis in (0, 1, 2):
    z = normal((2, 3, 4), 4)
    case("optim.softmaxCrossEntropyWithIntegerLabels", z, integers(np.delete(z.shape, axis), 5, 0, 2), axis=axis, tol=4e-6)
    case("optim.softmaxCrossEntropy", z, uniform(z.shape, 6), axis=axis, tol=4e-6)
# By the targets optax's derivative is NaN where they are 0.
case("optim.klDivergence", normal((4,), 7), array([0, 0.5, 0.5, 0]), tol=4e-6, grad=[0])
case("optim.sigmoidBinaryCrossEntropy", array([-1000, -100, 0, 100, 1000]), array([0, 1, 0.5, 0, 1]))
case("optim.softmaxCrossEntropyWithIntegerLabels", array([[1000, 0], [-1000, 0]]), array([1, 0], "int32"))
case("optim.incrementalUpdate", {"w": normal((3,), 8)}, {"w": normal((3,), 9)}, 0.1, second=True)
case("optim.applyUpdates", {"w": normal((3,), 8), "b": normal((2, 2), 9)}, {"w": normal((3,), 1), "b": normal((2, 2), 2)})

"""Optimizers by the parameters after some steps, and schedules. Losses are in optim-losses, long runs in optim-trajectories."""

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
STEPS = array([*range(13), 15, 17, 20, 30, 31, 85, 99, 100, 101, 1000, 100_000], "int32")


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
schedule("exponential_decay", 1.0, 5, 0.5, {"transition_begin": -3})
schedule("exponential_decay", 1.0, 0, 0.5)
schedule("exponential_decay", 1.0, 5, 0.0)
schedule("linear_schedule", 1.0, 0.1, 0)
schedule("linear_schedule", 1.0, 0.1, 10, {"transition_begin": -3})
schedule("warmup_constant_schedule", 0.1, 0.7, 9)
schedule("warmup_cosine_decay_schedule", 0.1, 1.0, 0, 15, {"exponent": 1.5})
schedule("warmup_cosine_decay_schedule", 0.0, 0.0, 5, 15)
schedule("warmup_exponential_decay_schedule", 0.1, 1.0, 5, 4, 0.5, {"transition_begin": 2, "staircase": True, "end_value": 0.2})
schedule("linear_onecycle_schedule", 100, 0.3)
schedule("linear_onecycle_schedule", 30, 0.3, {"pct_start": 0.2, "pct_final": 0.6, "div_factor": 10.0, "final_div_factor": 100.0})
schedule("linear_onecycle_schedule", 2, 0.3)
schedule("cosine_onecycle_schedule", 100, 0.3)
schedule("cosine_onecycle_schedule", 30, 0.3, {"pct_start": 0.5, "div_factor": 5.0, "final_div_factor": 50.0})

CYCLES = [
    {"init_value": 0.0, "peak_value": 1.0, "warmup_steps": 3, "decay_steps": 10},
    {"init_value": 0.1, "peak_value": 0.5, "warmup_steps": 5, "decay_steps": 25, "end_value": 0.05, "exponent": 2.0},
    {"init_value": 0.05, "peak_value": 0.2, "warmup_steps": 1, "decay_steps": 60},
]
case("optim.schedule", [{camel(k): v for k, v in cycle.items()} for cycle in CYCLES], STEPS, weft="sgdr",
     name="optim sgdr_schedule", jax=lambda _, steps: jnp.stack([optax.sgdr_schedule(CYCLES)(s) for s in steps]))
case("optim.schedule", [4, 9], STEPS, weft="join", name="optim join_schedules",
     jax=lambda at, steps: jnp.stack([optax.join_schedules(
         [optax.constant_schedule(0.3), optax.linear_schedule(1.0, 0.5, 3), optax.exponential_decay(0.5, 10, 0.9)], at)(s)
         for s in steps]))
for kind in ("linear", "cosine"):
    case("optim.schedule", [kind, 0.5, [4, 9, 40], [2.0, 0.1, 3.0]], STEPS, weft="interpolate",
         name=f"optim piecewise_interpolate_schedule, {kind}",
         jax=lambda kind_and, steps: jnp.stack([
             optax.piecewise_interpolate_schedule(kind_and[0], 0.5, {4: 2.0, 9: 0.1, 40: 3.0})(s) for s in steps]))
case("optim.schedule", ["piecewiseConstantSchedule", 1.0, [5, 10], [0.1, 0.5]], STEPS, weft="piecewise",
     name="optim piecewise_constant_schedule",
     jax=lambda _, steps: jnp.stack([optax.piecewise_constant_schedule(1.0, {5: 0.1, 10: 0.5})(s) for s in steps]))

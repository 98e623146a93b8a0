"""Modules of Flax by specs, which tests/helpers/flax-modules.ts reads for Weft.

    ["Dense", {"features": 3}]             a module of flax.linen, or of MODELS
    ["init.normal", 0.5]                   an initializer of jax.nn.initializers, made with arguments
    "fn.relu"                              a function of flax.linen, or an initializer as it is: "init.zeros"
"""

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np

from golden import camel, case

MODELS = {}
"""Classes of modules by name, which the tests write in TypeScript too."""


def model(cls):
    MODELS[cls.__name__] = cls
    return cls


def build(spec):
    if isinstance(spec, dict):
        return {k: build(v) for k, v in spec.items()}
    if isinstance(spec, str) and spec.startswith("fn."):
        return getattr(linen, spec[3:])
    if isinstance(spec, str) and spec.startswith("init."):
        return getattr(jax.nn.initializers, spec[5:])
    if isinstance(spec, list) and spec and isinstance(spec[0], str) and spec[0].startswith("init."):
        return getattr(jax.nn.initializers, spec[0][5:])(*spec[1:])
    if isinstance(spec, list) and spec and isinstance(spec[0], str) and (spec[0] in MODELS or spec[0][0].isupper()):
        options = {k: build(v) for k, v in (spec[1] if len(spec) > 1 else {}).items()}
        return (MODELS.get(spec[0]) or getattr(linen, spec[0]))(**options)
    return [build(x) for x in spec] if isinstance(spec, list) else tuple(spec) if isinstance(spec, tuple) else spec


def camel_spec(spec):
    """As Weft is given it: options in camelCase."""
    if isinstance(spec, dict):
        return {camel(k): camel_spec(v) for k, v in spec.items()}
    if isinstance(spec, (list, tuple)):
        return [camel_spec(x) for x in spec]
    prefixed = isinstance(spec, str) and spec.split(".")[0] in ("init", "fn")
    return ".".join(map(camel, spec.split("."))) if prefixed else spec


def numbers(tree, seed):
    """The tree with numbers near its own: so that no bias is 0 and no scale is 1."""
    leaves, treedef = jax.tree.flatten(tree)
    rng = np.random.default_rng([seed, 11])
    near = [np.asarray(x) if not jnp.issubdtype(x.dtype, jnp.floating) else
            np.asarray(x + 0.1 * rng.uniform(0, 1, x.shape), x.dtype) for x in leaves]
    return jax.tree.unflatten(treedef, near)


def initialize(spec, keys, inputs, **options):
    return build(spec).init(keys, *inputs, **options)


def run(spec, variables, inputs, rngs, mutable, **options):
    result = build(spec).apply(variables, *inputs, rngs=rngs, mutable=mutable or False, **options)
    return {"out": result[0], "variables": result[1]} if mutable else {"out": result}


def module_cases(spec, *inputs, options=None, mutable=(), rngs=None, keys=None, seed=0, numbers_of=numbers,
                 init=None, init_tol=None, grad=True, second=False, vmap=True, tol=2e-6, init_vmap=True, name=None, **settings):
    """Two cases: the variables of init within 2 units in the last place, and apply with its gradients."""
    from golden import key

    options = options or {}
    shown = camel_spec(spec)
    keys = keys or key(3)
    parts = [spec[0], *({k: getattr(v, "shape", v) for k, v in each.items()} for each in shown[1:]), [getattr(x, "shape", x) for x in inputs], *([{k: getattr(v, "shape", v) for k, v in options.items()}] if options else [])]
    title = name or " ".join(map(str, parts))
    case("flax.init", shown, keys, list(inputs), options=init if init is not None else options, weft="init", ulp=2, tol=init_tol, grad=False,
         vmap=[1] if init_vmap else False, jax=lambda _, keys, inputs, **o: initialize(spec, keys, inputs, **o), name=f"init {title}")
    raw = jax.tree.map(lambda x: jax.random.wrap_key_data(x.data) if hasattr(x, "data") and not isinstance(x, np.ndarray) else x, keys,
                       is_leaf=lambda x: not isinstance(x, dict))
    made = initialize(spec, raw, inputs, **(init if init is not None else options))
    variables = numbers_of({k: v for k, v in made.items()}, seed)
    case("flax.apply", shown, variables, list(inputs), rngs or {}, list(mutable), options=options, weft="apply", grad=grad,
         second=second, vmap=vmap, tol=tol, name=f"apply {title}",
         jax=lambda _, variables, inputs, rngs, mutable, **o: run(spec, variables, inputs, rngs, mutable, **o), **settings)


def table(spec, *inputs, **options):
    """The text of tabulate, without the spaces at the ends of lines."""

    def text(_, inputs, **options):
        console = {"width": 400, "force_terminal": False}
        whole = build(spec).tabulate(jax.random.key(0), *inputs, console_kwargs=console, **options)
        whole = whole.replace("False", "false").replace("True", "true")
        return "\n".join(line.rstrip() for line in whole.strip("\n").split("\n"))

    case("flax.tabulate", camel_spec(spec), list(inputs), options=options, weft="tabulate", jax=text, grad=False, vmap=False,
         jit=False, name=f"tabulate {spec[0]} {options}")

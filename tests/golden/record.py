"""What JAX gives for a case: the value, derivatives, and the function mapped over stacked arguments."""

import contextlib
import traceback
import warnings

import jax
import jax.numpy as jnp
import numpy as np

from container import Writer
from golden import Key, Ref, camel

def weights(shape, dtype, leaf):
    """The fixed weights of output `leaf`: never zero, exact in float16. The tests have the same formula."""
    i = np.arange(np.prod(shape, dtype=int))
    return jnp.asarray(((((i * 7 + leaf * 5) % 13) - 6.5) / 8).reshape(shape), dtype)


def is_array(x):
    return isinstance(x, (np.ndarray, np.generic))


def flatten(x, place, leaves):
    """Replaces arrays by their number in `leaves`, which gets (array, place)."""
    if isinstance(x, Key):
        leaves.append((x.data, place))
        return ("key", len(leaves) - 1)
    if is_array(x) and np.asarray(x).dtype.kind == "c":
        leaves.append((np.asarray(x).real, place))
        leaves.append((np.asarray(x).imag, place))
        return ("complex", len(leaves) - 2)
    if is_array(x):
        leaves.append((np.asarray(x), place))
        return ("array", len(leaves) - 1)
    if isinstance(x, dict):
        return ("dict", {k: flatten(v, place, leaves) for k, v in x.items()})
    if isinstance(x, (list, tuple)):
        parts = [flatten(v, place, leaves) for v in x]
        return ("tuple", type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts))
    return ("other", x.function if isinstance(x, Ref) else x)


def rebuild(tree, leaves):
    kind, x = tree
    match kind:
        case "key":
            return jax.random.wrap_key_data(leaves[x])
        case "complex":
            return jax.lax.complex(leaves[x], leaves[x + 1])
        case "array":
            return leaves[x]
        case "dict":
            return {k: rebuild(v, leaves) for k, v in x.items()}
        case "tuple":
            parts = [rebuild(v, leaves) for v in x]
            return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    return x


def parts(out):
    """The arrays of a result: keys by their words, complex ones as two."""
    found = []
    for x in jax.tree.leaves(out):
        if not isinstance(x, (jax.Array, np.ndarray, np.generic)):
            continue
        if jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key):
            found.append(jax.random.key_data(x))
        elif jnp.iscomplexobj(x):
            found += [jnp.real(x), jnp.imag(x)]
        else:
            found.append(jnp.asarray(x))
    return found


def is_floating(x):
    return jnp.issubdtype(x.dtype, jnp.floating)


def varied(x):
    """The second element of a batch."""
    if x.dtype.kind == "f":
        return (x * np.array(0.75, x.dtype)).astype(x.dtype)
    return x[::-1] if x.ndim else x


def positions(setting, count):
    return list(range(count)) if setting is True else list(setting)


def record(case, writer):
    leaves = []
    args = [flatten(x, i, leaves) for i, x in enumerate(case.args)]
    options = {k: flatten(v, len(case.args), leaves) for k, v in case.options.items()}
    arrays = [jnp.asarray(x) for x, _ in leaves]

    def call(values):
        return case.jax(*[rebuild(x, values) for x in args], **{k: rebuild(v, values) for k, v in options.items()})

    out = call(arrays)
    encoded = {
        "f": case.weft or case.path,
        "args": [writer.value(x) for x in case.args],
        "out": writer.value(out),
    }
    if case.weft is not None:
        encoded["helper"] = 1
    if case.options:
        encoded["options"] = writer.value(case.options, camel)["d"]
    for name in ("tol", "ulp", "atol", "grad_tol", "second_tol"):
        if getattr(case, name):
            encoded[camel(name)] = getattr(case, name)
    if case.exact:
        encoded["exact"] = 1
    if not case.jit:
        encoded["nojit"] = 1
    if not case.partitionable:
        encoded["legacy"] = 1

    floating_out = [i for i, x in enumerate(parts(out)) if is_floating(x)]
    wrt = []
    if case.grad is not False and floating_out:
        places = positions(case.grad, len(case.args) + 1)
        wrt = [i for i, (x, place) in enumerate(leaves) if x.dtype.kind == "f" and place in places]
    if wrt:

        def weighted(selected):
            values = list(arrays)
            for i, x in zip(wrt, selected):
                values[i] = x
            results = parts(call(values))
            return [results[i] for i in floating_out]

        def gradient(selected, function=weighted):
            results, pull = jax.vjp(function, selected)
            return pull([weights(x.shape, x.dtype, i) for i, x in enumerate(results)])[0]

        def derivatives(selected):
            return gradient(selected), gradient(selected, gradient) if case.second else None

        # Derivatives are compiled whole, which takes a fraction of the time of one operation after another.
        first, second = (jax.jit(derivatives) if case.jit else derivatives)([arrays[i] for i in wrt])
        encoded["wrt"] = wrt
        encoded["grad"] = [writer.array(x) for x in first]
        if case.second:
            encoded["second"] = [writer.array(x) for x in second]
    if case.vmap is not False and leaves and parts(out):
        places = positions(case.vmap, len(case.args) + 1)
        mapped = [i for i, (_, place) in enumerate(leaves) if place in places]
        if mapped:
            stacked = [
                jnp.stack([x, jnp.asarray(varied(leaves[i][0]))]) if i in mapped else x for i, x in enumerate(arrays)
            ]
            axes = [0 if i in mapped else None for i in range(len(arrays))]
            batched = jax.vmap(lambda values: parts(call(values)), in_axes=(axes,))
            results = (jax.jit(batched) if case.jit else batched)(stacked)
            encoded["mapped"] = mapped
            encoded["lane"] = [writer.array(varied(leaves[i][0])) for i in mapped]
            encoded["vmap"] = [writer.array(x) for x in results]
    return encoded


def describe(x):
    if isinstance(x, Key):
        return "key" if x.data.ndim == 1 else f"keys{list(x.data.shape[:-1])}"
    if isinstance(x, Ref):
        return x.path
    if is_array(x):
        x = np.asarray(x)
        if x.ndim == 0 and x.dtype.kind != "c":
            return f"{x.dtype.name}({x:.6g})" if x.dtype.kind == "f" else f"{x.dtype.name}({x})"
        return f"{x.dtype.name}[{','.join(map(str, x.shape))}]"
    if isinstance(x, dict):
        return "{" + ", ".join(f"{k}: {describe(v)}" for k, v in x.items()) + "}"
    if isinstance(x, (list, tuple)):
        return "[" + ", ".join(map(describe, x)) + "]"
    return repr(x)


def title(case):
    given = [describe(x) for x in case.args] + [f"{k}={describe(v)}" for k, v in case.options.items()]
    text = case.name or f"{case.path}({', '.join(given)})"
    return text if case.partitionable else f"{text}, not partitionable"


def has_double(case):
    leaves = []
    flatten([case.args, case.options], None, leaves)
    return any(x.dtype == np.float64 for x, _ in leaves) or any(x == "float64" for x in [*case.args, *case.options.values()] if isinstance(x, str))


def family(name, cases, versions):
    """The bytes of a family's container before compression, and the number of cases."""
    if not cases:
        raise SystemExit(f"{name}: no cases")
    writer = Writer()
    encoded = []
    seen = {}
    failures = []
    for one in cases:
        text = title(one)
        seen[text] = seen.get(text, 0) + 1
        if seen[text] > 1:
            text = f"{text} #{seen[text]}"
        with contextlib.ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            stack.enter_context(jax.enable_x64(has_double(one)))
            stack.enter_context(jax.threefry_partitionable(one.partitionable))
            try:
                encoded.append({"name": text, **record(one, writer)})
            except Exception:
                failures.append(f"{name}: {text}\n{traceback.format_exc(limit=-3)}")
    if failures:
        raise SystemExit("\n".join(failures) + f"\n{name}: JAX fails for {len(failures)} of {len(cases)} cases")
    return writer.content({"family": name, "versions": versions, "cases": encoded}), len(encoded)

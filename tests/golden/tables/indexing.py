"""Golden values of movement, indexing, sorting and random primitives, made by JAX itself.

Every case holds the operands, the results and, for floating operands, jax.vjp's gradients for the cotangents given.
"""

import jax
import numpy as np
from jax import lax
from jax.extend.random import threefry2x32_p

from container import Writer

MODES = {
    "promiseInBounds": lax.GatherScatterMode.PROMISE_IN_BOUNDS,
    "clip": lax.GatherScatterMode.CLIP,
    "fill": lax.GatherScatterMode.FILL_OR_DROP,
}
cases = []
writer = Writer()


def add(name, params, function, *inputs):
    inputs = [np.asarray(x) for x in inputs]
    outputs = function(*inputs)
    outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
    case = {"name": name, "params": params, "inputs": [writer.array(x) for x in inputs], "outputs": [writer.array(x) for x in outputs]}
    wrt = [i for i, x in enumerate(inputs) if x.dtype.kind == "f"]
    kept = [i for i, x in enumerate(outputs) if x.dtype.kind == "f"]
    if wrt and kept and not any(np.isnan(x).any() for x in inputs if x.dtype.kind == "f"):

        def floating(*xs):
            full = list(inputs)
            for i, x in zip(wrt, xs):
                full[i] = x
            out = function(*full)
            out = list(out) if isinstance(out, (tuple, list)) else [out]
            return [out[i] for i in kept]

        cotangents = [np.arange(1, outputs[i].size + 1, dtype=outputs[i].dtype).reshape(outputs[i].shape) ** 2 / 8 for i in kept]
        _, pull = jax.vjp(floating, *[inputs[i] for i in wrt])
        case["cotangents"] = [writer.array(x) for x in cotangents]
        case["gradients"] = [writer.array(x) for x in pull(cotangents)]
    cases.append(case)


def gather(operand, indices, mode="fill", fill=None, **dims):
    numbers = dict(offsetDims=[], collapsedSliceDims=[], startIndexMap=[0], operandBatchingDims=[], startIndicesBatchingDims=[])
    sizes = dims.pop("sliceSizes")
    numbers.update(dims)
    d = lax.GatherDimensionNumbers(*[tuple(v) for v in numbers.values()])
    add(
        "gather",
        {**numbers, "sliceSizes": sizes, "mode": mode, "fillValue": fill},
        lambda x, i: lax.gather(x, i, d, tuple(sizes), mode=MODES[mode], fill_value=fill),
        operand,
        indices,
    )


def scatter(name, operand, indices, updates, mode="fill", unique=False, **dims):
    numbers = dict(updateWindowDims=[], insertedWindowDims=[], scatterDimsToOperandDims=[0], operandBatchingDims=[], scatterIndicesBatchingDims=[])
    numbers.update(dims)
    d = lax.ScatterDimensionNumbers(*[tuple(v) for v in numbers.values()])
    add(
        name,
        {**numbers, "indicesAreSorted": False, "uniqueIndices": unique, "mode": mode},
        lambda x, i, u: getattr(lax, name)(x, i, u, d, unique_indices=unique, mode=MODES[mode]),
        operand,
        indices,
        updates,
    )


def pad(operand, value, config):
    add("pad", {"paddingConfig": config}, lambda x, v: lax.pad(x, v, [tuple(c) for c in config]), operand, value)


def sort(operands, dimension=0, keys=1):
    add(
        "sort",
        {"dimension": dimension, "isStable": True, "numKeys": keys},
        lambda *xs: lax.sort(xs, dimension=dimension, is_stable=True, num_keys=keys),
        *operands,
    )


def make_cases():
    f64 = np.float64
    vector = np.array([0.5, -1.25, 3.0, 2.0, -0.75], f64)
    matrix = (np.arange(20, dtype=f64).reshape(4, 5) - 7) / 4
    i32 = lambda *v: np.array(v, np.int32)

    gather(vector, i32([-1], [0], [4], [5], [2], [2]), collapsedSliceDims=[0], sliceSizes=[1])
    gather(vector, i32([-1], [0], [4], [5], [2], [2]), mode="clip", collapsedSliceDims=[0], sliceSizes=[1])
    gather(np.arange(5, dtype=np.int16), i32([-1], [9], [4]), collapsedSliceDims=[0], sliceSizes=[1])
    gather(np.arange(5, dtype=np.uint8), i32([-1], [9], [4]), collapsedSliceDims=[0], sliceSizes=[1])
    gather(np.array([True, False]), i32([0], [1], [2]), collapsedSliceDims=[0], sliceSizes=[1])
    # Windows partly out of bounds: filled whole, or moved to fit.
    gather(matrix, i32([0, 0], [2, 3], [3, 4], [-1, 1]), fill=9, offsetDims=[1, 2], startIndexMap=[0, 1], sliceSizes=[2, 2])
    gather(matrix, i32([0, 0], [2, 3], [3, 4], [-1, 1]), mode="clip", offsetDims=[0, 2], startIndexMap=[0, 1], sliceSizes=[2, 2])
    gather(
        matrix, i32([[0], [4], [2]], [[1], [1], [5]], [[3], [0], [0]], [[2], [2], [2]]),
        collapsedSliceDims=[1], startIndexMap=[1], operandBatchingDims=[0], startIndicesBatchingDims=[0], sliceSizes=[1, 1],
    )

    twice = i32([1], [3], [1], [-1], [5], [3], [3])
    values = np.array([10, 20, 30, 40, 50, 60, 70], f64) / 16
    for name in ["scatter", "scatter_add", "scatter_min", "scatter_max"]:
        scatter(name, vector, twice, values, insertedWindowDims=[0])
        scatter(name, np.arange(5, dtype=np.int32), twice, np.arange(7, dtype=np.int32) * 3 - 8, insertedWindowDims=[0])
    scatter("scatter", vector, twice, values, mode="clip", insertedWindowDims=[0])
    scatter("scatter_add", vector, twice, values, mode="clip", insertedWindowDims=[0])
    scatter("scatter_mul", vector, i32([3], [0], [5]), values[:3], unique=True, insertedWindowDims=[0])
    scatter("scatter_mul", np.array([200, 3, 4], np.uint8), i32([0], [0], [1]), np.array([2, 3, 100], np.uint8), insertedWindowDims=[0])
    # Ties share the gradient, the operand's own value among them.
    scatter("scatter_max", np.array([1.0, 2.0, 3.0]), i32([0], [0], [1], [2], [2]), np.array([4.0, 4.0, 2.0, 3.0, 1.0]), insertedWindowDims=[0])
    # Overlapping windows, one of them out of bounds.
    scatter("scatter", vector, i32([0], [1], [4], [2]), np.arange(8, dtype=f64).reshape(4, 2), updateWindowDims=[1])
    scatter("scatter_add", vector, i32([0], [1], [4], [2]), np.arange(8, dtype=f64).reshape(4, 2), updateWindowDims=[1])

    for config in [[[2, 1, 0]], [[-1, -2, 0]], [[1, -3, 2]], [[-4, 5, 1]], [[-6, -5, 3]]]:
        pad(vector, np.float64(7), config)
    pad(np.zeros((0,), f64), np.float64(7), [[1, 2, 4]])

    for start in [-3, 0, 2, 9]:
        add("dynamic_slice", {"sliceSizes": [3]}, lambda x, s: lax.dynamic_slice(x, (s,), (3,), allow_negative_indices=False), vector, np.int32(start))
        add(
            "dynamic_update_slice", {}, lambda x, u, s: lax.dynamic_update_slice(x, u, (s,), allow_negative_indices=False),
            vector, vector[:3] * 5, np.int32(start),
        )

    special = np.array([3, np.nan, -0.0, np.inf, 0.0, -np.inf, np.nan, -0.0, 1e-310, -2], f64)
    sort([special, np.arange(10, dtype=np.int32)])
    sort([special.astype(np.float32)])
    sort([np.array([2, 1, 2, 1, 2, 0], np.int8), np.array([5, 5, 4, 6, 5, 0], f64), np.arange(6, dtype=np.int32)], keys=2)
    sort([matrix[::-1, ::-1] % 1.3, matrix], dimension=1)
    sort([np.array([True, False, True, False]), np.arange(4, dtype=np.uint16)])

    words = np.array([0, 0xFFFFFFFF, 0x13198A2E, 1], np.uint32), np.array([0, 0xFFFFFFFF, 0x03707344, 2], np.uint32), np.array([0, 0xFFFFFFFF, 0x243F6A88, 3], np.uint32), np.array([0, 0xFFFFFFFF, 0x85A308D3, 4], np.uint32)
    add("threefry2x32", {}, lambda *xs: threefry2x32_p.bind(*xs), *words)


def contents(versions):
    """The bytes of the container before compression, and the number of cases."""
    with jax.enable_x64(True):
        make_cases()
    return writer.content({"versions": versions, "cases": cases}), len(cases)

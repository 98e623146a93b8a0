"""Files written by NumPy and safetensors themselves, with the arrays that are in them."""

import io

import numpy as np
from safetensors.numpy import save

from container import Writer

writer = Writer()
files = []

DTYPES = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "float16", "float32", "float64")


def add(format, name, data, arrays, same=False, metadata=None):
    """`same`: whether Weft writes the same bytes for these arrays."""
    files.append({
        "format": format, "name": name, "file": writer.array(np.frombuffer(data, np.uint8)), "same": same,
        "arrays": {k: writer.array(narrow(x)) for k, x in arrays.items()}, "metadata": metadata or {},
    })


def narrow(x):
    """As Weft has it: native byte order, C order, 64-bit integers as 32 bits."""
    x = np.ascontiguousarray(x).reshape(np.shape(x))
    wide = {np.dtype("int64"): "int32", np.dtype("uint64"): "uint32"}
    return x.astype(wide.get(x.dtype.newbyteorder("="), x.dtype.newbyteorder("=")))


def sample(dtype, shape, seed=0):
    dtype = np.dtype(dtype)
    rng = np.random.default_rng([seed, 20])
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.kind in "iu":
        info = np.iinfo(dtype if dtype.itemsize < 8 else ("int32" if dtype.kind == "i" else "uint32"))
        return rng.integers(info.min, info.max, shape, endpoint=True).astype(dtype)
    x = rng.standard_normal(shape).astype(dtype)
    if x.size > 4:
        x.reshape(-1)[:5] = [np.inf, -np.inf, -0.0, np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max]
    return np.asarray(x)


def npy(name, x, version=None, same=False):
    file = io.BytesIO()
    if version is None:
        np.save(file, x)
    else:
        np.lib.format.write_array(file, x, version=version)
    add("npy", name, file.getvalue(), {"x": x}, same)


def make():
    for dtype in DTYPES:
        npy(f"{dtype}[3,5]", sample(dtype, (3, 5)), same=True)
        npy(f"{dtype}[3,5] in Fortran order", np.asfortranarray(sample(dtype, (3, 5), 1)))
        if np.dtype(dtype).itemsize > 1:
            npy(f"{dtype}[7], big endian", sample(dtype, (7,), 2).astype(np.dtype(dtype).newbyteorder(">")))
    npy("int64[4]", np.array([0, -1, 2**31 - 1, -(2**31)]))
    npy("int64[4], big endian", np.array([0, -1, 2**31 - 1, -(2**31)], ">i8"))
    npy("uint64[3]", np.array([0, 1, 2**32 - 1], np.uint64))
    npy("a scalar", np.float32(1.5), same=True)
    npy("nothing", np.zeros((0, 3), np.float32), same=True)
    npy("four axes", sample("float32", (2, 3, 4, 5), 3), same=True)
    npy("four axes in Fortran order", np.asfortranarray(sample("int16", (2, 3, 4, 5), 4)))
    npy("version 2.0", sample("float32", (2, 3), 5), version=(2, 0))
    npy("version 3.0", sample("float32", (2, 3), 6), version=(3, 0))

    arrays = {"w": sample("float32", (4, 3), 7), "labels": np.arange(5), "größe": sample("float16", (6,), 8),
              "zeros": np.zeros((64, 64), np.float64), "flag": np.array(True)}
    for saver in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        saver(file, **arrays)
        add("npz", saver.__name__, file.getvalue(), arrays)

    tensors = {f"t.{dtype}": sample(dtype, (2, 3), 9) for dtype in DTYPES}
    add("safetensors", "all dtypes", save(tensors), tensors, same=True)
    named = {"b": sample("float32", (3,), 10), "a": sample("float32", (2, 2), 11), "10": sample("int8", (3,), 12), "ü": sample("uint8", (), 13),
             "empty": np.zeros((0, 4), np.float32)}
    add("safetensors", "names, a scalar, nothing", save(named), named, same=True)
    add("safetensors", "metadata", save(named, {"format": "np", }), named, same=True, metadata={"format": "np"})
    add("safetensors", "int64", save({"i": np.arange(-3, 3)}), {"i": np.arange(-3, 3)})
    add("safetensors", "no tensors", save({}), {}, same=True)
    # NumPy has no bfloat16: the upper halves of float32s, and a file by hand.
    bits = (sample("float32", (2, 3), 14).view(np.uint32) >> 16).astype(np.uint16)
    header = b'{"x":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}}      '
    wide = (bits.astype(np.uint32) << 16).view(np.float32)
    add("safetensors", "bfloat16", len(header).to_bytes(8, "little") + header + bits.tobytes(), {"x": wide})


def contents(versions):
    """The bytes of the container before compression, and the number of files."""
    make()
    return writer.content({"versions": versions, "files": files}), len(files)

"""The container of golden data: gzip of a little-endian uint32 n, n bytes of JSON, and the bytes of the arrays.

In the JSON a value is an object with one letter:
  {"a": [dtype, shape, offset]}  an array, row-major and little-endian, at `offset` bytes of what follows the JSON
  {"c": [a, a]}      a complex array: real and imaginary part
  {"k": a}           typed random keys, by their uint32 words
  {"t": [...]}       a tuple or list;   with "n": the names of a named tuple's fields
  {"d": {...}}       a dict; its keys must not look like integers, which JavaScript would put first
  {"s": x}           a number, string, boolean or null;   {"s": "inf" | "-inf" | "nan", "f": 1}: those floats
  {"r": path}        a function of Weft
Equal arrays are stored once. NaN is the canonical quiet one; -0 and subnormals are kept.
"""

import gzip
import io
import json
import math
import struct

import jax
import numpy as np

from golden import Key, Ref, camel

DTYPES = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "float16", "float32", "float64")


class Writer:
    def __init__(self):
        self.payload = bytearray()
        self.places = {}

    def array(self, x):
        x = np.asarray(x)
        if x.dtype in (np.int64, np.uint64):
            # JAX without 64 bits has int32 where NumPy and JAX with them have int64.
            narrow = np.dtype("int32" if x.dtype == np.int64 else "uint32")
            if x.size and (x.min() < np.iinfo(narrow).min or x.max() > np.iinfo(narrow).max):
                raise ValueError(f"{x.dtype} elements beyond {narrow}")
            x = x.astype(narrow)
        if x.dtype.name not in DTYPES:
            raise ValueError(f"Weft has no dtype {x.dtype.name}")
        if x.dtype.kind == "f":
            x = np.where(np.isnan(x), np.array(np.nan, x.dtype), x)
        raw = x.astype(x.dtype.newbyteorder("<")).tobytes()
        place = self.places.get(raw)
        if place is None:
            self.payload += b"\0" * (-len(self.payload) % 8)
            place = self.places[raw] = len(self.payload)
            self.payload += raw
        return {"a": [x.dtype.name, list(x.shape), place]}

    def value(self, x, keys=None):
        """A value of the list above; `keys` turns the keys of the outermost dict into those of Weft."""
        if x is None or isinstance(x, (bool, str)):
            return {"s": x}
        if isinstance(x, (int, float)):
            if isinstance(x, float) and not math.isfinite(x):
                return {"s": "nan" if math.isnan(x) else "inf" if x > 0 else "-inf", "f": 1}
            return {"s": x}
        if isinstance(x, Ref):
            return {"r": x.path}
        if isinstance(x, Key):
            return {"k": self.array(x.data)}
        if isinstance(x, jax.Array) and jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key):
            return {"k": self.array(jax.random.key_data(x))}
        if isinstance(x, (np.ndarray, np.generic, jax.Array)):
            x = np.asarray(x)
            if x.dtype.kind == "c":
                return {"c": [self.array(x.real), self.array(x.imag)]}
            return self.array(x)
        if isinstance(x, (np.dtype, type)):
            return {"s": np.dtype(x).name}
        if isinstance(x, (tuple, list)):
            encoded = {"t": [self.value(part) for part in x]}
            if hasattr(x, "_fields"):
                encoded["n"] = [camel(name) for name in x._fields]
            return encoded
        if isinstance(x, dict):
            return {"d": {(keys(k) if keys else str(k)): self.value(v) for k, v in x.items()}}
        raise TypeError(f"{type(x).__name__} cannot stand in golden data")

    def content(self, header):
        text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-(len(text) + 4) % 8)
        return struct.pack("<I", len(text)) + text + bytes(self.payload)


def pack(content):
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0, filename="") as file:
        file.write(content)
    return buffer.getvalue()


def unpack(packed):
    return gzip.decompress(packed)

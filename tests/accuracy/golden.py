"""Golden points of the float64 functions, made by mpmath with 320 bits and more.

    pip install mpmath==1.4.1
    python golden.py                 (writes golden.bin beside this file)

The file: a little-endian uint32 n, then n bytes of JSON, a list of {"name", "arity", "count"}; then for each entry, in
its order, `arity` columns of arguments and one of results, float64, and a column of int8: the result's rounding error
(exact - rounded) in units of 1/254 ULP of the result, so that errors below half an ULP can be told apart.
"""

import json
import math
import pathlib
import random
import struct

import mpmath as mp

HERE = pathlib.Path(__file__).parent
DOMAINS = json.loads((HERE / "domains.json").read_text())
COUNT = 1500
MAX = 1.7976931348623157e308

FUNCTIONS = {
    "exp": mp.exp,
    "exp2": lambda x: mp.power(2, x),
    "expm1": mp.expm1,
    "logistic": lambda x: 1 / (1 + mp.exp(-x)),
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "log": mp.log,
    "log2": lambda x: mp.log(x, 2),
    "log1p": mp.log1p,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "sqrt": mp.sqrt,
    "rsqrt": lambda x: 1 / mp.sqrt(x),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "erf_inv": None,
    "lgamma": lambda x: mp.log(abs(mp.gamma(x))) if abs(x) < 200 else mp.re(mp.loggamma(x)),
    "digamma": lambda x: mp.psi(0, x),
    "trigamma": lambda x: mp.psi(1, x),
    "bessel_i0e": lambda x: mp.exp(-abs(x)) * mp.besseli(0, x),
    "bessel_i1e": lambda x: mp.exp(-abs(x)) * mp.besseli(1, x),
}
DOMAIN = {
    **dict.fromkeys(["log", "log2", "sqrt", "rsqrt"], (5e-324, MAX)),
    "log1p": (-1 + 2**-53, MAX),
    "acosh": (1, MAX),
    "atanh": (-1 + 2**-53, 1 - 2**-53),
    "asin": (-1, 1),
    "acos": (-1, 1),
    "erf_inv": (-1 + 2**-53, 1 - 2**-53),
    # Further down sine of πx is not the question, and mpmath takes long.
    **dict.fromkeys(["digamma", "trigamma"], (-1e6, MAX)),
    "lgamma": (-1e6, 1e305),
    # mpmath takes long further out, where the asymptotic series has one term.
    **dict.fromkeys(["bessel_i0e", "bessel_i1e"], (-1e5, 1e5)),
}


def erf_inv(y):
    """Newton's iteration on erfc, from mpmath's own start."""
    a = abs(y)
    x = mp.erfinv(mp.mpf(a)) if a < 0.999 else mp.sqrt(-mp.log((1 - a) * mp.sqrt(mp.pi * -mp.log(1 - a))))
    for _ in range(8):
        x += (mp.erfc(x) - (1 - a)) * mp.sqrt(mp.pi) / 2 * mp.exp(x * x)
    return mp.sign(y) * x


FUNCTIONS["erf_inv"] = erf_inv


def anywhere(rng):
    """Any exponent, any mantissa, any sign."""
    return struct.unpack("<d", struct.pack("<Q", rng.getrandbits(63) % (0x7FF << 52) | rng.getrandbits(1) << 63))[0]


def moderate(rng):
    return rng.choice((-1, 1)) * 2 ** rng.uniform(-40, 12)


def neighbour(x, steps):
    for _ in range(abs(steps)):
        x = math.nextafter(x, math.copysign(math.inf, steps))
    return x


def arguments(name, rng):
    spec = DOMAINS[name]
    dense = spec["dense"] + spec.get("dense64", [])
    low, high = DOMAIN.get(name, (-MAX, MAX))
    out = []
    while len(out) < COUNT:
        k = rng.random()
        if k < 0.15:
            x = anywhere(rng)
        elif k < 0.3:
            x = moderate(rng)
        elif k < 0.45:
            x = neighbour(rng.choice(spec["near"]), rng.randint(-40, 40)) + rng.choice((0, 0, 1e-9, -1e-6)) * rng.random()
        else:
            x = rng.uniform(*rng.choice(dense))
        if low <= x <= high and (x > 0 or x != math.floor(x) or "gamma" not in name):
            out.append(x)
    return out


def power_arguments(rng):
    """Results over all exponents, and bases near 1 among the others."""
    k = rng.random()
    x = abs(anywhere(rng)) if k < 0.2 else 2 ** rng.uniform(-20, 20) if k < 0.6 else 1 + rng.choice((-1, 1)) * 2 ** rng.uniform(-52, -1)
    if x == 0 or x == 1:
        x = 3.0
    y = rng.uniform(-1075, 1024) / math.log2(x) if k < 0.8 else rng.uniform(-10, 10)
    return x, y


def ratio_arguments(rng):
    x = anywhere(rng) if rng.random() < 0.2 else rng.choice((-1, 1)) * 2 ** rng.uniform(-10, 10)
    return max(min(x * 2 ** rng.uniform(-6, 6), MAX), -MAX), rng.choice((-1, 1)) * x


def rounded(exact):
    """The nearest double and what it lost, in 1/254 ULP."""
    y = float(exact)
    if math.isinf(y):
        return y, 0
    lost = round(float((exact - mp.mpf(y)) / mp.mpf(math.ulp(y))) * 254)
    return y, max(-127, min(127, lost))


def main():
    entries, columns = [], []

    def add(name, function, rows):
        results = []
        for row in rows:
            # sin(1e308) takes a thousand bits to reduce; results near zeros of lgamma lose some.
            with mp.workprec(1400 if name in ("sin", "cos", "tan") else 420):
                results.append(rounded(function(*map(mp.mpf, row))))
        entries.append({"name": name, "arity": len(rows[0]), "count": len(rows)})
        for column in [*zip(*rows), [y for y, _ in results]]:
            columns.append(struct.pack(f"<{len(rows)}d", *column))
        columns.append(struct.pack(f"<{len(rows)}b", *(lost for _, lost in results)))

    for name, function in FUNCTIONS.items():
        add(name, function, [(x,) for x in arguments(name, random.Random(name))])
        print(name)
    rng = random.Random("pow")
    add("pow", mp.power, [power_arguments(rng) for _ in range(COUNT)])
    rng = random.Random("atan2")
    add("atan2", mp.atan2, [ratio_arguments(rng) for _ in range(COUNT)])
    header = json.dumps(entries).encode()
    (HERE / "golden.bin").write_bytes(struct.pack("<I", len(header)) + header + b"".join(columns))


main()

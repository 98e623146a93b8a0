"""Golden points of the functions that iterate, made by mpmath with 60 digits and more.

    pip install mpmath==1.4.1
    python iterated.py               (writes iterated.bin beside this file)

All arguments are float32 numbers, so that both precisions are measured against the same results. The file is laid out
as golden.bin is (golden.py), without the column of rounding errors: a double is exact enough for relative errors.
"""

import json
import pathlib
import random
import struct

import mpmath as mp

HERE = pathlib.Path(__file__).parent
COUNT = 250
mp.mp.dps = 60


def single(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def around(rng, centre, width):
    """Where the series and the fraction are hardest: about the maximum of the density."""
    return max(centre * (1 + width * rng.gauss(0, 1)), 1e-6)


def gamma_arguments(rng):
    a = 2 ** rng.uniform(-6, 11)
    x = around(rng, a, 2 / a**0.5) if rng.random() < 0.7 else 2 ** rng.uniform(-8, 12)
    return single(a), single(min(max(x, a / 50), 50 * a + 20))


def sample_arguments(rng):
    """The derivative is one of samples: x as a Gamma(a) variable draws it."""
    a = 2 ** rng.uniform(-4, 11)
    return single(a), single(max(rng.gammavariate(a, 1), 1e-6))


def beta_arguments(rng):
    a, b = 2 ** rng.uniform(-4, 8), 2 ** rng.uniform(-4, 8)
    x = around(rng, a / (a + b), 0.5) if rng.random() < 0.7 else rng.random()
    return single(a), single(b), single(min(max(x, 1e-3), 0.999))


def zeta_arguments(rng):
    return single(1 + 2 ** rng.uniform(-6, 5)), single(2 ** rng.uniform(-4, 8))


def polygamma_arguments(rng):
    return float(rng.randint(1, 6)), single(2 ** rng.uniform(-4, 7))


def lower(a, x):
    return mp.gammainc(a, 0, x, regularized=True)


def upper(a, x):
    return mp.gammainc(a, x, mp.inf, regularized=True)


def grad_a(a, x):
    with mp.workdps(90):
        h = mp.mpf(10) ** -25
        # The smaller of P and Q keeps the digits of the difference.
        if lower(a, x) < 0.5:
            return (lower(a + h, x) - lower(a - h, x)) / (2 * h)
        return -(upper(a + h, x) - upper(a - h, x)) / (2 * h)


def sample_grad(a, x):
    with mp.workdps(90):
        density = mp.exp(-x + (a - 1) * mp.log(x) - mp.loggamma(a))
        return -grad_a(a, x) / density


FUNCTIONS = {
    "igamma": (gamma_arguments, lower),
    "igammac": (gamma_arguments, upper),
    "igamma_grad_a": (gamma_arguments, grad_a),
    "random_gamma_grad": (sample_arguments, sample_grad),
    "regularized_incomplete_beta": (beta_arguments, lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True)),
    "zeta": (zeta_arguments, mp.zeta),
    "polygamma": (polygamma_arguments, lambda n, x: mp.psi(int(n), x)),
}


def main():
    header, columns = [], []
    for name, (arguments, function) in FUNCTIONS.items():
        rng = random.Random(name)
        rows = []
        while len(rows) < COUNT:
            args = arguments(rng)
            result = float(function(*map(mp.mpf, args)))
            # Below, float32 has lost the result to its least exponents.
            if 1e-30 < abs(result) < 1e30:
                rows.append((*args, result))
        arity = len(rows[0]) - 1
        header.append({"name": name, "arity": arity, "count": COUNT})
        columns += [struct.pack(f"<{COUNT}d", *column) for column in zip(*rows)]
        print(name, flush=True)
    text = json.dumps(header).encode()
    (HERE / "iterated.bin").write_bytes(struct.pack("<I", len(text)) + text + b"".join(columns))


main()

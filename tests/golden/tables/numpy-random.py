"""Numbers of numpy.random.default_rng for tests/sample-numpy-random.test.ts.

A case is a chain of calls on one generator, so that buffered halves of words and the position in the stream count too.
`sha256` stands for the bytes of arrays too long to store.
"""

import hashlib

import numpy as np

from container import Writer

writer = Writer()
cases = []


def encoded_seed(seed):
    return [str(s) for s in seed] if isinstance(seed, list) else str(seed)


def case(name, seed, *calls):
    rng = np.random.default_rng(seed)
    recorded = []
    for method, args, options in calls:
        out = getattr(rng, method)(*args, **options)
        entry = {"method": method, "args": [plain(a) for a in args], "options": {k: plain(v) for k, v in options.items()}}
        out = np.asarray(out)
        if out.size > 500:
            if out.dtype == np.int64:
                out = out.astype(np.int32)
            entry["sha256"] = hashlib.sha256(out.tobytes()).hexdigest()
            entry["shape"] = list(out.shape)
        else:
            entry["out"] = writer.array(out)
        recorded.append(entry)
    cases.append({"name": name, "seed": encoded_seed(seed), "calls": recorded})


def plain(x):
    return x.tolist() if isinstance(x, np.ndarray) else list(x) if isinstance(x, tuple) else x


def call(method, *args, **options):
    return method, args, options


def make_cases():
    case("the document's x", 12345, call("uniform", -10, 10, size=(200, 2)))
    case("scalars", 7, call("random"), call("uniform"), call("normal", 3, 0.5), call("standard_normal"), call("integers", 0, 10))
    for seed in (0, 1, 2**32, 2**40 + 5, 2**63, 2**200 + 12345, [1, 2], [5, 2**70, 0, 3, 9], 987654321987654321):
        case(f"seed {seed}", seed, call("random", 5), call("standard_normal", (3, 2)))
    # 400 000 numbers reach every layer of the ziggurat many times, and the tail about a hundred times.
    case("every layer", 2024, call("standard_normal", 400_000))
    case("normal", 3, call("normal", -2.5, 0.25, 100_000))
    case("integers", 42, call("integers", 0, 10, 20), call("integers", -5, 6, (3, 4)), call("integers", 0, 2**31, 8),
         call("integers", -(2**31), 2**31, 8), call("integers", 3, 4, 3), call("random", 2), call("integers", 0, 6, 5, endpoint=True),
         call("integers", 0, 1_000_003, 5000))
    case("mixed widths", 11, call("integers", 0, 10, 3), call("random", 1), call("integers", 0, 10, 4), call("standard_normal", 2))
    case("permutation", 5, call("permutation", 10), call("permutation", 1000), call("permutation", np.arange(12.0).reshape(4, 3)),
         call("permutation", 1))
    p = [0.1, 0.0, 0.3, 0.6]
    case("choice", 8, call("choice", 10, 15), call("choice", 4, (2, 5), p=p), call("choice", 4, 3, replace=False, p=p),
         call("choice", 50, 20, replace=False), call("choice", 50, 20, replace=False, shuffle=False),
         call("choice", 20_000, 600, replace=False), call("choice", 20_000, 300, replace=False),
         call("choice", np.array([2.5, -1.0, 8.0]), 6), call("choice", 3))


def contents(versions):
    make_cases()
    return writer.content({"versions": {"numpy": versions["numpy"]}, "cases": cases}), len(cases)

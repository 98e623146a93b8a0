"""Writes jax-names.json: the public names of JAX's modules, for docs/jax-compatibility.md.

    JAX_PLATFORMS=cpu ENV/bin/python tests/golden/names.py
"""

import importlib
import inspect
import json
import pathlib

import jax

MODULES = """
jax jax.numpy jax.numpy.linalg jax.numpy.fft jax.lax jax.lax.linalg jax.nn jax.nn.initializers jax.random
jax.scipy.cluster.vq jax.scipy.fft jax.scipy.integrate jax.scipy.interpolate jax.scipy.linalg jax.scipy.ndimage
jax.scipy.optimize jax.scipy.signal jax.scipy.sparse.linalg jax.scipy.spatial.transform jax.scipy.special
jax.scipy.stats jax.scipy.stats.bernoulli jax.scipy.stats.beta jax.scipy.stats.betabinom jax.scipy.stats.binom
jax.scipy.stats.cauchy jax.scipy.stats.chi2 jax.scipy.stats.dirichlet jax.scipy.stats.expon jax.scipy.stats.gamma
jax.scipy.stats.gennorm jax.scipy.stats.geom jax.scipy.stats.gumbel_l jax.scipy.stats.gumbel_r jax.scipy.stats.laplace
jax.scipy.stats.logistic jax.scipy.stats.multinomial jax.scipy.stats.multivariate_normal jax.scipy.stats.nbinom
jax.scipy.stats.norm jax.scipy.stats.pareto jax.scipy.stats.poisson jax.scipy.stats.t jax.scipy.stats.truncnorm
jax.scipy.stats.uniform jax.scipy.stats.vonmises jax.scipy.stats.wrapcauchy jax.tree jax.tree_util jax.flatten_util
""".split()


def names(module):
    return sorted(
        (name for name in dir(module) if not name.startswith("_") and not inspect.ismodule(getattr(module, name))),
        key=str.lower,
    )


def main():
    found = {}
    for path in MODULES:
        found[path] = names(importlib.import_module(path))
    # A module of scipy.stats that is not in the list above would go unnoticed.
    stats = importlib.import_module("jax.scipy.stats")
    for name in dir(stats):
        if inspect.ismodule(getattr(stats, name)) and not name.startswith("_") and f"jax.scipy.stats.{name}" not in MODULES:
            raise SystemExit(f"jax.scipy.stats.{name} is missing in MODULES")
    text = json.dumps({"version": jax.__version__, "modules": found}, indent=1)
    (pathlib.Path(__file__).parent / "jax-names.json").write_text(text + "\n")
    print({path: len(n) for path, n in found.items()}, sum(map(len, found.values())))


main()

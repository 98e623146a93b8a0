"""Chains of NumPyro's NUTS for tests/sample-nuts.test.ts: writes nuts.json beside this file.

    ENV/bin/python tests/golden/samples/nuts.py

In float64, so that rounding does not grow to a difference within the draws that are compared.
"""

import importlib.metadata
import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax import random
from numpyro.infer import MCMC, NUTS
from numpyro.infer.hmc_util import build_adaptation_schedule

numpyro.enable_x64()

mean = np.array([1.0, -2.0])
precision = np.linalg.inv(np.array([[1.0, 1.8], [1.8, 4.0]]))


def gaussian(z):
    """Correlation 0.9."""
    return 0.5 * jnp.dot(z - mean, precision @ (z - mean))


def funnel(z):
    """R. M. Neal's funnel: x of standard deviation exp(y / 2)."""
    y, x = z[0], z[1:]
    return y**2 / 18 + 0.5 * jnp.sum(x**2) * jnp.exp(-y) + 0.5 * x.size * y


def chain(potential, size, seed, warmup, samples, **options):
    fields = ("num_steps", "accept_prob", "diverging", "potential_energy")
    mcmc = MCMC(NUTS(potential_fn=potential, **options), num_warmup=warmup, num_samples=samples, progress_bar=False)
    mcmc.run(random.PRNGKey(seed), init_params=jnp.zeros(size), extra_fields=fields)
    extra = mcmc.get_extra_fields()
    adapted = mcmc.last_state.adapt_state
    return {
        "seed": seed,
        "numWarmup": warmup,
        "numSamples": samples,
        "draws": np.asarray(mcmc.get_samples()).tolist(),
        "numSteps": extra["num_steps"].tolist(),
        "acceptance": np.asarray(extra["accept_prob"]).tolist(),
        "potential": np.asarray(extra["potential_energy"]).tolist(),
        "diverging": extra["diverging"].tolist(),
        "stepSize": float(adapted.step_size),
        "inverseMass": np.asarray(adapted.inverse_mass_matrix).tolist(),
    }


out = {
    "versions": {name: importlib.metadata.version(name) for name in ("numpyro", "jax", "numpy")},
    "schedules": {n: [list(w) for w in build_adaptation_schedule(n)] for n in (5, 19, 20, 30, 100, 149, 150, 200, 500, 1000, 1234)},
    "gaussian": chain(gaussian, 2, 0, 60, 40),
    "gaussianFixed": {**chain(gaussian, 2, 1, 0, 60, step_size=0.3), "stepSizeStart": 0.3},
    "gaussianShallow": {**chain(gaussian, 2, 2, 0, 20, step_size=0.01, max_tree_depth=4), "stepSizeStart": 0.01},
    "funnel": {**chain(funnel, 5, 3, 0, 40, step_size=1.6), "stepSizeStart": 1.6},
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(out) + "\n")
print(sum(out["funnel"]["diverging"]), "divergences in the funnel", out["gaussian"]["stepSize"])

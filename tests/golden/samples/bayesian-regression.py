"""bambi's model of document 002 and its posterior: writes bayesian-regression.json beside this file.

    ENV/bin/python tests/golden/samples/bayesian-regression.py

The document leaves the noise without a seed; here it continues the generator of x.
"""

import importlib.metadata
import json
import pathlib

import arviz as az
import bambi as bmb
import numpy as np
import pandas as pd
from scipy import stats

m_0, m_1 = 1.1, 2.1
intercept = bias = 3.1
coefficients = np.array([[m_0, m_1]])
rng = np.random.default_rng(12345)
x_obs = rng.uniform(-10, 10, size=(200, 2))
y_obs = (x_obs @ coefficients.T) + bias
noise_sd = 0.5
y_obs_noisy = y_obs + stats.norm(0, noise_sd).rvs(y_obs.shape, random_state=rng)

df = pd.DataFrame({"y": y_obs_noisy[:, 0], "x0": x_obs[:, 0], "x1": x_obs[:, 1]})
model = bmb.Model("y ~ x0 + x1", data=df)
model.build()
printed = str(model)

# The log density on the unbounded scale, of which NUTS draws: with log sigma for sigma and the centred intercept.
pymc = model.backend.model
logp = pymc.compile_logp()
points = [
    {"Intercept": 2.3, "x0": 1.1, "x1": 2.1, "sigma_log__": np.log(0.5)},
    {"Intercept": 0.0, "x0": 0.0, "x1": 0.0, "sigma_log__": 0.0},
    {"Intercept": -4.0, "x0": 3.0, "x1": -1.5, "sigma_log__": 2.5},
    {"Intercept": 2.0, "x0": 1.0, "x1": 2.0, "sigma_log__": -1.2},
]
names = {variable.name for variable in pymc.value_vars}
assert names == set(points[0]), names
densities = [{**point, "logp": float(logp({k: np.array(v) for k, v in point.items()}))} for point in points]

idata = model.fit(draws=4000, tune=1000, chains=4, cores=1, random_seed=2024, progressbar=False)
table = az.summary(idata, round_to="none")
posterior = {
    name: {
        **{column: float(table.loc[name, column]) for column in table.columns},
        "quantiles": [float(q) for q in idata.posterior[name].quantile([0.05, 0.25, 0.5, 0.75, 0.95])],
    }
    for name in ("Intercept", "x0", "x1", "sigma")
}
posterior_correlation = np.corrcoef([idata.posterior[name].values.ravel() for name in ("Intercept", "x0", "x1", "sigma")])
assert not idata.sample_stats.diverging.any()

out = {
    "versions": {name: importlib.metadata.version(name) for name in ("bambi", "pymc", "arviz", "numpy", "scipy", "pandas")},
    "data": {"y": [float(v) for v in y_obs_noisy[:5, 0]], "ySum": float(y_obs_noisy.sum())},
    "model": printed.split("\n------")[0],
    "densities": densities,
    "posterior": posterior,
    "correlation": posterior_correlation.tolist(),
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(out, indent=2) + "\n")

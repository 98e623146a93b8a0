"""Numbers of ArviZ for tests/sample-arviz.test.ts: writes arviz-summary.json beside this file.

    ENV/bin/python tests/golden/samples/arviz-summary.py

The draws are not stored: chains x[t] = rho x[t-1] + z[t], with z of numpy's default_rng, which the test has too.
"""

import importlib.metadata
import json
import pathlib
import warnings

import arviz as az
import numpy as np

warnings.filterwarnings("ignore")

CASES = {
    "independent": dict(seed=1, chains=4, draws=1000, rho=0.0, shift=0.0),
    "typical": dict(seed=2, chains=4, draws=1000, rho=0.3, shift=0.0),
    "antithetic": dict(seed=3, chains=4, draws=1000, rho=-0.4, shift=0.0),
    "slow": dict(seed=4, chains=4, draws=500, rho=0.95, shift=0.0),
    "apart": dict(seed=5, chains=3, draws=400, rho=0.5, shift=1.0),
    "one chain": dict(seed=6, chains=1, draws=800, rho=0.2, shift=0.0),
    "few": dict(seed=7, chains=4, draws=11, rho=0.1, shift=0.0),
}


def chains(seed, chains, draws, rho, shift):
    z = np.random.default_rng(seed).standard_normal((chains, draws))
    x = np.zeros((chains, draws))
    for c in range(chains):
        before = 0.0
        for t in range(draws):
            before = rho * before + z[c, t]
            x[c, t] = before + shift * c
    return x


def number(x):
    return None if np.isnan(x) else float(x)


out = {"versions": {name: importlib.metadata.version(name) for name in ("arviz", "numpy", "scipy", "pandas")}, "cases": {}}
for name, case in CASES.items():
    x = chains(**case)
    table = az.summary({"x": x}, round_to="none")
    grid, pdf, bandwidth = az.stats.density_utils._kde_linear(x.ravel(), bw_return=True)
    out["cases"][name] = {
        **case,
        "summary": {column: number(table[column].iloc[0]) for column in table.columns},
        "ess": {p: float(az.ess(x, method="quantile", prob=float(p))) for p in ("0.25", "0.5")},
        "hdi": [float(v) for v in az.hdi(x.ravel(), hdi_prob=0.5)],
        "kde": {"bandwidth": float(bandwidth), "grid": grid[::37].tolist(), "pdf": pdf[::37].tolist()},
    }
posterior = {
    "Intercept": 3 + 0.04 * chains(**CASES["typical"]),
    "x0": 1.1 + 0.006 * chains(**CASES["independent"]),
    "sigma": 0.5 + 0.02 * chains(**CASES["antithetic"]),
}
out["printed"] = az.summary(posterior).to_string()
out["printed80"] = az.summary(posterior, hdi_prob=0.8).to_string()

path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(out, indent=1) + "\n")

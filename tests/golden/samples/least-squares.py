"""Least squares of statsmodels and scikit-learn for tests/sample-least-squares.test.ts: writes least-squares.json beside this file.

    ENV/bin/python tests/golden/samples/least-squares.py

The data are not stored: they are made by numpy's default_rng here and in the test.
"""

import importlib.metadata
import json
import pathlib
import time
import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.iolib.summary
from scipy import stats
from sklearn.linear_model import LinearRegression

warnings.filterwarnings("ignore")
# The summary has the time in it.
NOW = (2024, 2, 9, 8, 5, 3, 4, 40, 0)
statsmodels.iolib.summary.time = type("Fixed", (), {"localtime": lambda: NOW, "strftime": time.strftime})

rng = np.random.default_rng(12345)
x = rng.uniform(-10, 10, size=(200, 2))
y = (x @ np.array([[1.1, 2.1]]).T) + 3.1
y = y + stats.norm(0, 0.5).rvs(y.shape, random_state=rng)
document = pd.DataFrame({"y": y[:, 0], "x0": x[:, 0], "x1": x[:, 1]})

z = np.random.default_rng(3).normal(size=(30, 4))
other = pd.DataFrame({
    "a very long response name indeed": z[:, :3] @ [1, 2, 3] + z[:, 3] ** 3,
    "a": z[:, 0],
    "a quite long predictor name": z[:, 1],
    "b": z[:, 2],
})
scaled = pd.DataFrame({"y": 1e6 * other.iloc[:, 0], "a": 1e5 * z[:, 0], "b": 1e-3 * z[:, 1], "c": z[:, 2]})
dependent = pd.DataFrame({"y": other.iloc[:, 0], "a": z[:, 0], "b": z[:, 1], "c": z[:, 0] - z[:, 1]})

CASES = {
    "document": (document, True),
    "few": (document[:6], True),
    "long names": (other, True),
    "no constant": (other, False),
    "scaled": (scaled, True),
    "dependent": (dependent, True),
}


def fit(frame, constant):
    exog = frame.iloc[:, 1:]
    results = sm.OLS(frame.iloc[:, 0], sm.add_constant(exog) if constant else exog).fit()
    return {
        "summary": str(results.summary()),
        "params": results.params.tolist(),
        "bse": results.bse.tolist(),
        "pvalues": results.pvalues.tolist(),
        "confInt": results.conf_int().values.tolist(),
        **{name: float(getattr(results, name)) for name in ("ssr", "rsquared", "rsquared_adj", "fvalue", "f_pvalue", "llf", "aic", "bic")},
    }


sk = LinearRegression().fit(x, y)
plain = LinearRegression(fit_intercept=False).fit(x, y[:, 0])
out = {
    "versions": {name: importlib.metadata.version(name) for name in ("statsmodels", "scikit-learn", "numpy", "scipy", "pandas")},
    "cases": {name: fit(*case) for name, case in CASES.items()},
    "distributions": {
        "t": [[q, df, float(stats.t.ppf(q, df))] for q in (0.975, 0.6, 0.01, 0.5) for df in (1, 2.5, 27, 197)],
        "f": [[f, a, b, float(stats.f.sf(f, a, b))] for f in (0.3, 3.0, 50.0) for a, b in ((1, 5), (2, 197), (7, 12))],
    },
    "sklearn": {
        "coef": sk.coef_.tolist(),
        "intercept": sk.intercept_.tolist(),
        "rank": int(sk.rank_),
        "singular": sk.singular_.tolist(),
        "score": sk.score(x, y),
        "predict": sk.predict(x[:3]).tolist(),
        "plainCoef": plain.coef_.tolist(),
        "plainIntercept": float(plain.intercept_),
        "plainScore": plain.score(x, y[:, 0]),
    },
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(out, indent=1) + "\n")

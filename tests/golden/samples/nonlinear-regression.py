"""Document 002's part that is not linear, run with JAX: the linear model fails, a deep linear one too, a wide one with relu fits."""

from _write import write

import flax.linen as nn
import numpy as np
from _flax_regression import LinearRegression, key, numbers, tabulate, train

x_non_linear = np.linspace(-10, 10, 100)
y_non_linear = 2 * x_non_linear**2
x, y = x_non_linear[..., None], y_non_linear[..., None]


class Deep(nn.Module):
    def setup(self):
        """Single output, I dont need to specify shape"""
        self.hidden_layer_1 = nn.Dense(features=10)
        self.hidden_layer_2 = nn.Dense(features=10)
        self.dense_out = nn.Dense(features=1)

    def __call__(self, x):
        hidden_x_1 = self.hidden_layer_1(x)
        hidden_x_2 = self.hidden_layer_2(hidden_x_1)
        y_pred = self.dense_out(hidden_x_2)
        return y_pred


class NonLinearRegression(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.Dense(128)(x)
        x = nn.relu(x)
        x = nn.Dense(features=1)(x)
        return x


wrong = LinearRegression().init(key, x_non_linear)
out = {"wrongKernelShape": list(wrong["params"]["dense"]["kernel"].shape), "x": x[:5].tolist()}
for name, each in {"linear": LinearRegression(), "deep": Deep(), "wide": NonLinearRegression()}.items():
    params = each.init(key, x)
    state, trained = train(each, params, x, y)
    _, short = train(each, params, x, y, epochs=501)
    out[name] = {
        "init": numbers(params["params"]),
        "tabulate": tabulate(each, x),
        "losses": trained["losses"],
        "paramsAfter501": short["params"],
        "params": trained["params"] if name == "linear" else None,
        "predictions": np.asarray(each.apply(state.params, x))[::9, 0].tolist(),
    }
write(__file__, ["jax", "flax", "optax", "numpy", "scipy"], out)

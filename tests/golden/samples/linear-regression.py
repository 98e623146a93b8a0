"""Document 002's Flax parts, linear and not, run with JAX: writes linear-regression.json and nonlinear-regression.json.

    JAX_PLATFORMS=cpu ENV/bin/python tests/golden/samples/linear-regression.py

The document's code, with each of its loops of 10 000 epochs as one `lax.scan`.
"""

import importlib.metadata
import json
import pathlib
import re

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.training import train_state
from scipy import stats

m_0, m_1 = 1.1, 2.1
intercept = bias = 3.1
coefficients = np.array([[m_0, m_1]])
rng = np.random.default_rng(12345)
x_obs = rng.uniform(-10, 10, size=(200, 2))
y_obs = (x_obs @ coefficients.T) + bias
y_einsum = np.einsum("ij,kj->ki", coefficients, x_obs) + bias
y_obs_noisy = y_obs + stats.norm(0, 0.5).rvs(y_obs.shape, random_state=rng)


class LinearRegression(nn.Module):
    def setup(self):
        """Single output, I dont need to specify shape"""
        self.dense = nn.Dense(features=1)

    def __call__(self, x):
        y_pred = self.dense(x)
        return y_pred


model = LinearRegression()
key = jax.random.PRNGKey(0)
params = model.init(key, x_obs)
optimizer = optax.adam(learning_rate=0.001)
EPOCHS = 10000
KEPT = [0, 1, 10, 100, 500, 1000, 2000, 3000, 5000, 7500, 9999]


def numbers(tree):
    return jax.tree.map(lambda x: np.asarray(x).tolist(), tree)


def train(model, params, x, y, epochs=EPOCHS):
    x, y = jnp.asarray(x), jnp.asarray(y)

    def flax_l2_loss(params, x, y_true):
        y_pred = model.apply(params, x)
        total_loss = optax.l2_loss(y_pred, y_true).sum()
        return total_loss

    state = train_state.TrainState.create(apply_fn=model, params=params, tx=optimizer)

    def epoch(state, _):
        loss, grads = jax.value_and_grad(flax_l2_loss)(state.params, x, y)
        return state.apply_gradients(grads=grads), loss

    state, losses = jax.jit(lambda state: jax.lax.scan(epoch, state, None, length=epochs))(state)
    losses = np.asarray(losses).tolist()
    return state, {"losses": {str(i): losses[i] for i in KEPT if i < epochs}, "params": numbers(state.params["params"])}


def tabulate(model, x):
    text = model.tabulate(key, x, console_kwargs={"force_terminal": False, "force_jupyter": False, "width": 120})
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def write(name, out):
    path = pathlib.Path(__file__).with_name(name)
    versions = {p: importlib.metadata.version(p) for p in ("jax", "flax", "optax", "numpy", "scipy")}
    path.write_text(json.dumps({"versions": versions, **out}, indent=1) + "\n")


kernel = params["params"]["dense"]["kernel"]
first_bias = params["params"]["dense"]["bias"]
y_0_pred = kernel[0] * x_obs[0][0] + kernel[1] * x_obs[0][1] + first_bias
state, trained = train(model, params, x_obs, y_obs_noisy)
write("linear-regression.json", {
    "xObs": x_obs[:10].tolist(),
    "yFirst": float(coefficients[0][0] * x_obs[0][0] + coefficients[0][1] * x_obs[0][1] + bias),
    "yObs": y_obs[:5].tolist(),
    "yEinsum": y_einsum[:5].tolist(),
    "init": numbers(params["params"]),
    "tabulate": tabulate(model, x_obs),
    "applyOneZero": np.asarray(model.apply(params, jnp.asarray([1, 0]))).tolist(),
    "y0Pred": np.asarray(y_0_pred).tolist(),
    "lossByHand": np.asarray((y_0_pred - y_obs[0]) ** 2 / 2).tolist(),
    "lossByOptax": float(optax.l2_loss(model.apply(params, x_obs[0])[0], y_obs[0][0])),
    "flaxL2Loss": float(optax.l2_loss(model.apply(params, x_obs[0]), y_obs[0]).sum()),
    "trained": trained,
})

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


out = {"wrongKernelShape": list(model.init(key, x_non_linear)["params"]["dense"]["kernel"].shape), "x": x[:5].tolist()}
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
write("nonlinear-regression.json", out)

"""Document 002's linear part, run with JAX."""

from _write import write

import jax.numpy as jnp
import numpy as np
import optax
from _flax_regression import LinearRegression, key, numbers, tabulate, train
from scipy import stats

m_0, m_1 = 1.1, 2.1
intercept = bias = 3.1
coefficients = np.array([[m_0, m_1]])
rng = np.random.default_rng(12345)
x_obs = rng.uniform(-10, 10, size=(200, 2))
y_obs = (x_obs @ coefficients.T) + bias
y_einsum = np.einsum("ij,kj->ki", coefficients, x_obs) + bias
y_obs_noisy = y_obs + stats.norm(0, 0.5).rvs(y_obs.shape, random_state=rng)

model = LinearRegression()
params = model.init(key, x_obs)
kernel = params["params"]["dense"]["kernel"]
first_bias = params["params"]["dense"]["bias"]
y_0_pred = kernel[0] * x_obs[0][0] + kernel[1] * x_obs[0][1] + first_bias
state, trained = train(model, params, x_obs, y_obs_noisy)
write(__file__, ["jax", "flax", "optax", "numpy", "scipy"], {
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

"""What document 002's Flax parts, linear and not, have in common: the linear model, Adam, 10 000 epochs as one `lax.scan`."""

import re

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.training import train_state


class LinearRegression(nn.Module):
    def setup(self):
        """Single output, I dont need to specify shape"""
        self.dense = nn.Dense(features=1)

    def __call__(self, x):
        y_pred = self.dense(x)
        return y_pred


key = jax.random.PRNGKey(0)
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

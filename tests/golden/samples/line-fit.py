"""The code of document 001, "Introduction to Machine Learning", with what it prints and plots."""

import io
from contextlib import redirect_stdout

from _write import write

import jax
import jax.numpy as jnp

out = io.StringIO()
with redirect_stdout(out):
    rng = jax.random.PRNGKey(0)
    rng, new_key = jax.random.split(rng)

    x = jax.random.normal(rng, (100,))
    jitter = jax.random.normal(new_key, (100,))
    y = 3 * x + 2 + 0.5 * jitter

    print([f"({f_x:0.2f}, {f_y:0.2f})" for f_x, f_y in list(zip(x, y))[0:5]])

    n = len(x)
    beta_1 = (n * jnp.sum(x * y) - jnp.sum(x) * jnp.sum(y)) / (n * jnp.sum(x**2) - jnp.sum(x) ** 2)
    beta_0 = (jnp.sum(y) - beta_1 * jnp.sum(x)) / n

    print(f"beta_0: {beta_0:.2f}")
    print(f"beta_1: {beta_1:.2f}")

    def x2(beta):
        x, y = beta
        return x**2 + y**2

    grad_of_x2 = jax.grad(x2)
    print(f"grad_of_x2(1, 1)= {grad_of_x2((1.0, 1.0))}")
    print(f"grad_of_x2(2, 2)= {grad_of_x2((2.0, 3.0))}")
    print(f"grad_of_x2(3, 4)= {grad_of_x2((3.0, 4.0))}")

    def network(beta, x):
        b0, b1 = beta
        return b0 + b1 * x

    def loss(params, x, y):
        y_pred = network(params, x)
        return jnp.mean((y_pred - y) ** 2)

    grad_of_loss = jax.grad(loss)
    losses_10, losses_50 = [], []
    losses = losses_10

    def one_epoch(beta, x, y, i_epoch):
        g = grad_of_loss(beta, x, y)
        beta -= 0.1 * g
        losses.append(float(loss(beta, x, y)))
        print(f"Step {i_epoch}, loss {loss(beta, x, y)} and beta {beta}")
        return beta

    beta = jnp.array([1.0, 1.0])
    for i_epoch in range(10):
        beta = one_epoch(beta, x, y, i_epoch)
    print(f"Final parameters: {beta}")
    beta_10 = beta

    losses = losses_50
    beta = jnp.array([1.0, 1.0])
    beta_history = [beta]
    for i in range(50):
        beta = one_epoch(beta, x, y, i)
        beta_history.append(beta.copy())

    nn_beta_0, nn_beta_1 = beta
    print(f"beta_0 (b): {nn_beta_0:.2f} - least squares: {beta_0:.2f}")
    print(f"beta_1 (m): {nn_beta_1:.2f} - least squares: {beta_1:.2f}")

    b_range = jnp.linspace(-4, 4, 20)
    m_range = jnp.linspace(-8, 8, 20)

    def loss_fn(x, y, m, b):
        return jnp.mean((y - m * x - b) ** 2)

    landscape = jnp.array([[loss_fn(x, y, m, b) for b in b_range] for m in m_range])

write(
    __file__,
    ["jax", "jaxlib", "numpy"],
    {
        "printed": out.getvalue().rstrip("\n").split("\n"),
        "x": x,
        "jitter": jitter,
        "y": y,
        "beta0": float(beta_0),
        "beta1": float(beta_1),
        "x2At34": float(x2((3.0, 4.0))),
        "losses10": losses_10,
        "beta10": beta_10,
        "losses50": losses_50,
        "betaHistory": [b.tolist() for b in beta_history],
        "bRange": b_range,
        "mRange": m_range,
        "landscape": landscape,
    },
)

"""The first code of document 003, "Introduction into JAX and Haiku": the sigmoid and its derivatives."""

from _write import write

from jax import grad
import jax.numpy as jnp


def sigmoid(x):
    return 1 / (1 + jnp.exp(-x))


gradient = grad(sigmoid)
hessian = grad(gradient)

x_range = jnp.linspace(-5, 5, 100)

write(
    __file__,
    ["jax", "jaxlib", "numpy"],
    {
        "x": x_range,
        "derivative": [gradient(x) for x in x_range],
        "hessian": [hessian(x) for x in x_range],
        "sigmoid": sigmoid(x_range),
        "hessianAtZero": float(hessian(0.0)),
    },
)

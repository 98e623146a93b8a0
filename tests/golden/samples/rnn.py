"""A character-level LSTM in Flax and optax, on a small text: its parameters, its first losses and its text."""

from _write import write

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from flax.training import train_state
from jax import random

TEXT = "Call me Ishmael. Some years ago--never mind how long precisely--having little or no money in my purse. " * 3
VOCABULARY = sorted(set(TEXT))
FEATURES = 8
BATCH_SIZE = 4
LENGTH = 12
STEPS = 40
LEARNING_RATE = 1e-2


class CharLSTM(nn.Module):
    vocab_size: int
    features: int

    @nn.compact
    def __call__(self, tokens, carry=None):
        x = nn.Embed(self.vocab_size, self.features)(tokens)
        lstm = nn.RNN(nn.OptimizedLSTMCell(self.features), return_carry=True)
        carry, y = lstm(x, initial_carry=carry)
        logits = nn.Dense(self.vocab_size)(y)
        return carry, logits


class TrainState(train_state.TrainState):
    key: jax.Array


def get_batch(key, text):
    starts = random.randint(key, (BATCH_SIZE,), 0, text.shape[0] - LENGTH)
    return jax.vmap(lambda start: jax.lax.dynamic_slice(text, (start,), (LENGTH + 1,)))(starts)


def loss_fn(params, batch):
    inputs, targets = batch[:, :-1], batch[:, 1:]
    _, logits = model.apply(params, inputs)
    return optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean()


def sample(key, logits, temperature, top_k):
    least = jnp.sort(logits)[-top_k]
    kept = jnp.where(logits < least, -jnp.inf, logits)
    return random.categorical(key, kept / temperature)


model = CharLSTM(len(VOCABULARY), FEATURES)
text = jnp.array([VOCABULARY.index(c) for c in TEXT], jnp.int32)
init_key, train_key = random.split(random.PRNGKey(0))
params = model.init(init_key, jnp.zeros((1, LENGTH), jnp.int32))
tx = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, STEPS)))
state = TrainState.create(apply_fn=model.apply, params=params, tx=tx, key=train_key)


@jax.jit
def train(state, text):
    def step(state, _):
        batch = get_batch(random.fold_in(state.key, state.step), text)
        loss, grads = jax.value_and_grad(loss_fn)(state.params, batch)
        return state.apply_gradients(grads=grads), loss

    return jax.lax.scan(step, state, None, length=STEPS)


trained, losses = train(state, text)

# The prompt's eight characters are read, then 25 are drawn.
carry = None
tokens = [int(t) for t in text[:8]]
for i, key in enumerate(random.split(random.PRNGKey(1), 32)):
    token = jnp.array([[tokens[i]]], jnp.int32)
    carry, logits = model.apply(trained.params, token, carry)
    if i >= 7:
        tokens.append(int(sample(key, logits[0, -1], 0.8, 5)))

print("".join(VOCABULARY[t] for t in tokens), losses[0], losses[-1])
write(
    __file__,
    ["jax", "jaxlib", "flax", "optax"],
    {
        "text": TEXT,
        "features": FEATURES,
        "training": {
            "batchSize": BATCH_SIZE,
            "length": LENGTH,
            "steps": STEPS,
            "stepsPerCall": STEPS,
            "learningRate": LEARNING_RATE,
        },
        "params": params,
        "firstBatch": get_batch(random.fold_in(train_key, 0), text),
        "losses": losses,
        "trained": trained.params,
        "tokens": tokens,
    },
)

"""A small GPT in Flax and optax, on a small text: its parameters, its first losses with dropout, and its text."""

from _write import write

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from flax.training import train_state
from jax import random

TEXT = "Call me Ishmael. Some years ago--never mind how long precisely--having little or no money in my purse. " * 3
VOCABULARY = sorted(set(TEXT))
CONFIG = {"vocabSize": len(VOCABULARY), "context": 12, "layers": 2, "heads": 2, "features": 8, "dropoutRate": 0.1}
BATCH_SIZE = 4
STEPS = 30
WARMUP = 5
LEARNING_RATE = 1e-2
WEIGHT_DECAY = 0.1


class Block(nn.Module):
    heads: int
    dropout_rate: float
    decode: bool

    @nn.compact
    def __call__(self, x, mask=None, train=False):
        y = nn.LayerNorm()(x)
        y = nn.MultiHeadDotProductAttention(self.heads, dropout_rate=self.dropout_rate, decode=self.decode)(
            y, mask=mask, deterministic=not train, sow_weights=True
        )
        x = x + nn.Dropout(self.dropout_rate)(y, deterministic=not train)
        y = nn.LayerNorm()(x)
        y = nn.Dense(4 * x.shape[-1])(y)
        y = nn.Dense(x.shape[-1])(nn.gelu(y))
        return x + nn.Dropout(self.dropout_rate)(y, deterministic=not train)


class GPT(nn.Module):
    vocab_size: int
    context: int
    layers: int
    heads: int
    features: int
    dropout_rate: float
    decode: bool = False

    @nn.compact
    def __call__(self, tokens, start=0, train=False):
        positions = start + jnp.arange(tokens.shape[-1])
        x = nn.Embed(self.vocab_size, self.features)(tokens) + nn.Embed(self.context, self.features)(positions)
        x = nn.Dropout(self.dropout_rate)(x, deterministic=not train)
        mask = None if self.decode else nn.make_causal_mask(tokens)
        for _ in range(self.layers):
            x = Block(self.heads, self.dropout_rate, self.decode)(x, mask=mask, train=train)
        x = nn.LayerNorm()(x)
        return nn.Dense(self.vocab_size)(x)


class TrainState(train_state.TrainState):
    key: jax.Array


def get_batch(key, text):
    starts = random.randint(key, (BATCH_SIZE,), 0, text.shape[0] - CONFIG["context"])
    return jax.vmap(lambda start: jax.lax.dynamic_slice(text, (start,), (CONFIG["context"] + 1,)))(starts)


def loss_fn(params, batch, dropout_key):
    inputs, targets = batch[:, :-1], batch[:, 1:]
    logits = model.apply({"params": params}, inputs, train=True, rngs={"dropout": dropout_key})
    return optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean()


def sample(key, logits, temperature, top_k):
    least = jnp.sort(logits)[-top_k]
    kept = jnp.where(logits < least, -jnp.inf, logits)
    return random.categorical(key, kept / temperature)


def make(decode):
    c = CONFIG
    return GPT(c["vocabSize"], c["context"], c["layers"], c["heads"], c["features"], c["dropoutRate"], decode)


model = make(False)
text = jnp.array([VOCABULARY.index(c) for c in TEXT], jnp.int32)
init_key, train_key = random.split(random.PRNGKey(0))
params = model.init(init_key, jnp.zeros((1, CONFIG["context"]), jnp.int32))["params"]
schedule = optax.warmup_cosine_decay_schedule(0.0, LEARNING_RATE, WARMUP, STEPS, LEARNING_RATE / 10)
tx = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=WEIGHT_DECAY))
state = TrainState.create(apply_fn=model.apply, params=params, tx=tx, key=train_key)


@jax.jit
def train(state, text):
    def step(state, _):
        batch_key, dropout_key = random.split(random.fold_in(state.key, state.step))
        batch = get_batch(batch_key, text)
        loss, grads = jax.value_and_grad(loss_fn)(state.params, batch, dropout_key)
        return state.apply_gradients(grads=grads), loss

    return jax.lax.scan(step, state, None, length=STEPS)


trained, losses = train(state, text)

# With Flax's own cache: the prompt's four characters are read, then eight are drawn.
decoder = make(True)
cache = decoder.init(random.PRNGKey(0), jnp.zeros((1, CONFIG["context"]), jnp.int32))["cache"]
tokens = [int(t) for t in text[:4]]
for i, key in enumerate(random.split(random.PRNGKey(1), CONFIG["context"])):
    token = jnp.array([[tokens[i]]], jnp.int32)
    logits, changed = decoder.apply({"params": trained.params, "cache": cache}, token, start=i, mutable=["cache"])
    cache = changed["cache"]
    if i >= 3:
        tokens.append(int(sample(key, logits[0, -1], 0.8, 5)))

logits = model.apply({"params": trained.params}, text[None, :12])

print(repr("".join(VOCABULARY[t] for t in tokens)), losses[0], losses[-1])
write(
    __file__,
    ["jax", "jaxlib", "flax", "optax"],
    {
        "text": TEXT,
        "config": CONFIG,
        "training": {
            "batchSize": BATCH_SIZE,
            "steps": STEPS,
            "stepsPerCall": STEPS,
            "warmupSteps": WARMUP,
            "learningRate": LEARNING_RATE,
            "weightDecay": WEIGHT_DECAY,
        },
        "params": params,
        "losses": losses,
        "logits": logits[0],
        "tokens": tokens,
    },
)

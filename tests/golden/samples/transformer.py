"""The Transformer of "Attention Is All You Need" in Flax and optax on dates: its data, its losses, its answers, its attention."""

from _write import write

import datetime

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from flax.training import train_state
from jax import random

MONTHS = "january february march april may june july august september october november december".split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
FORMS = [
    lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{DAYS[d.weekday()]} {d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{DAYS[d.weekday()][:3]}, {MONTHS[d.month - 1][:3]} {d.day}, {d.year}",
    lambda d: f"{d.day}.{d.month}.{d.year}",
    lambda d: f"{d.month:02}/{d.day:02}/{d.year}",
]
SOURCE_LENGTH, TARGET_LENGTH = 28, 10
CHARACTERS = " ,-./0123456789abcdefghijlmnoprstuvwy"
PAD, START = 0, 1
VOCAB_SIZE = len(CHARACTERS) + 2

CONFIG = {"layers": 2, "heads": 2, "features": 8, "dropoutRate": 0.1}
TRAINING = {"batchSize": 16, "steps": 40, "stepsPerCall": 40, "warmupSteps": 100}
PAIRS = 64


def encode(text, length):
    codes = [CHARACTERS.index(c) + 2 for c in text]
    return codes + [PAD] * (length - len(codes))


def make_dates(key, count, held_out):
    """Every tenth day is held out; the others are learned from."""
    decade_key, day_key, form_key = random.split(key, 3)
    tens = random.randint(decade_key, (count,), -2556, 4748)
    first, last = (0, 1) if held_out else (1, 10)
    days = 10 * tens + random.randint(day_key, (count,), first, last)
    forms = random.randint(form_key, (count,), 0, len(FORMS))
    dates = [datetime.date(1970, 1, 1) + datetime.timedelta(days=int(day)) for day in days]
    sources = [FORMS[int(form)](date) for date, form in zip(dates, forms)]
    targets = [date.isoformat() for date in dates]
    source = jnp.array([encode(text, SOURCE_LENGTH) for text in sources], jnp.int32)
    target = jnp.array([encode(text, TARGET_LENGTH) for text in targets], jnp.int32)
    return sources, targets, source, target


def positions(start, length, features):
    """Sines and cosines of geometrically falling frequencies (section 3.5)."""
    places = start + jnp.arange(length)
    rates = jnp.exp(jnp.arange(0, features, 2) * (-np.log(10000) / features))
    angles = places[:, None] * rates
    return jnp.stack([jnp.sin(angles), jnp.cos(angles)], axis=-1).reshape(length, features)


class FeedForward(nn.Module):
    @nn.compact
    def __call__(self, x):
        y = nn.Dense(4 * x.shape[-1])(x)
        return nn.Dense(x.shape[-1])(nn.relu(y))


class EncoderLayer(nn.Module):
    heads: int
    dropout_rate: float

    @nn.compact
    def __call__(self, x, mask, train):
        y = nn.MultiHeadDotProductAttention(self.heads)(x, mask=mask)
        x = nn.LayerNorm()(x + nn.Dropout(self.dropout_rate)(y, deterministic=not train))
        y = FeedForward()(x)
        return nn.LayerNorm()(x + nn.Dropout(self.dropout_rate)(y, deterministic=not train))


class DecoderLayer(nn.Module):
    heads: int
    dropout_rate: float
    cached: bool

    @nn.compact
    def __call__(self, x, memory, mask, memory_mask, train):
        y = nn.MultiHeadDotProductAttention(self.heads, decode=self.cached)(x, mask=mask)
        x = nn.LayerNorm()(x + nn.Dropout(self.dropout_rate)(y, deterministic=not train))
        y = nn.MultiHeadDotProductAttention(self.heads)(x, memory, mask=memory_mask, sow_weights=True)
        x = nn.LayerNorm()(x + nn.Dropout(self.dropout_rate)(y, deterministic=not train))
        y = FeedForward()(x)
        return nn.LayerNorm()(x + nn.Dropout(self.dropout_rate)(y, deterministic=not train))


class Transformer(nn.Module):
    vocab_size: int
    layers: int
    heads: int
    features: int
    dropout_rate: float
    cached: bool = False

    def setup(self):
        stddev = self.features**-0.5
        self.embed = nn.Embed(self.vocab_size, self.features, embedding_init=nn.initializers.normal(stddev))
        self.dropout = nn.Dropout(self.dropout_rate)
        self.encoder = [EncoderLayer(self.heads, self.dropout_rate) for _ in range(self.layers)]
        self.decoder = [DecoderLayer(self.heads, self.dropout_rate, self.cached) for _ in range(self.layers)]

    def embedded(self, tokens, start, train):
        x = self.embed(tokens) * jnp.sqrt(self.features)
        x = x + positions(start, tokens.shape[1], self.features)
        return self.dropout(x, deterministic=not train)

    def encode(self, source, train=False):
        mask = nn.make_attention_mask(source > 0, source > 0)
        x = self.embedded(source, 0, train)
        for layer in self.encoder:
            x = layer(x, mask, train)
        return x

    def decode(self, memory, source, target, start=0, train=False):
        mask = None if self.cached else nn.make_causal_mask(target)
        memory_mask = nn.make_attention_mask(target > 0, source > 0)
        x = self.embedded(target, start, train)
        for layer in self.decoder:
            x = layer(x, memory, mask, memory_mask, train)
        return self.embed.attend(x)

    def __call__(self, source, target, train=False):
        return self.decode(self.encode(source, train=train), source, target, train=train)


class TrainState(train_state.TrainState):
    key: jax.Array


def shift_right(target):
    return jnp.pad(target, ((0, 0), (1, 0)), constant_values=START)[:, :-1]


def make(config, cached=False):
    return Transformer(VOCAB_SIZE, config["layers"], config["heads"], config["features"], config["dropoutRate"], cached)


def create_state(model, key, warmup):
    init_key, train_key = random.split(key)
    example = (jnp.ones((1, SOURCE_LENGTH), jnp.int32), jnp.ones((1, TARGET_LENGTH), jnp.int32))
    params = model.init(init_key, *example)["params"]

    def schedule(count):
        step = count + 1.0
        return model.features**-0.5 * jnp.minimum(step**-0.5, step * warmup**-1.5)

    tx = optax.adam(schedule, b1=0.9, b2=0.98, eps=1e-9)
    return TrainState.create(apply_fn=model.apply, params=params, tx=tx, key=train_key)


def make_trainer(model, batch_size, steps):
    def loss_fn(params, source, target, dropout_key):
        rngs = {"dropout": dropout_key}
        logits = model.apply({"params": params}, source, shift_right(target), train=True, rngs=rngs)
        labels = optax.smooth_labels(jax.nn.one_hot(target, model.vocab_size), 0.1)
        return optax.softmax_cross_entropy(logits, labels).mean()

    @jax.jit
    def train(state, source, target):
        def step(state, _):
            batch_key, dropout_key = random.split(random.fold_in(state.key, state.step))
            rows = random.randint(batch_key, (batch_size,), 0, source.shape[0])
            loss, grads = jax.value_and_grad(loss_fn)(state.params, source[rows], target[rows], dropout_key)
            return state.apply_gradients(grads=grads), loss

        return jax.lax.scan(step, state, None, length=steps)

    return train


def make_translate(config):
    model, cached = make(config), make(config, cached=True)

    @jax.jit
    def translate(params, source):
        memory = model.apply({"params": params}, source, method="encode")
        like = jnp.ones((source.shape[0], TARGET_LENGTH), jnp.int32)
        cache = cached.init(random.PRNGKey(0), source, like)["cache"]

        def step(carry, i):
            cache, token = carry
            variables = {"params": params, "cache": cache}
            logits, changed = cached.apply(
                variables, memory, source, token[:, None], i, method="decode", mutable=["cache"]
            )
            token = jnp.argmax(logits[:, 0], axis=-1).astype(jnp.int32)
            return (changed["cache"], token), token

        start = jnp.full(source.shape[:1], START, jnp.int32)
        _, tokens = jax.lax.scan(step, (cache, start), jnp.arange(TARGET_LENGTH))
        return tokens.T

    return translate


if __name__ == "__main__":
    model = make(CONFIG)
    sources, targets, source, target = make_dates(random.PRNGKey(1), PAIRS, False)
    held_out = make_dates(random.PRNGKey(2), 8, True)
    state = create_state(model, random.PRNGKey(0), TRAINING["warmupSteps"])
    params = state.params
    trained, losses = make_trainer(model, TRAINING["batchSize"], TRAINING["steps"])(state, source, target)
    translate = make_translate(CONFIG)
    first_tokens, tokens = translate(params, held_out[2]), translate(trained.params, held_out[2])
    variables = {"params": trained.params}
    given = (held_out[2], shift_right(held_out[3]))
    logits, seen = model.apply(variables, *given, mutable=["intermediates"])
    last = seen["intermediates"][f"decoder_{CONFIG['layers'] - 1}"]
    attention = last["MultiHeadDotProductAttention_1"]["attention_weights"][0]
    print(losses[0], losses[-1], first_tokens, tokens)
    write(
        __file__,
        ["jax", "jaxlib", "flax", "optax"],
        {
            "config": CONFIG,
            "training": TRAINING,
            "sources": sources,
            "targets": targets,
            "heldOut": {"sources": held_out[0], "targets": held_out[1]},
            "source": source[:4],
            "target": target[:4],
            "params": params,
            "losses": losses,
            "logits": logits[:2],
            "attention": attention[:2],
            "firstTokens": first_tokens,
            "tokens": tokens,
        },
    )

"""The workloads in JAX. Reads a question per line of standard input, and answers on a line of standard output."""

import json
import os
import sys
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")
flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax import lax  # noqa: E402

LEARNING_RATE = 1e-3
# As runner/clock.ts.
now = time.process_time if os.environ.get("WEFT_BENCH_CLOCK") == "cpu" else time.perf_counter
CONV = ("NHWC", "HWIO", "NHWC")


def matmul(params, units):
    t = lambda x, yes: jnp.swapaxes(x, -1, -2) if yes else x
    return lambda a, b: jnp.matmul(t(a, params["transposeA"]), t(b, params["transposeB"]))


def conv(params, units):
    def forward(x, w):
        stride = (params["stride"],) * 2
        return lax.conv_general_dilated(
            x, w, stride, "SAME", dimension_numbers=CONV, feature_group_count=params["groups"]
        )

    if params["product"] == "forward":
        return forward
    if params["product"] == "input":
        return lambda x, w, ct: jax.vjp(lambda a: forward(a, w), x)[1](ct)[0]
    return lambda x, w, ct: jax.vjp(lambda a: forward(x, a), w)[1](ct)[0]


def layer_norm(x, scale, shift):
    return jax.nn.standardize(x) * scale + shift


def cross_entropy(params, units):
    def loss(x, labels):
        logs = jax.nn.log_softmax(x)
        if params["labels"] == "integer":
            return -jnp.mean(jnp.take_along_axis(logs, labels[:, None], axis=-1))
        return -jnp.mean(jnp.sum(logs * labels, axis=-1))

    return lambda x, labels: list(jax.value_and_grad(loss)(x, labels))


def chain(params, units):
    f = lambda x: jax.nn.sigmoid(x) * jnp.tanh(x) + jnp.exp(-jnp.square(x))
    return (lambda x: jnp.sum(f(x))) if params["sum"] else f


def reduce(params, units):
    fold = jnp.sum if params["kind"] == "sum" else jnp.max
    return lambda x: fold(x, axis=tuple(params["axes"]))


def scalar_body(x):
    a = x * 0.75 + 0.5
    b = a - x * 0.25
    c = jnp.maximum(b, -a) * 0.5
    return jnp.minimum(c + x * 0.125, 4)


def scalar_loop(params, units):
    if params["form"] == "scan":
        return lambda x: lax.scan(lambda c, _: (scalar_body(c), None), x, None, length=units)[0]
    return lambda x: lax.while_loop(lambda s: s[0] < units, lambda s: (s[0] + 1, scalar_body(s[1])), (0, x))[1]


def recurrent(params, units):
    def run(h, w, xs):
        step = lambda i, c: jnp.tanh(c @ w + lax.dynamic_index_in_dim(xs, i % xs.shape[0], 0, False))
        return lax.fori_loop(0, units, step, h)

    return run


def adam(parameters, gradient, m, v, t, learning_rate):
    m = [0.9 * a + 0.1 * g for a, g in zip(m, gradient)]
    v = [0.999 * a + 0.001 * g * g for a, g in zip(v, gradient)]
    scale_m, scale_v = 1 - 0.9**t, 1 - 0.999**t
    parameters = [
        p - learning_rate * (a / scale_m) / (jnp.sqrt(b / scale_v) + 1e-8) for p, a, b in zip(parameters, m, v)
    ]
    return parameters, m, v


def perceptron(params, units):
    layers, learning_rate = params["layers"], params["learningRate"]

    def net(p, h):
        for i in range(layers):
            h = h @ p[2 * i] + p[2 * i + 1]
            if i + 1 < layers:
                h = jax.nn.relu(h)
        return h

    def run(x, y, *parameters):
        loss = lambda p: jnp.mean(jnp.square(net(p, x) - y))

        def step(state, i):
            p, m, v = state
            return adam(p, jax.grad(loss)(p), m, v, i + 1.0, learning_rate), None

        zeros = [jnp.zeros_like(p) for p in parameters]
        steps = jnp.arange(units, dtype=jnp.float32)
        return lax.scan(step, (list(parameters), zeros, zeros), steps)[0][0]

    return run


def training_step(loss):
    """The state of zeros is an input, so that nothing of it is known when the step is compiled."""

    def run(x, target, parameters, m, v, t):
        value, gradient = jax.value_and_grad(loss)(parameters, x, target)
        parameters, m, v = adam(parameters, gradient, m, v, t, LEARNING_RATE)
        return [value, *parameters], m, v

    def arguments(x, target, *parameters):
        zeros = [jnp.zeros_like(p) for p in parameters]
        return x, target, list(parameters), zeros, zeros, jnp.float32(1)

    run.arguments = arguments
    return run


def network_forward(f):
    run = lambda x, parameters: f(parameters, x)
    run.arguments = lambda x, target, *parameters: (x, list(parameters))
    return run


def cnn_forward(p, x):
    def layer(x, w, b):
        y = jax.nn.relu(lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=CONV) + b)
        return lax.reduce_window(y, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    w1, b1, w2, b2, w3, b3, w4, b4 = p
    h = layer(layer(x, w1, b1), w2, b2).reshape(x.shape[0], -1)
    return jax.nn.relu(h @ w3 + b3) @ w4 + b4


def cnn(params, units):
    if not params["step"]:
        return network_forward(cnn_forward)
    return training_step(lambda p, x, y: -jnp.mean(jnp.sum(jax.nn.log_softmax(cnn_forward(p, x)) * y, axis=-1)))


def transformer(params, units):
    heads = params["heads"]

    def attend(x, w, b):
        batch, length, width = x.shape
        q, k, v = (x @ w + b).reshape(batch, length, 3, heads, width // heads).transpose(2, 0, 3, 1, 4)
        scores = (q @ jnp.swapaxes(k, -1, -2)) * (heads / width) ** 0.5
        return (jax.nn.softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(batch, length, width)

    def forward(p, x):
        for at in range(0, len(p), 12):
            g1, s1, wqkv, bqkv, wo, bo, g2, s2, w1, b1, w2, b2 = p[at : at + 12]
            x = x + attend(layer_norm(x, g1, s1), wqkv, bqkv) @ wo + bo
            x = x + jax.nn.gelu(layer_norm(x, g2, s2) @ w1 + b1) @ w2 + b2
        return x

    if not params["step"]:
        return network_forward(forward)
    return training_step(lambda p, x, y: jnp.mean(jnp.square(forward(p, x) - y)))


OPERATIONS = {
    "matmul": matmul,
    "byteMatmul": lambda params, units: lambda a, b: lax.dot(
        a.astype(jnp.int8), b.astype(jnp.int8), preferred_element_type=jnp.int32
    ),
    "conv": conv,
    "softmax": lambda params, units: jax.nn.softmax,
    "crossEntropy": cross_entropy,
    "layerNorm": lambda params, units: layer_norm,
    "denseGelu": lambda params, units: lambda x, w, b: jax.nn.gelu(x @ w + b),
    "chain": chain,
    "axpy": lambda params, units: lambda x, y: 2.5 * x + y,
    "reduce": reduce,
    "sort": lambda params, units: jnp.sort,
    "cumsum": lambda params, units: jnp.cumsum,
    "gather": lambda params, units: lambda table, i: jnp.take(table, i, axis=0),
    "addOne": lambda params, units: lambda x: x + 1,
    "scalarLoop": scalar_loop,
    "recurrent": recurrent,
    "perceptron": perceptron,
    "cnn": cnn,
    "transformer": transformer,
}


def load(tensor):
    return jnp.asarray(np.fromfile(tensor["file"], dtype=tensor["dtype"]).reshape(tensor["shape"]))


def compiled(f, arguments):
    start = now()
    lowered = jax.jit(f).lower(*arguments)
    middle = now()
    lowered.compile()
    end = now()
    return {"trace": (middle - start) * 1e3, "compile": (end - middle) * 1e3}


class Peer:
    def __init__(self):
        self.f = None
        self.arguments = ()

    def start(self, question):
        return {"version": jax.__version__}

    def prepare(self, question):
        self.f = None
        self.arguments = ()
        if question["op"] not in OPERATIONS:
            return {"error": "not possible: not implemented there"}
        f = OPERATIONS[question["op"]](question["params"], question["units"])
        arrays = [load(tensor) for tensor in question["inputs"]]
        self.arguments = f.arguments(*arrays) if hasattr(f, "arguments") else tuple(arrays)
        figures = compiled(f, self.arguments)
        self.f = jax.jit(f)
        jax.block_until_ready(self.f(*self.arguments))
        return {"compile": figures}

    def sample(self, question):
        f, arguments = self.f, self.arguments
        start = now()
        for _ in range(question["repeats"]):
            jax.block_until_ready(f(*arguments))
        return {"ms": (now() - start) * 1e3}

    def results(self, question):
        result = self.f(*self.arguments)
        # The optimizer's state, the rest of a step's results, belongs to each system alone.
        if isinstance(result, tuple):
            result = result[0]
        outputs = []
        for i, leaf in enumerate(jax.tree.leaves(result)):
            file = os.path.join(question["folder"], f"out{i}")
            array = np.asarray(leaf)
            array.tofile(file)
            outputs.append({"file": file, "shape": list(array.shape), "dtype": str(array.dtype)})
        return {"outputs": outputs}


def block(x, i):
    """Ten equations, as `graphOf` of cold.ts has them."""
    y = x * (0.5 + (i % 7) / 10) + x
    w = jnp.tanh(y) * x
    e = jnp.exp(jnp.maximum(w, y))
    return e / jnp.sum(e) + w


def cold(item, size):
    """Times of the first compilation of a process."""
    if item == "graph":

        def f(x):
            for i in range(size // 10):
                x = block(x, i)
            return x

        return compiled(f, (jnp.linspace(-1, 1, 64, dtype=jnp.float32),))
    parameters = [jnp.full(shape, 0.1) for shape in ((1, 128), (128,), (128, 1), (1,))]
    run = perceptron({"layers": 2, "learningRate": 0.01}, 1)
    return compiled(run, (jnp.ones((100, 1)), jnp.ones((100, 1)), *parameters))


def main():
    if sys.argv[1:2] == ["cold"]:
        print(json.dumps(cold(sys.argv[2], int(sys.argv[3]))))
        return
    peer = Peer()
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = getattr(peer, question["command"])(question)
        except Exception as error:  # Whatever it is, the other side must hear of it.
            answer = {"error": f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"}
        print(json.dumps(answer), flush=True)


main()

/** nn against JAX: values and derivatives of activations, softmax and its kin, attention, initializers. */
import * as nn from "../frontend/nn/index.ts";
import * as np from "../frontend/numpy/index.ts";
import * as random from "../frontend/random/index.ts";
import { grad } from "../frontend/transforms/index.ts";
import { a, b, goldenTests, i, k, m, p, t, w } from "./helpers/golden-api.ts";

const slope = (f: (x: np.NdArray) => np.NdArray, x: np.NdArray) => grad((y: np.NdArray) => f(y).sum())(x);
const edges = np.array([-3, -1, 0, 1, 3, 6]);
const key = random.key(42);

goldenTests({
  "nn.relu(a)": () => nn.relu(a),
  "nn.relu(i)": () => nn.relu(i),
  "nn.relu6(a * 3)": () => nn.relu6(a.mul(3)),
  "nn.sigmoid(a)": () => nn.sigmoid(a),
  "nn.softplus(a)": () => nn.softplus(a),
  "nn.sparse_plus(edges)": () => nn.sparsePlus(edges),
  "nn.soft_sign(a)": () => nn.softSign(a),
  "nn.silu(a)": () => nn.silu(a),
  "nn.mish(a)": () => nn.mish(a),
  "nn.log_sigmoid(a)": () => nn.logSigmoid(a),
  "nn.elu(a)": () => nn.elu(a),
  "nn.elu(a, 0.5)": () => nn.elu(a, 0.5),
  "nn.celu(a, 2.0)": () => nn.celu(a, 2),
  "nn.selu(a)": () => nn.selu(a),
  "nn.leaky_relu(a)": () => nn.leakyRelu(a),
  "nn.hard_tanh(a)": () => nn.hardTanh(a),
  "nn.hard_sigmoid(a)": () => nn.hardSigmoid(a),
  "nn.hard_silu(a)": () => nn.hardSilu(a),
  "nn.squareplus(a)": () => nn.squareplus(a),
  "nn.gelu(a)": () => nn.gelu(a),
  "nn.gelu(a, approximate=False)": () => nn.gelu(a, { approximate: false }),
  "nn.glu(m)": () => nn.glu(m),

  "slope(nn.relu, edges)": () => slope(nn.relu, edges),
  "slope(nn.relu6, edges)": () => slope(nn.relu6, edges),
  "slope(nn.sigmoid, edges)": () => slope(nn.sigmoid, edges),
  "slope(nn.softplus, edges * 40)": () => slope(nn.softplus, edges.mul(40)),
  "slope(nn.silu, edges)": () => slope(nn.silu, edges),
  "slope(nn.mish, edges)": () => slope(nn.mish, edges),
  "slope(nn.elu, edges * 40)": () => slope(nn.elu, edges.mul(40)),
  "slope(nn.selu, edges)": () => slope(nn.selu, edges),
  "slope(nn.leaky_relu, edges)": () => slope(nn.leakyRelu, edges),
  "slope(nn.gelu, edges)": () => slope(nn.gelu, edges),
  "slope(lambda x: nn.gelu(x, approximate=False), edges)": () =>
    slope((x) => nn.gelu(x, { approximate: false }), edges),
  "slope(nn.hard_silu, edges + 0.25)": () => slope(nn.hardSilu, edges.add(0.25)),
  "slope(nn.log_sigmoid, edges)": () => slope(nn.logSigmoid, edges),

  "nn.softmax(m)": () => nn.softmax(m),
  "nn.softmax(m, axis=0)": () => nn.softmax(m, 0),
  "nn.softmax(m, axis=(0, 1))": () => nn.softmax(m, [0, 1]),
  "nn.softmax(a, where=p)": () => nn.softmax(a, -1, { where: p }),
  "nn.softmax(jnp.array([1.0, -jnp.inf, 1000.0, 1000.0]))": () =>
    nn.softmax(np.array([1, -Infinity, 1000, 1000])),
  "nn.log_softmax(m)": () => nn.logSoftmax(m),
  "nn.log_softmax(jnp.array([1.0, -jnp.inf, 1000.0]))": () => nn.logSoftmax(np.array([1, -Infinity, 1000])),
  "slope(lambda x: nn.softmax(x)[0] * 3, a)": () => slope((x) => nn.softmax(x).slice(0).mul(3), a),
  "slope(lambda x: nn.log_softmax(x)[0] * 3, a)": () => slope((x) => nn.logSoftmax(x).slice(0).mul(3), a),
  "nn.logsumexp(m)": () => nn.logsumexp(m),
  "nn.logsumexp(m, axis=1, keepdims=True)": () => nn.logsumexp(m, { axis: 1, keepdims: true }),
  "nn.logsumexp(a, b=b)": () => nn.logsumexp(a, { b }),
  "nn.logsumexp(a, b=-b, return_sign=True)": () => nn.logsumexp(a, { b: b.neg(), returnSign: true }),
  "nn.logsumexp(a, where=p)": () => nn.logsumexp(a, { where: p }),
  "nn.logsumexp(jnp.array([-jnp.inf, -jnp.inf]))": () => nn.logsumexp(np.array([-Infinity, -Infinity])),
  "nn.logsumexp(jnp.array([jnp.inf, 1.0]))": () => nn.logsumexp(np.array([Infinity, 1])),
  "nn.logsumexp(w)": () => nn.logsumexp(w),
  "nn.logsumexp(jnp.array([1000.0, 1000.0]))": () => nn.logsumexp(np.array([1000, 1000])),
  "slope(nn.logsumexp, a * 100)": () => slope((x) => nn.logsumexp(x), a.mul(100)),
  "nn.logmeanexp(m, axis=0)": () => nn.logmeanexp(m, { axis: 0 }),
  "nn.one_hot(k, 4)": () => nn.oneHot(k, 4),
  "nn.one_hot(k, 3, axis=0, dtype='int32')": () => nn.oneHot(k, 3, { axis: 0, dtype: "int32" }),
  "nn.standardize(m)": () => nn.standardize(m),
  "nn.standardize(m, axis=0, epsilon=0.1)": () => nn.standardize(m, { axis: 0, epsilon: 0.1 }),
  "nn.dot_product_attention(t[None], t[None] * 0.5, t[None] + 1)": () =>
    nn.dotProductAttention(t.slice(null), t.slice(null).mul(0.5), t.slice(null).add(1)),
  "nn.dot_product_attention(t, t * 0.5, t + 1, is_causal=True)": () =>
    nn.dotProductAttention(t, t.mul(0.5), t.add(1), { isCausal: true }),
  "nn.dot_product_attention(t, t[:, :1], t[:, :1] + 1, scale=0.3)": () =>
    nn.dotProductAttention(t, t.slice(":", [0, 1]), t.slice(":", [0, 1]).add(1), { scale: 0.3 }),

  "nn.initializers.normal()(key, (2, 3))": () => nn.initializers.normal()(key, [2, 3]),
  "nn.initializers.uniform(0.5)(key, (2, 3))": () => nn.initializers.uniform(0.5)(key, [2, 3]),
  "nn.initializers.truncated_normal(0.5)(key, (2, 3))": () =>
    nn.initializers.truncatedNormal(0.5)(key, [2, 3]),
  "nn.initializers.glorot_uniform()(key, (3, 4))": () => nn.initializers.glorotUniform()(key, [3, 4]),
  "nn.initializers.glorot_normal()(key, (3, 4))": () => nn.initializers.glorotNormal()(key, [3, 4]),
  "nn.initializers.he_normal()(key, (3, 3, 2, 4))": () => nn.initializers.heNormal()(key, [3, 3, 2, 4]),
  "nn.initializers.he_uniform()(key, (3, 4))": () => nn.initializers.heUniform()(key, [3, 4]),
  "nn.initializers.lecun_normal()(key, (3, 4))": () => nn.initializers.lecunNormal()(key, [3, 4]),
  "nn.initializers.variance_scaling(2.0, 'fan_geo_avg', 'normal')(key, (3, 4))": () =>
    nn.initializers.varianceScaling(2, "fan_geo_avg", "normal")(key, [3, 4]),
  "nn.initializers.constant(3.0)(key, (2,))": () => nn.initializers.constant(3)(key, [2]),
});

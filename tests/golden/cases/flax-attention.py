"""Attention of flax.linen, its masks, dropout and cache."""

import flax.linen as linen

from cases._flax import model, module_cases
from golden import *


@model
class Attend(linen.Module):
    """A module of attention with its keyword arguments as arrays, and its weights among the results."""

    options: dict

    @linen.compact
    def __call__(self, q, k=None, v=None, mask=None, deterministic=None):
        attention = linen.MultiHeadDotProductAttention(**self.options)
        more = {} if deterministic is None else {"deterministic": deterministic}
        return attention(q, k, v, mask=mask, sow_weights=True, **more)


@model
class Decoder(linen.Module):
    """Three steps of self-attention with a cache."""

    @linen.compact
    def __call__(self, x):
        attention = linen.MultiHeadDotProductAttention(num_heads=2, decode=True)
        if self.is_initializing():
            return attention(x)
        return jnp.concatenate([attention(x[:, i : i + 1]) for i in range(3)], 1)


# The gradient of the keys' bias is 0 but for rounding: every score of a row gets the same.
def attend(options, *inputs, settings=None, **call):
    module_cases(["Attend", {"options": options}], *inputs, options=call, mutable=["intermediates"],
                 **{"tol": 4e-6, "atol": 1e-6, "init_vmap": False, "vmap": not call, **(settings or {})})


x, y, z = normal((2, 3, 8), 1), normal((2, 5, 6), 2), normal((2, 5, 4), 3)
attend({"num_heads": 2}, x)
attend({"num_heads": 4, "qkv_features": 12, "out_features": 5, "use_bias": False}, x, y)
attend({"num_heads": 1, "kernel_init": ["init.he_normal"], "out_kernel_init": ["init.normal", 0.3], "bias_init": ["init.normal", 0.1]}, x, y, z)
attend({"num_heads": 2, "normalize_qk": True}, x)
attend({"num_heads": 2}, x, mask=np.asarray(linen.make_causal_mask(jnp.ones((2, 3)))))
attend({"num_heads": 2}, x, mask=booleans((2, 1, 3, 3), 4))
attend({"num_heads": 2, "dtype": "float16"}, x, settings={"tol": 4e-3, "atol": 4e-3})
attend({"num_heads": 2, "dtype": "float16", "force_fp32_for_softmax": True}, x, settings={"tol": 4e-3, "atol": 4e-3})
attend({"num_heads": 2}, normal((3, 8), 5))
attend({"num_heads": 2}, normal((2, 2, 3, 8), 5))
for options in [{}, {"broadcast_dropout": False}]:
    attend({"num_heads": 2, "dropout_rate": 0.4, **options}, x, deterministic=False, settings={"rngs": {"dropout": key(6)}})
attend({"num_heads": 2, "dropout_rate": 0.4}, x, deterministic=True)
module_cases(["SelfAttention", {"num_heads": 2}], x, tol=4e-6, atol=1e-6, init_vmap=False)
module_cases(["SelfAttention", {"num_heads": 2}], x, options={"mask": np.asarray(linen.make_causal_mask(jnp.ones((2, 3))))}, tol=4e-6, atol=1e-6,
             init_vmap=False, vmap=False)
module_cases(["MultiHeadAttention", {"num_heads": 4}], x, tol=4e-6, atol=1e-6, init_vmap=False)


def zeros(variables, seed):
    """The cache as init makes it, and parameters near those of init."""
    from cases._flax import numbers

    return {**numbers({"params": variables["params"]}, seed), "cache": jax.tree.map(np.asarray, variables["cache"])}


module_cases(["Decoder"], normal((2, 3, 4), 7), mutable=["cache"], numbers_of=zeros, tol=4e-6, atol=1e-6, init_vmap=False)

for shape in [(4,), (2, 3)]:
    case("nn.makeCausalMask", normal(shape, 8), jax=linen.make_causal_mask)
case("nn.makeCausalMask", normal((2, 3), 8), jax=linen.make_causal_mask, extra_batch_dims=2, dtype="bool")
case("nn.makeAttentionMask", integers((2, 3), 9, 0, 2), integers((2, 4), 10, 0, 2), jax=linen.make_attention_mask)
case("nn.makeAttentionMask", normal((3,), 9), normal((4,), 10), ref("np.greater"), jax=linen.make_attention_mask, grad=False)
case("nn.combineMasks", booleans((2, 1, 3), 11), None, booleans((2, 1, 3), 12), jax=linen.combine_masks)
case("nn.combineMasks", booleans((3,), 11), normal((1,), 12), jax=linen.combine_masks, grad=False)
for options in [{}, {"bias": normal((2, 1, 3, 5), 13)}]:
    case("nn.dotProductAttentionWeights", normal((2, 3, 2, 4), 14), normal((2, 5, 2, 4), 15), jax=linen.dot_product_attention_weights,
         options=options)

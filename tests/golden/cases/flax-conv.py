"""Convolutions and pooling of flax.linen."""

import flax.linen as linen
import flax.linen.pooling

from cases._flax import module_cases
from golden import *


def conv(shape, features, kernel_size, name="Conv", **options):
    tol = 4e-3 if "dtype" in options else 4e-6
    module_cases([name, {"features": features, "kernel_size": kernel_size, **options}], normal(shape, 1), tol=tol,
                 vmap=len(shape) < 5, init_vmap=len(shape) < 4)


conv((2, 5, 6, 3), 4, (3, 3))
conv((2, 5, 6, 3), 4, (3, 2), padding="VALID", strides=(2, 1), use_bias=False)
conv((2, 7, 6, 2), 3, (2, 2), padding="SAME_LOWER")
conv((2, 7, 6, 2), 3, (3, 3), strides=2, kernel_dilation=2)
conv((2, 5, 5, 2), 3, (3, 3), input_dilation=(2, 1), padding=((1, 2), (0, 1)))
conv((2, 5, 5, 2), 3, (3, 3), padding=1)
conv((2, 5, 5, 2), 3, (3, 3), padding=(2, 1))
conv((2, 5, 5, 4), 8, (3, 3), feature_group_count=4)
conv((2, 5, 5, 3), 3, (3, 3), feature_group_count=3, kernel_init=["init.he_normal"])
conv((2, 5, 4, 2), 3, (3, 2), padding="CIRCULAR")
conv((2, 5, 6, 2), 3, (2, 3), padding="CIRCULAR", kernel_dilation=(1, 2))
conv((2, 5, 6, 2), 3, (3, 3), padding="REFLECT", strides=(1, 2))
conv((2, 7, 3), 4, 3)
conv((2, 7, 3), 4, (3,), padding="CAUSAL", kernel_dilation=2)
conv((7, 3), 4, (3,), padding="CAUSAL")
conv((5, 6, 3), 2, (3, 3))
conv((2, 2, 5, 6, 3), 2, (3, 3))
conv((1, 4, 3, 4, 2), 2, (2, 3, 2), strides=(1, 1, 2))
conv((2, 5, 5, 2), 3, (3, 3), dtype="float16")
module_cases(["Conv", {"features": 2, "kernel_size": (3,), "mask": np.array([1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1], np.float32).reshape(3, 2, 2)}],
             normal((1, 5, 2), 2), vmap=False, grad=[1, 2])
conv((2, 4, 5, 2), 3, (2, 3), "ConvLocal")
conv((2, 6, 2), 3, 3, "ConvLocal", padding="VALID", strides=2, bias_init=["init.normal", 0.1])

conv((2, 3, 4, 3), 2, (3, 3), "ConvTranspose")
conv((2, 3, 4, 3), 2, (3, 2), "ConvTranspose", strides=(2, 3))
conv((2, 3, 4, 3), 2, (3, 3), "ConvTranspose", strides=(2, 2), padding="VALID", use_bias=False)
conv((2, 3, 4, 3), 2, (3, 3), "ConvTranspose", strides=(2, 2), transpose_kernel=True)
conv((2, 3, 4, 2), 2, (2, 2), "ConvTranspose", kernel_dilation=(2, 1), padding=((1, 2), (0, 1)))
conv((2, 3, 4, 2), 2, (3, 3), "ConvTranspose", strides=(2, 2), padding="CIRCULAR")
conv((2, 3, 4, 2), 2, (2, 4), "ConvTranspose", strides=(2, 1), padding="CIRCULAR", transpose_kernel=True)
conv((4, 2), 3, 3, "ConvTranspose", strides=(2,))
conv((2, 4, 3), 2, (3,), "ConvTranspose", padding=2)

for name in ["max_pool", "avg_pool", "min_pool"]:
    for shape, window, options in [
        ((2, 5, 6, 3), (2, 2), {}),
        ((2, 5, 6, 3), (3, 2), {"strides": (2, 2), "padding": "SAME"}),
        ((5, 6, 3), (2, 2), {"strides": (2, 1), "padding": ((1, 0), (0, 1))}),
        ((2, 7, 3), (3,), {"strides": (2,)}),
        ((2, 2, 4, 4, 2), (2, 2), {"strides": (2, 2)}),
    ]:
        case(f"nn.{camel(name)}", normal(shape, 3), window, jax=getattr(linen.pooling, name), **options)
case("nn.avgPool", normal((2, 5, 6, 3), 4), (3, 3), jax=linen.pooling.avg_pool, strides=(2, 2), padding="SAME", count_include_pad=False)
case("nn.avgPool", normal((5, 3), 4), (3,), jax=linen.pooling.avg_pool, padding=((1, 2),), count_include_pad=False)

"""Layers of flax.linen with normalised weights."""

import flax.linen as linen

from cases._flax import model, module_cases
from golden import *


@model
class Weighted(linen.Module):
    options: dict

    @linen.compact
    def __call__(self, x):
        x = linen.WeightNorm(linen.Conv(4, (3,)), **self.options)(x)
        return linen.WeightNorm(linen.Dense(3), **self.options)(x)


@model
class Spectral(linen.Module):
    options: dict
    update: bool

    @linen.compact
    def __call__(self, x):
        x = linen.SpectralNorm(linen.Conv(4, (3,)), **self.options)(x, update_stats=self.update)
        return linen.SpectralNorm(linen.Dense(3), **self.options)(x, update_stats=self.update)


x = normal((2, 5, 2), 1)
for options in [{}, {"use_scale": False}, {"feature_axes": None, "epsilon": 1e-3}, {"variable_filter": None}]:
    # A bias of length 1 has no gradient but rounding.
    module_cases(["Weighted", {"options": options}], x, tol=1e-5, atol=1e-4 if "variable_filter" in options else 0.0, init_tol=1e-6, init_vmap=False)
module_cases(["WeightNorm", {"layer_instance": ["Dense", {"features": 2}]}], normal((3, 4), 2), tol=1e-5, init_tol=1e-6, init_vmap=False)
for update, options in [(True, {}), (False, {}), (True, {"n_steps": 3, "collection_name": "norms"})]:
    module_cases(["Spectral", {"options": options, "update": update}], x, tol=1e-5, init_tol=2e-6, init_vmap=False,
                 mutable=[options.get("collection_name", "batch_stats")])

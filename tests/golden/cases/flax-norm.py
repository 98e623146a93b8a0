"""Normalisations of flax.linen."""

from cases._flax import module_cases
from golden import *


def norm(name, shape, options=None, call=None, scale=2.0, seed=1, dtype="float32", mask=None, tol=4e-6, **settings):
    call = dict(call or {})
    if mask is not None:
        call["mask"] = mask
    x = normal(shape, seed, dtype, scale) + np.asarray(0.5, dtype)
    module_cases([name, options or {}], x, options=call, tol=tol, vmap=mask is None, init_vmap=False, **settings)


some = booleans((3, 4, 6), 3) | (np.arange(6) < 2)

norm("LayerNorm", (3, 6))
norm("LayerNorm", (2, 3, 4), {"reduction_axes": (1, 2), "feature_axes": (2,)})
norm("LayerNorm", (2, 3, 4), {"reduction_axes": -1, "feature_axes": (-1, 1), "bias_init": ["init.normal", 0.1]})
norm("LayerNorm", (3, 6), {"use_bias": False, "epsilon": 1e-3})
norm("LayerNorm", (3, 6), {"use_scale": False, "use_fast_variance": False})
norm("LayerNorm", (3, 6), dtype="float16", tol=4e-3)
norm("LayerNorm", (3, 6), {"dtype": "float16"}, tol=4e-3)
norm("LayerNorm", (3, 6), {"force_float32_reductions": False}, dtype="float16", tol=1e-2)
norm("LayerNorm", (3, 4, 6), mask=some)
norm("RMSNorm", (3, 6))
norm("RMSNorm", (2, 3, 4), {"reduction_axes": (1, 2), "scale_init": ["init.normal", 1.0]})
norm("RMSNorm", (3, 6), {"use_scale": False})
norm("RMSNorm", (3, 4, 6), mask=some)
norm("GroupNorm", (2, 5, 4, 6), {"num_groups": 3})
norm("GroupNorm", (2, 5, 64), {})
norm("GroupNorm", (2, 5, 6), {"num_groups": None, "group_size": 2, "use_bias": False})
norm("GroupNorm", (2, 5, 6), {"num_groups": 2, "reduction_axes": (-1,)})
norm("GroupNorm", (3, 4, 6), {"num_groups": 2}, mask=some)
norm("InstanceNorm", (2, 5, 4, 6))
norm("InstanceNorm", (2, 5, 6), {"feature_axes": (1, 2), "use_scale": False})
norm("InstanceNorm", (3, 4, 6), mask=booleans((3, 4, 6), 3) | (np.arange(4)[:, None] < 2))

stats = {"mutable": ["batch_stats"]}
norm("BatchNorm", (5, 3), {"use_running_average": False}, **stats)
norm("BatchNorm", (5, 3), {"use_running_average": True})
norm("BatchNorm", (2, 4, 5, 3), {"momentum": 0.9, "epsilon": 1e-3}, {"use_running_average": False}, **stats)
norm("BatchNorm", (2, 3, 5), {"axis": 1, "use_bias": False}, {"use_running_average": False}, **stats)
norm("BatchNorm", (2, 3, 5), {"axis": (1, -1), "use_scale": False}, {"use_running_average": False}, atol=2e-6, **stats)
norm("BatchNorm", (2, 3, 5), {"use_fast_variance": False}, {"use_running_average": False}, **stats)
norm("BatchNorm", (5, 3), {"use_running_average": False}, dtype="float16", tol=4e-3, **stats)
norm("BatchNorm", (3, 4, 6), {"use_running_average": False}, mask=some, **stats)

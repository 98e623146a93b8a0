"""Recurrent cells and networks of flax.linen, and lifted transformations."""

import flax.linen as linen

from cases._flax import model, module_cases
from golden import *

# ------------------------------------------------------------------------------------------------------- cells


@model
class Step(linen.Module):
    """A cell's first carry and one step from it, of inputs whose last axis is halved into carry and input."""

    cell: linen.Module

    def __call__(self, x):
        carry = self.cell.initialize_carry(jax.random.key(3), x.shape)
        carry, y = self.cell(carry, x)
        return self.cell(carry, x * 2)


for cell, options in [
    ("SimpleCell", {"residual": True}), ("SimpleCell", {"activation_fn": "fn.relu"}),
    ("GRUCell", {}), ("GRUCell", {"bias_init": ["init.normal", 0.2], "gate_fn": "fn.hard_sigmoid"}),
    ("MGUCell", {}), ("MGUCell", {"reset_gate": False, "forget_bias_init": ["init.normal", 0.2]}),
    ("LSTMCell", {}), ("LSTMCell", {"carry_init": ["init.normal", 1.0], "kernel_init": ["init.he_normal"], "activation_fn": "fn.relu"}),
    ("OptimizedLSTMCell", {"bias_init": ["init.normal", 0.2]}),
]:
    module_cases(["Step", {"cell": [cell, {"features": 3, **options}]}], normal((2, 4), 1), init_tol=1e-6, tol=4e-6, init_vmap=False)
module_cases(["Step", {"cell": ["ConvLSTMCell", {"features": 2, "kernel_size": (3, 2)}]}], normal((2, 4, 3, 2), 1), tol=4e-6,
             init_vmap=False, vmap=False)

# ---------------------------------------------------------------------------------------------------- networks


def network(cell, shape, call=None, features=3, **options):
    module_cases(["RNN", {"cell": [cell, {"features": features}], **options}], normal(shape, 2), options=call, init_tol=1e-6, tol=1e-5,
                 init_vmap=False, vmap=not call)


for cell in ["SimpleCell", "GRUCell", "MGUCell", "LSTMCell", "OptimizedLSTMCell"]:
    network(cell, (2, 5, 4))
lengths = array([3, 5], "int32")
network("LSTMCell", (2, 5, 4), return_carry=True)
network("GRUCell", (5, 2, 4), time_major=True, reverse=True, return_carry=True)
network("GRUCell", (2, 5, 4), reverse=True, keep_order=True, unroll=2)
network("LSTMCell", (5, 4))
network("LSTMCell", (2, 5, 4), {"seq_lengths": lengths, "return_carry": True})
network("LSTMCell", (2, 5, 4), {"seq_lengths": lengths, "reverse": True})
network("GRUCell", (2, 5, 4), {"seq_lengths": lengths, "reverse": True, "keep_order": True, "return_carry": True})
network("GRUCell", (5, 2, 4), {"seq_lengths": lengths, "time_major": True, "reverse": True, "keep_order": True})
network("SimpleCell", (2, 5, 4), {"initial_carry": normal((2, 3), 4)})
network("LSTMCell", (2, 2, 5, 4))
for call in [{}, {"return_carry": True}, {"seq_lengths": lengths}]:
    module_cases(["Bidirectional", {"forward_rnn": ["RNN", {"cell": ["GRUCell", {"features": 3}]}],
                                    "backward_rnn": ["RNN", {"cell": ["GRUCell", {"features": 2}]}]}],
                 normal((2, 5, 4), 5), options=call, init_tol=1e-6, tol=1e-5, init_vmap=False, vmap=not call)


@model
class Stacked(linen.Module):
    """Two networks, one made with a cell that is made in place."""

    @linen.compact
    def __call__(self, x):
        x = linen.RNN(linen.LSTMCell(3))(x)
        x = linen.RNN(linen.GRUCell(2))(x)
        return linen.Dense(1)(x)


module_cases(["Stacked"], normal((2, 4, 3), 6), init_tol=1e-6, tol=1e-5, init_vmap=False)

# ------------------------------------------------------------------------------------------ lifted transformations


class Block(linen.Module):
    """A layer with statistics and noise, as a body of scan."""

    features: int

    @linen.compact
    def __call__(self, x, _=None):
        y = linen.Dense(self.features)(x)
        y = linen.BatchNorm(use_running_average=False)(y)
        y = linen.Dropout(0.3, deterministic=False)(linen.tanh(y))
        return x + y, y.mean()


class Inner(linen.Module):
    layer: linen.Module

    @linen.compact
    def __call__(self, x):
        return linen.tanh(linen.Dense(3)(self.layer(x)))


@model
class Scanned(linen.Module):
    """Layers with parameters of their own."""

    @linen.compact
    def __call__(self, x):
        layers = linen.scan(Block, variable_axes={"params": 0, "batch_stats": 0}, split_rngs={"params": True, "dropout": True}, length=3)
        return layers(3)(x, None)


@model
class Recurrent(linen.Module):
    """A cell with the same parameters in all steps, over axis 1, with noise."""

    @linen.compact
    def __call__(self, x):
        cell = linen.scan(linen.GRUCell, variable_broadcast="params", split_rngs={"params": False}, in_axes=1, out_axes=1)(3)
        carry = cell.initialize_carry(jax.random.key(0), x[:, 0].shape)
        return cell(carry, x)


@model
class Body(linen.Module):
    """A function of the module itself in the loop, with submodules made inside and dropout."""

    @linen.compact
    def __call__(self, x):
        x = linen.Dense(3)(x)

        def body(module, carry, x):
            carry = linen.tanh(linen.Dense(3)(carry) + x)
            carry = linen.Dropout(0.3, deterministic=False)(carry)
            return carry, carry * 2

        loop = linen.scan(body, variable_broadcast="params", split_rngs={"params": False, "dropout": True})
        carry, ys = loop(self, jnp.zeros((3,)), x)
        return carry, linen.Dense(2)(ys)


@model
class SharedNoise(linen.Module):
    """The same dropout in all steps."""

    @linen.compact
    def __call__(self, x):
        def body(module, carry, x):
            carry = linen.Dropout(0.5, deterministic=False)(carry + x)
            return carry, carry

        return linen.scan(body, split_rngs={"dropout": False})(self, jnp.ones((6,)), x)


@model
class Ensemble(linen.Module):
    @linen.compact
    def __call__(self, x):
        members = linen.vmap(linen.Dense, variable_axes={"params": 0}, split_rngs={"params": True}, in_axes=None, out_axes=1, axis_size=3)
        return members(4)(x)


@model
class SharedMap(linen.Module):
    @linen.compact
    def __call__(self, x):
        return linen.vmap(linen.Dense, variable_axes={"params": None}, split_rngs={"params": False}, in_axes=1, out_axes=1)(4)(x)


@model
class Rematted(linen.Module):
    """Checkpointed classes and functions, one with a submodule that is given."""

    @linen.compact
    def __call__(self, x):
        x, _ = linen.remat(Block)(3)(x)
        layer = linen.Dense(3)
        x = linen.remat(Inner)(layer)(x)
        return linen.remat(lambda module, x: linen.Dense(2)(x))(self, x) + layer(x).sum()


@model
class Compiled(linen.Module):
    @linen.compact
    def __call__(self, x):
        x, _ = linen.jit(Block)(3)(x)
        return linen.Dense(2)(x)


noise = dict(keys={"params": key(1), "dropout": key(2)}, rngs={"dropout": key(3)}, init_tol=1e-6, init_vmap=False, tol=1e-5)
module_cases(["Scanned"], normal((4, 3), 7), mutable=["batch_stats"], atol=1e-6, **noise)
module_cases(["Recurrent"], normal((2, 4, 3), 8), **noise)
module_cases(["Body"], normal((4, 3), 9), **noise)
module_cases(["SharedNoise"], normal((4, 6), 9), **noise)
module_cases(["Ensemble"], normal((2, 3), 10), **noise)
module_cases(["SharedMap"], normal((2, 5, 3), 11), **noise)
module_cases(["Rematted"], normal((4, 3), 12), mutable=["batch_stats"], atol=5e-6, **noise)
module_cases(["Compiled"], normal((4, 3), 13), mutable=["batch_stats"], atol=1e-6, **noise)

"""Trees through the functions of `tree`."""

from golden import *

tree = {"w": normal((2, 3), 1), "b": [normal((3,), 2), {"z": integers((2,), 3), "a": None}]}
other = {"w": normal((2, 3), 4), "b": [normal((3,), 5), {"z": integers((2,), 6), "a": None}]}
floats = {"w": normal((2, 3), 1), "b": [normal((3,), 2), {"z": normal((2,), 3), "a": None}]}

for name in ["np.sin", "np.abs", "np.sum"]:
    case("tree.map", ref(name), tree)
    case("tree.map", ref(name), floats, second=True)
for name in ["np.add", "np.maximum", "np.multiply"]:
    case("tree.map", ref(name), tree, other)
case("tree.map", ref("np.negative"), [])
case("tree.map", ref("np.negative"), {"a": None, "b": {}})
case("tree.leaves", tree)
case("tree.leaves", [])
case("tree.leaves", {"z": normal((2,), 1), "a": normal((3,), 2), "B": normal((1,), 3), "_": normal((), 4)})
case("tree.reduce", ref("np.add"), [normal((3,), 7), normal((3,), 8), normal((3,), 9)], second=True)
case("tree.reduce", ref("np.multiply"), {"b": normal((3,), 7), "a": normal((3,), 8)}, normal((3,), 9), second=True)
case("flattenUtil.ravelPytree", floats, weft="ravel", jax=lambda t: jax.flatten_util.ravel_pytree(t)[0], second=True)
case("flattenUtil.ravelPytree", tree["b"], weft="ravel", jax=lambda t: jax.flatten_util.ravel_pytree(t)[0])
case("flattenUtil.ravelPytree", floats, weft="unravel", second=True,
     jax=lambda t: (lambda flat, back: back(flat * 2))(*jax.flatten_util.ravel_pytree(t)))

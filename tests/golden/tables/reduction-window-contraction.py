"""Numbers of JAX for tests/primitives-golden.test.ts: reductions, windows, contractions.

In float64, for every case: the result, and for float operands the gradients that `jax.vjp` gives for the cotangent of the result.
"""
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from container import Writer

rng = np.random.RandomState(0)
cases = []
writer = Writer()


def numbers(shape, low=-16, high=16):
  """Eighths: short to print and exact."""
  return rng.randint(low, high + 1, size=shape) / 8.0


def case(op, fn, params, *operands, grad=True):
  out = fn(*operands)
  entry = {"name": op, "params": params, "inputs": [writer.array(x) for x in operands], "outputs": [writer.array(out)]}
  if grad:
    ct = numbers(out.shape)
    _, vjp = jax.vjp(fn, *operands)
    entry["cotangents"] = [writer.array(ct)]
    entry["gradients"] = [writer.array(c) for c in vjp(jnp.asarray(ct))]
  cases.append(entry)


def make_cases():
    # Reductions
    for axes in ([0], [1], [0, 1]):
      x = numbers((3, 4))
      x[0, 1] = 0
      x[2, 1] = 0
      x[1, 3] = 0
      case("reduce_prod", lambda x, a=tuple(axes): lax.reduce_prod_p.bind(x, axes=a), {"axes": axes}, x)
      ties = np.array([[1.0, 2.0, 2.0, 0.5], [2.0, 2.0, 0.5, 0.5], [1.0, 0.5, 2.0, 2.0]])
      case("reduce_max", lambda x, a=tuple(axes): jax.lax.reduce_max(x, a), {"axes": axes}, ties)
      case("reduce_min", lambda x, a=tuple(axes): jax.lax.reduce_min(x, a), {"axes": axes}, ties)
    x = np.array([[1.0, np.nan, 3.0, np.nan], [3.0, 1.0, 3.0, 1.0], [-np.inf, -np.inf, -np.inf, -np.inf]])
    for axis in (0, 1):
      case("argmax", lambda x, a=axis: lax.argmax(x, a, np.int32), {"axis": axis, "indexDtype": "int32"}, x, grad=False)
      case("argmin", lambda x, a=axis: lax.argmin(x, a, np.int32), {"axis": axis, "indexDtype": "int32"}, x, grad=False)

    for reverse in (False, True):
      for n in (1, 2, 5, 8, 11):
        params = {"axis": 0, "reverse": reverse}
        x = numbers((n,))
        zeros = numbers((n,))
        zeros[n // 3] = 0
        zeros[n // 2] = 0
        tied = np.round(numbers((n,)))
        case("cumsum", lambda x: lax.cumsum(x, 0, reverse), params, x)
        case("cumprod", lambda x: lax.cumprod(x, 0, reverse), params, zeros)
        case("cummax", lambda x: lax.cummax(x, 0, reverse), params, tied)
        case("cummin", lambda x: lax.cummin(x, 0, reverse), params, tied)
        case("cumlogsumexp", lambda x: lax.cumlogsumexp(x, 0, reverse), params, 40 * x)
    x = np.array([-np.inf, -np.inf, 1.0, np.inf, 2.0])
    case("cumlogsumexp", lambda x: lax.cumlogsumexp(x, 0), {"axis": 0, "reverse": False}, x, grad=False)

    # Windows: shape, window, strides, padding, base dilation, window dilation
    windows = [
      ((7,), (3,), (2,), [(1, 2)], (1,), (1,)),
      ((5,), (3,), (2,), [(2, 1)], (3,), (1,)),
      ((9,), (2,), (2,), [(-1, 2)], (1,), (3,)),
      ((5, 6), (2, 3), (2, 1), [(1, 0), (0, 2)], (1, 2), (2, 1)),
      ((2, 5, 4, 2), (1, 3, 2, 1), (1, 2, 2, 1), [(0, 0), (1, 1), (0, 0), (0, 0)], (1, 1, 1, 1), (1, 1, 1, 1)),
    ]
    for shape, window, strides, padding, base, dilation in windows:
      params = {
        "windowDimensions": list(window), "windowStrides": list(strides), "padding": [list(p) for p in padding],
        "baseDilation": list(base), "windowDilation": list(dilation),
      }
      def reduce_window(x, init, fn):
        return lax.reduce_window(x, init, fn, window, strides, padding, base, dilation)
      x = numbers(shape)
      # All different, so that ties play no part in the gradient.
      distinct = (rng.permutation(int(np.prod(shape))) / 4.0).reshape(shape)
      case("reduce_window_sum", lambda x: reduce_window(x, 0.0, lax.add), params, x)
      case("reduce_window_prod", lambda x: reduce_window(x, 1.0, lax.mul), params, x, grad=False)
      differentiable = all(d == 1 for d in base + dilation)
      case("reduce_window_max", lambda x: reduce_window(x, -np.inf, lax.max), params, distinct, grad=differentiable)
      case("reduce_window_min", lambda x: reduce_window(x, np.inf, lax.min), params, distinct, grad=differentiable)

    # dot_general
    dots = [
      ((3, 4), (4, 2), ([1], [0]), ([], [])),
      ((4, 3), (2, 4), ([0], [1]), ([], [])),
      ((3, 2, 4), (4, 5, 2), ([2], [0]), ([1], [2])),
      ((4, 2, 3), (3, 4), ([2, 0], [0, 1]), ([], [])),
      ((2, 3, 2, 5), (3, 2, 5, 2), ([3], [2]), ([2, 1], [1, 0])),
    ]
    for ls, rs, (lc, rc), (lb, rb) in dots:
      params = {"lhsContracting": lc, "rhsContracting": rc, "lhsBatch": lb, "rhsBatch": rb, "preferredElementType": None,
                "precision": None}
      case("dot_general", lambda x, y: lax.dot_general(x, y, ((lc, rc), (lb, rb))), params, numbers(ls), numbers(rs))

    # Convolutions: lhs, rhs, strides, padding, lhs dilation, rhs dilation, specs, feature groups, batch groups
    nchw = ((0, 1, 2, 3), (0, 1, 2, 3), (0, 1, 2, 3))
    nhwc = ((0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2))
    shuffled = ((3, 1, 0, 2), (2, 0, 3, 1), (1, 2, 3, 0))
    convs = [
      ((2, 3, 4, 5), (2, 3, 3, 2), (1, 1), [(0, 0), (0, 0)], (1, 1), (1, 1), nchw, 1, 1),
      ((1, 2, 6, 5), (3, 2, 3, 3), (2, 3), [(1, 1), (2, 0)], (1, 1), (1, 1), nchw, 1, 1),
      ((1, 2, 4, 3), (2, 2, 2, 2), (2, 3), [(1, 2), (3, -1)], (2, 1), (1, 2), nchw, 1, 1),
      ((2, 4, 5, 2), (3, 2, 2, 3), (1, 2), [(1, 1), (0, 1)], (1, 1), (2, 1), nhwc, 1, 1),
      ((4, 2, 5, 2), (2, 2, 3, 2), (1, 2), [(0, 1), (1, 0)], (1, 1), (1, 1), shuffled, 1, 1),
      ((1, 4, 4, 4), (6, 2, 3, 3), (1, 1), [(1, 1), (1, 1)], (1, 1), (1, 1), nchw, 2, 1),
      ((2, 4, 4, 4), (2, 2, 1, 8), (2, 1), [(0, 0), (0, 0)], (1, 2), (1, 1), nhwc, 4, 1),
      ((4, 2, 4, 4), (4, 2, 2, 2), (1, 2), [(1, 0), (0, 1)], (1, 1), (2, 1), nchw, 1, 2),
      ((6, 4, 3, 2), (2, 2, 2, 6), (1, 1), [(0, 0), (1, 0)], (1, 1), (1, 1), nhwc, 1, 3),
      ((2, 3), (4, 3), (), [], (), (), ((0, 1), (0, 1), (0, 1)), 1, 1),
    ]
    for ls, rs, strides, padding, ld, rd, (l, r, o), groups, batches in convs:
      params = {
        "windowStrides": list(strides), "padding": [list(p) for p in padding], "lhsDilation": list(ld),
        "rhsDilation": list(rd), "lhsSpec": list(l), "rhsSpec": list(r), "outSpec": list(o),
        "featureGroupCount": groups, "batchGroupCount": batches, "preferredElementType": None, "precision": None,
      }
      def conv(x, y):
        return lax.conv_general_dilated(
            x, y, strides, padding, ld, rd, lax.ConvDimensionNumbers(l, r, o), groups, batches)
      if batches > 1:
        assert ls[l[0]] % batches == 0
      if ls[l[1]] // groups != rs[r[1]]:
        rs = tuple(ls[l[1]] // groups if axis == r[1] else n for axis, n in enumerate(rs))
      case("conv_general_dilated", conv, params, numbers(ls), numbers(rs))


def contents(versions):
    """The bytes of the container before compression, and the number of cases."""
    with jax.enable_x64(True):
        make_cases()
    return writer.content({"versions": versions, "cases": cases}), len(cases)

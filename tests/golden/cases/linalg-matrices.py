"""Matrices of a known structure: jax.scipy.linalg."""

from golden import *

for shape in ((1,), (4,), (2, 3)):
    case("scipy.linalg.circulant", normal(shape, 1))
    case("scipy.linalg.toeplitz", normal(shape, 2))
    case("scipy.linalg.hankel", normal(shape, 3))
    case("scipy.linalg.fiedler", normal(shape, 4))
case("scipy.linalg.circulant", integers((3,), 5))
case("scipy.linalg.companion", 2 + normal((4,), 6, scale=0.1), second=True)
case("scipy.linalg.companion", 2 + normal((2, 3), 7, scale=0.1))
case("scipy.linalg.companion", array([1.0, 2.0]))
case("scipy.linalg.toeplitz", normal((3,), 8), normal((2, 4), 9))
case("scipy.linalg.hankel", normal((3,), 8), normal((4,), 9))
case("scipy.linalg.leslie", normal((4,), 10), normal((3,), 11))
case("scipy.linalg.leslie", normal((2, 3), 12), normal((2, 2), 13))
for mode in ("full", "same", "valid"):
    case("scipy.linalg.convolutionMatrix", normal((3,), 14), 5, mode=mode)
    case("scipy.linalg.convolutionMatrix", normal((5,), 15), 2, mode=mode)
for n in (1, 2, 8):
    case("scipy.linalg.hadamard", n)
    case("scipy.linalg.helmert", n + 1)
    case("scipy.linalg.helmert", n, full=True)
    for kind in ("symmetric", "lower", "upper"):
        case("scipy.linalg.pascal", n, kind=kind, tol=1e-6)
case("scipy.linalg.hilbert", 5)
case("scipy.linalg.blockDiag", normal((2, 2), 16), normal((1, 3), 17))
case("scipy.linalg.blockDiag", integers((2,), 18), normal((2, 1), 19))
for side in ("right", "left"):
    for shape in ((3, 3), (4, 3)):
        case("scipy.linalg.polar", normal(shape, 20), side=side, tol=2e-5, grad=False,
             jax=lambda a, side: jax.scipy.linalg.polar(a, side, method="svd"))

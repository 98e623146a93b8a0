"""jnp.linalg, jax.scipy.linalg and lax.linalg. Vectors whose sign is a convention are compared by invariants."""

import jax.scipy.linalg as jsl

from golden import *

L = jnp.linalg
WELL = dict(tol=2e-5, grad_tol=1e-4, second_tol=5e-4)
FAIR = dict(tol=5e-5, grad_tol=5e-4, second_tol=5e-3)


def rank_deficient(m, n, rank, seed, dtype="float32"):
    return normal((m, rank), seed, dtype) @ normal((rank, n), seed + 50, dtype)


# ------------------------------------------------------------------------------------------------- factorisations
for dtype in ("float32", "float64"):
    for n in (1, 2, 5, 9):
        case("np.linalg.cholesky", spd(n, n, dtype=dtype), second=n == 5, **WELL)
    case("np.linalg.cholesky", spd(4, 2, (2, 3), dtype), **WELL)
case("np.linalg.cholesky", spd(4, 3), upper=True, **WELL)
case("np.linalg.cholesky", spd(20, 4), grad=False, **WELL)
case("np.linalg.cholesky", spd(4, 5) + normal((4, 4), 6, scale=0.1), **WELL)
case("np.linalg.cholesky", spd(3, 7), symmetrize_input=False, second=True, **WELL)
case("np.linalg.cholesky", -spd(3, 8), grad=False)
case("np.linalg.cholesky", array([[1, 2], [2, 1]]), grad=False)
case("np.linalg.cholesky", array([[np.nan, 0], [0, 1]]), grad=False)
case("np.linalg.cholesky", array([[4, 2], [2, 3]], "int32"), **WELL)
case("np.linalg.cholesky", np.zeros((0, 0), np.float32), grad=False)
case("np.linalg.cholesky", np.zeros((0, 3, 3), np.float32), grad=False, vmap=False)
case("lax.linalg.cholesky", spd(6, 9), **WELL)
case("scipy.linalg.cholesky", spd(4, 10), **WELL)
case("scipy.linalg.cholesky", spd(4, 10), lower=True, **WELL)

SHAPES = [(1, 1), (3, 3), (5, 3), (3, 5), (9, 9), (12, 10), (2, 3, 3), (2, 4, 3)]
for dtype in ("float32", "float64"):
    for i, shape in enumerate(SHAPES):
        a = normal(shape, 20 + i, dtype)
        case("np.linalg.qr", a, second=i == 1, **FAIR)
        case("lax.linalg.lu", a, second=i == 1, **FAIR)
        case("np.linalg.qr", a, mode="raw", grad=False, **FAIR)
case("np.linalg.qr", normal((3, 5), 31), mode="complete", **FAIR)
case("np.linalg.qr", normal((5, 3), 32), mode="complete", **FAIR)
case("np.linalg.qr", normal((5, 3), 33), mode="r", **FAIR)
case("np.linalg.qr", normal((5, 3), 34), mode="raw", grad=False, **FAIR)
case("np.linalg.qr", normal((40, 33), 35), grad=False, **FAIR)
case("np.linalg.qr", np.eye(3, dtype="float32"), grad=False)
case("np.linalg.qr", np.zeros((3, 0), np.float32), grad=False)
case("np.linalg.qr", np.zeros((0, 3), np.float32), grad=False)
case("np.linalg.qr", np.zeros((3, 0), np.float32), mode="complete", grad=False)
case("scipy.linalg.qr", normal((5, 3), 36), **FAIR)
case("scipy.linalg.qr", normal((5, 3), 36), mode="economic", **FAIR)
case("scipy.linalg.qr", normal((3, 4), 36), mode="r", **FAIR)
case("lax.linalg.lu", normal((37, 37), 37), grad=False, **FAIR)
case("lax.linalg.lu", array([[1, 2], [2, 4]]), grad=False, **WELL)
case("lax.linalg.lu", np.zeros((3, 3), np.float32), grad=False)
case("lax.linalg.luPivotsToPermutation", array([2, 1, 3, 3], "int32"), 5)
case("lax.linalg.luPivotsToPermutation", array([[2, 2, 2], [1, 1, 2]], "int32"), 3)
for permute in (False, True):
    for shape in ((3, 3), (4, 2), (2, 4)):
        case("scipy.linalg.lu", normal(shape, 38), permute_l=permute, **FAIR)
case("scipy.linalg.luFactor", normal((4, 4), 39), **FAIR)
case("lax.linalg.householderProduct", normal((5, 3), 40, scale=0.3), uniform((3,), 41, 0.5, 1), grad=False, **WELL)

for flags in range(16):
    options = dict(left_side=bool(flags & 1), lower=bool(flags & 2), transpose_a=bool(flags & 4), unit_diagonal=bool(flags & 8))
    case("lax.linalg.triangularSolve", invertible(3, 42), normal((3, 3), 43), second=flags in (1, 6), **options, **WELL)
case("lax.linalg.triangularSolve", invertible(12, 44), normal((12, 7), 45), left_side=True, lower=True, **WELL)
case("lax.linalg.triangularSolve", invertible(12, 44), normal((12,), 45), left_side=True, **WELL)
case("lax.linalg.triangularSolve", invertible(4, 46, (2,)), normal((2, 5, 4), 47), **WELL)
for trans in (0, 1, 2):
    case("scipy.linalg.solveTriangular", invertible(4, 48), normal((4, 2), 49), trans=trans, lower=trans == 1, **WELL)
case("scipy.linalg.solveTriangular", invertible(4, 48), normal((4,), 49), unit_diagonal=True, **FAIR)

# --------------------------------------------------------------------------------- eigenvalues and singular values
separated = lambda n, seed, dtype="float32": symmetric(n, seed, dtype=dtype) + np.diag(3 * np.arange(n)).astype(dtype)
for dtype in ("float32", "float64"):
    for n in (1, 2, 4, 9):
        case("np.linalg.eigvalsh", separated(n, 60 + n, dtype), second=n == 4, **FAIR)
        case("np.linalg.svdvals", normal((n, n + 2), 64 + n, dtype), second=n == 2, **FAIR)
        case("eigh: squared vectors", separated(n, 60 + n, dtype), weft="eighSquares",
             jax=lambda a: jnp.square(L.eigh(a)[1]), second=n == 4, atol=1e-9, **FAIR)
        case("eigh: a function of the matrix", separated(n, 60 + n, dtype), weft="eighFunction",
             jax=lambda a: (lambda w, v: (v * jnp.tanh(w)) @ v.T)(*L.eigh(a)), **FAIR)
    for shape in ((3, 3), (5, 3), (3, 5), (2, 4, 3)):
        a = normal(shape, 80, dtype)
        case("svd: squared vectors", a, weft="svdSquares",
             jax=lambda a: (lambda u, s, vh: (jnp.square(u), s, jnp.square(vh)))(*L.svd(a, full_matrices=False)), **FAIR)
        case("svd: a function of the matrix", a, weft="svdFunction",
             jax=lambda a: (lambda u, s, vh: (u * jnp.tanh(s)[..., None, :]) @ vh)(*L.svd(a, full_matrices=False)), **FAIR)
        case("np.linalg.svdvals", a, **FAIR)
case("np.linalg.eigvalsh", symmetric(40, 90), grad=False, **FAIR)
case("np.linalg.eigvalsh", symmetric(3, 91, (2, 2)), **FAIR)
case("np.linalg.eigvalsh", np.eye(4, dtype="float32"), grad=False, **WELL)
case("np.linalg.eigvalsh", np.zeros((3, 3), np.float32), grad=False)
case("np.linalg.eigvalsh", np.zeros((0, 0), np.float32), grad=False)
case("np.linalg.eigvalsh", normal((3, 3), 92), UPLO="U", symmetrize_input=False, grad=False, **WELL)
case("np.linalg.eigvalsh", normal((3, 3), 92), UPLO="L", symmetrize_input=False, grad=False, **WELL)
case("np.linalg.eigvalsh", separated(3, 93) * 1e18, grad=False, **FAIR)
case("np.linalg.eigvalsh", separated(3, 93) * 1e-18, grad=False, **FAIR)
case("scipy.linalg.eigh", separated(4, 94), eigvals_only=True, **FAIR)
case("np.linalg.svdvals", rank_deficient(6, 5, 2, 95), grad=False, **FAIR)
case("np.linalg.svdvals", normal((33, 20), 96), grad=False, **FAIR)
case("np.linalg.svdvals", np.zeros((3, 2), np.float32), grad=False)
case("np.linalg.svdvals", np.zeros((0, 2), np.float32), grad=False)
case("np.linalg.svdvals", array([[np.nan, 1], [1, 2]]), grad=False)
case("np.linalg.svdvals", np.eye(3, dtype="float32"), grad=False, **WELL)
case("np.linalg.svd", normal((4, 3), 97), compute_uv=False, **FAIR)
case("np.linalg.svd", separated(4, 98), compute_uv=False, hermitian=True, **FAIR)

# --------------------------------------------------------------------------------------------- systems and inverses
for dtype in ("float32", "float64"):
    for n in (1, 2, 3, 4, 7):
        a = invertible(n, 100 + n, dtype=dtype)
        case("np.linalg.solve", a, normal((n,), 110, dtype), second=n == 3, **WELL)
        case("np.linalg.solve", a, normal((n, 3), 111, dtype), **WELL)
        case("np.linalg.inv", a, second=n == 2, **WELL)
        case("np.linalg.det", a, second=n in (3, 4), **WELL)
        case("np.linalg.slogdet", a, second=n in (2, 4), **WELL)
    case("np.linalg.solve", invertible(3, 120, (2,), dtype), normal((2, 3, 2), 121, dtype), **WELL)
    case("np.linalg.pinv", normal((4, 3), 122, dtype), second=True, **FAIR)
    case("np.linalg.pinv", normal((3, 5), 123, dtype), **FAIR)
    case("np.linalg.lstsq", normal((6, 3), 124, dtype), normal((6,), 125, dtype), **FAIR)
    case("np.linalg.lstsq", normal((6, 3), 124, dtype), normal((6, 2), 126, dtype), **FAIR)
case("np.linalg.solve", invertible(3, 127), normal((2, 3, 2), 128), **WELL)
case("np.linalg.solve", invertible(3, 127, (4, 1)), normal((2, 3, 1), 129), **WELL)
case("np.linalg.solve", invertible(3, 127, (2,)), normal((3,), 129), **WELL)
case("np.linalg.solve", array([[2, 1], [1, 3]], "int32"), array([1, 2], "int32"), **WELL)
case("np.linalg.inv", invertible(3, 130, (2, 2)), **WELL)
case("np.linalg.inv", invertible(25, 131), grad=False, **WELL)
case("np.linalg.det", invertible(4, 132, (2, 2)), **WELL)
case("np.linalg.det", rank_deficient(4, 4, 3, 133, "float64"), tol=1e-9, atol=1e-9, grad_tol=1e-6)
case("np.linalg.det", np.zeros((4, 4), np.float32), grad=False)
case("np.linalg.slogdet", np.zeros((3, 3), np.float32), grad=False)
case("np.linalg.slogdet", normal((5, 5), 134), method="qr", **FAIR)
case("np.linalg.slogdet", -invertible(3, 135, (2,)), **WELL)
case("np.linalg.pinv", rank_deficient(5, 4, 2, 136), grad=False, **FAIR)
case("np.linalg.pinv", normal((2, 4, 3), 137), **FAIR)
case("np.linalg.pinv", separated(3, 138), hermitian=True, **FAIR)
case("np.linalg.pinv", normal((3, 3), 139), rtol=0.5, grad=False, **FAIR)
case("np.linalg.pinv", np.zeros((0, 3), np.float32), grad=False)
case("np.linalg.lstsq", normal((3, 5), 140), normal((3,), 141), atol=1e-5, **FAIR)
case("np.linalg.lstsq", rank_deficient(6, 4, 2, 142, "float64"), normal((6,), 143, "float64"), grad=False, **FAIR)
case("scipy.linalg.solve", spd(4, 144), normal((4, 2), 145), assume_a="pos", **WELL)
case("scipy.linalg.solve", spd(4, 144), normal((4,), 145), assume_a="pos", lower=True, **WELL)
case("scipy.linalg.solve", invertible(4, 146), normal((4,), 145), **WELL)
for n in (1, 2, 4, 8):
    case("scipy.linalg.det", invertible(n, 147), **WELL)
    case("scipy.linalg.inv", invertible(n, 148), **WELL)
case("choSolve of choFactor", spd(4, 149), normal((4, 2), 150), weft="choSolveFactor",
     jax=lambda a, b: jsl.cho_solve(jsl.cho_factor(a), b), **WELL)
case("luSolve of luFactor", invertible(4, 151), normal((4, 2), 152), weft="luSolveFactor",
     jax=lambda a, b: jsl.lu_solve(jsl.lu_factor(a), b, 1), **WELL)

# ---------------------------------------------------------------------------------------------- norms and products
m, t = normal((4, 3), 160), normal((2, 3, 4), 161)
for dtype in ("float32", "float64"):
    m = normal((4, 3), 160, dtype)
    for order in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
        case("np.linalg.norm", m, options={"ord": order}, **FAIR)
        case("np.linalg.norm", normal((2, 3, 4), 161, dtype), options={"ord": order, "axis": (0, 2), "keepdims": True}, **FAIR)
        if order is not None:
            case("np.linalg.matrixNorm", normal((2, 3, 4), 162, dtype), options={"ord": order}, **FAIR)
    for order in (None, 0, 1, -1, 2, -2, 3, 0.5, np.inf, -np.inf):
        case("np.linalg.norm", m, options={"ord": order, "axis": 1}, **FAIR)
        case("np.linalg.vectorNorm", m, options={"ord": order or 2, "axis": 0, "keepdims": True}, **FAIR)
    for p in (None, 2, -2, 1, -1, np.inf, -np.inf, "fro", "nuc"):
        case("np.linalg.cond", invertible(3, 163, dtype=dtype), options={"p": p}, jax=lambda a, p: L.cond(a, p), weft="cond", **FAIR)
    for power in (0, 1, 2, 3, 5, 8, -1, -3):
        case("np.linalg.matrixPower", invertible(3, 164, dtype=dtype), power, **FAIR)
case("np.linalg.norm", t, **WELL)
case("np.linalg.norm", normal((5,), 165), **WELL)
case("np.linalg.norm", integers((3,), 165), **WELL)
case("np.linalg.matrixPower", integers((2, 3, 3), 166, -3, 3), 3)
case("np.linalg.matrixRank", rank_deficient(5, 4, 2, 167))
case("np.linalg.matrixRank", normal((2, 3, 4), 168))
case("np.linalg.matrixRank", np.zeros((3, 3), np.float32))
case("np.linalg.matrixRank", separated(4, 169), hermitian=True)
case("np.linalg.matrixRank", normal((4, 4), 170), rtol=2.0)
case("np.linalg.matrixRank", array([0, 1, 0]))
case("np.linalg.multiDot", [normal((3, 4), 171), normal((4, 2), 172), normal((2, 5), 173)], **WELL)
case("np.linalg.multiDot", [normal((3,), 174), normal((3, 4), 175), normal((4,), 176)], **WELL)
case("np.linalg.multiDot", [normal((2, 9), 177), normal((9, 1), 178), normal((1, 9), 179), normal((9, 2), 180)], **WELL)
case("np.linalg.cross", normal((4, 3), 181), normal((4, 3), 182), **WELL)
case("np.linalg.outer", normal((3,), 183), normal((4,), 184), **WELL)
case("np.linalg.diagonal", normal((2, 3, 4), 185), **WELL)
case("np.linalg.diagonal", normal((2, 3, 4), 185), offset=1, **WELL)
case("np.linalg.trace", normal((2, 3, 4), 186), **WELL)
case("np.linalg.trace", normal((2, 3, 4), 186), offset=-1, **WELL)
case("np.linalg.matmul", normal((2, 3, 4), 187), normal((4, 2), 188), **WELL)
case("np.linalg.vecdot", normal((2, 3), 189), normal((2, 3), 190), **WELL)
case("np.linalg.matrixTranspose", normal((2, 3, 4), 191))
case("np.linalg.tensordot", normal((2, 3, 4), 192), normal((3, 4, 2), 193), **WELL)
case("np.linalg.tensorinv", invertible(6, 194).reshape(2, 3, 6), 2, **WELL)
case("np.linalg.tensorinv", invertible(4, 195), 1, **WELL)
case("np.linalg.tensorsolve", invertible(6, 196).reshape(2, 3, 6), normal((2, 3), 197), **WELL)
case("np.linalg.tensorsolve", invertible(6, 196).reshape(6, 2, 3), normal((2, 3), 197), axes=(0,), **WELL)

# -------------------------------------------------------------------------------------------------- scipy.linalg
for dtype in ("float32", "float64"):
    for scale in (0.01, 0.3, 1.0, 4.0):
        case("scipy.linalg.expm", normal((3, 3), 200, dtype, scale=scale), second=False, **FAIR)
case("scipy.linalg.expm", np.zeros((2, 2), np.float32), **WELL)
case("scipy.linalg.expm", normal((2, 3, 3), 201), **FAIR)
case("scipy.linalg.expm", np.triu(normal((3, 3), 202)), upper_triangular=True, **FAIR)
case("scipy.linalg.blockDiag", normal((2, 3), 203), normal((1, 2), 204), normal((3,), 205))
case("scipy.linalg.toeplitz", normal((3,), 206))
case("scipy.linalg.toeplitz", normal((3,), 206), normal((4,), 207))
case("scipy.linalg.hilbert", 4)
case("lax.linalg.symmetricProduct", normal((3, 2), 208), symmetric(3, 209), alpha=2.0, beta=0.5, symmetrize_output=True, grad=False, **WELL)
case("lax.linalg.tridiagonalSolve", normal((5,), 210), 4 + normal((5,), 211), normal((5,), 212), normal((5, 2), 213), **WELL)

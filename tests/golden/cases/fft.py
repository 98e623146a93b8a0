"""Fourier transforms; complex numbers are pairs of real and imaginary parts."""

from golden import *


def complex_normal(shape, seed=0, dtype="complex64"):
    wide = np.random.default_rng([seed, 8])
    return np.asarray(wide.standard_normal(shape) + 1j * wide.standard_normal(shape), dtype)


NORMS = ("backward", "ortho", "forward")
TOL = dict(tol=2e-6)

# ------------------------------------------------------------------------------------------------- lengths, dtypes
for n in (1, 2, 3, 5, 8, 12, 17, 64, 91, 210, 1000):
    once = dict(vmap=n == 12, jit=n == 12, **TOL)
    case("np.fft.fft", complex_normal((n,), n), **once)
    case("np.fft.ifft", complex_normal((n,), n + 1), **once)
    case("np.fft.rfft", normal((n,), n), **once)
    case("np.fft.irfft", complex_normal((n // 2 + 1,), n), n=n, **once)
for name in ("fft", "ifft"):
    case(f"np.fft.{name}", complex_normal((3, 20), 1, "complex128"), tol=1e-14)
    case(f"np.fft.{name}", complex_normal((3, 19), 1, "complex128"), tol=1e-14)
    case(f"np.fft.{name}", normal((3, 10), 2), **TOL)
    case(f"np.fft.{name}", integers((8,), 3), **TOL)
    case(f"np.fft.{name}", array([True, False, True], "bool"), **TOL)
case("np.fft.rfft", normal((3, 20), 1, "float64"), tol=1e-14)
case("np.fft.irfft", complex_normal((3, 11), 1, "complex128"), tol=1e-14)
case("np.fft.rfft", integers((9,), 4), **TOL)
case("np.fft.fft", complex_normal((0, 4), 1), grad=False, vmap=False)

# ---------------------------------------------------------------------------------------------------------- options
x, y = complex_normal((3, 4, 5), 5), normal((3, 4, 5), 6)
TOL = dict(vmap=False, jit=False, **TOL)
for norm in NORMS:
    case("np.fft.fft", x, norm=norm, **TOL)
    case("np.fft.ifft", x, norm=norm, **TOL)
    case("np.fft.rfft", y, norm=norm, **TOL)
    case("np.fft.irfft", x, norm=norm, **TOL)
    case("np.fft.hfft", x, norm=norm, **TOL)
    case("np.fft.ihfft", y, norm=norm, **TOL)
    case("np.fft.fftn", x, norm=norm, **TOL)
    case("np.fft.irfftn", x, norm=norm, **TOL)
for axis in (0, -2):
    for n in (None, 3, 6):
        case("np.fft.fft", x, n=n, axis=axis, **TOL)
        case("np.fft.rfft", y, n=n, axis=axis, **TOL)
        case("np.fft.irfft", x, n=n, axis=axis, **TOL)
        case("np.fft.hfft", x, n=n, axis=axis, **TOL)
        case("np.fft.ihfft", y, n=n, axis=axis, **TOL)

# ---------------------------------------------------------------------------------------------------- several axes
for name, operand in [("fft2", x), ("ifft2", x), ("rfft2", y), ("irfft2", x)]:
    case(f"np.fft.{name}", operand, **TOL)
    case(f"np.fft.{name}", operand, axes=(0, 1), **TOL)
    case(f"np.fft.{name}", operand, s=(3, 6), axes=(2, 0), norm="ortho", **TOL)
for name, operand in [("fftn", x), ("ifftn", x), ("rfftn", y), ("irfftn", x)]:
    case(f"np.fft.{name}", operand, **TOL)
    case(f"np.fft.{name}", operand, axes=(1,), **TOL)
    case(f"np.fft.{name}", operand, axes=(2, 0), **TOL)
    case(f"np.fft.{name}", operand, s=(6, 2), **TOL)
    case(f"np.fft.{name}", operand, s=(2, 3, 8), axes=(0, 2, 1), **TOL)
case("np.fft.fftn", complex_normal((2, 3, 2, 3), 7), **TOL)
case("np.fft.rfftn", normal((2, 3, 2, 4), 7), **TOL)
case("np.fft.irfftn", complex_normal((2, 3, 2, 3), 7), **TOL)

# -------------------------------------------------------------------------------------------------------- lax.fft
for kind in ("fft", "ifft"):
    case("lax.fft", x, kind, (5,), **TOL)
    case("lax.fft", x, kind, (4, 5), **TOL)
    case("lax.fft", x, kind, (3, 4, 5), **TOL)
case("lax.fft", y, "rfft", (4, 5), **TOL)
case("lax.fft", x, "irfft", (4, 8), **TOL)
case("lax.fft", x, "irfft", (4, 9), **TOL)

# --------------------------------------------------------------------------------------------------- frequencies
for n in (1, 4, 9):
    for d in (1.0, 0.1):
        case("np.fft.fftfreq", n, d)
        case("np.fft.rfftfreq", n, d)
for operand in (y, normal((5,), 8), x):
    case("np.fft.fftshift", operand)
    case("np.fft.ifftshift", operand)
for axes in (0, 1, (0, 2)):
    case("np.fft.fftshift", y, axes, exact=True)
    case("np.fft.ifftshift", y, axes, exact=True)

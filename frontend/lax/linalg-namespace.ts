/** `lax.linalg`: what JAX has under this name; `linalg.ts` has more, for np and scipy. */
export {
  cholesky,
  type EighOptions,
  eigh,
  householderProduct,
  lu,
  luPivotsToPermutation,
  ormqr,
  qr,
  type SvdOptions,
  svd,
  symmetricProduct,
  type TriangularSolveOptions,
  triangularSolve,
  tridiagonalSolve,
} from "./linalg.ts";

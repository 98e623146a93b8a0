/** Factorisations of matrices and what is solved with them. */
import { cholesky } from "./cholesky.ts";
import { eigh } from "./eigh.ts";
import { lu, luPivotsToPermutation } from "./lu.ts";
import { geqrf, householderProduct, qr } from "./qr.ts";
import { jacobiSvd, svd } from "./svd.ts";
import { triangularSolve } from "./triangular-solve.ts";

export const linalgPrimitives = {
  cholesky,
  triangular_solve: triangularSolve,
  lu,
  lu_pivots_to_permutation: luPivotsToPermutation,
  geqrf,
  householder_product: householderProduct,
  qr,
  eigh,
  jacobi_svd: jacobiSvd,
  svd,
};

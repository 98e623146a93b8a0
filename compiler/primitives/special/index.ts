/** Special functions beyond the error function: gamma, beta, zeta, Bessel and their kin. */
import * as gammaAndBessel from "./gamma-bessel.ts";
import * as incomplete from "./incomplete.ts";

export const specialPrimitives = { ...gammaAndBessel, ...incomplete } as const;

/** Gamma, beta, Poisson and binomial numbers and their kin against jax.random. */
import { goldenFamily } from "../helpers/golden-family.ts";

goldenFamily("random-gamma");

/** scipy.special and lax's special functions against jax.scipy.special and jax.lax. */
import { goldenFamily } from "../helpers/golden-family.ts";

goldenFamily("special");

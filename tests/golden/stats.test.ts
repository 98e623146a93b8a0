/** scipy.stats against jax.scipy.stats. */
import { goldenFamily } from "../helpers/golden-family.ts";

goldenFamily("stats");

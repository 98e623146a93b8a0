/** random against jax.random: keys, bits and integers bit for bit, other distributions closely, in both modes. */
import { goldenFamily } from "../helpers/golden-family.ts";

goldenFamily("random");

/** Further cases of random against JAX: see cases/random-more.py. */
import { goldenFamily } from "../helpers/golden-family.ts";

goldenFamily("random-more");

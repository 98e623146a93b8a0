/** np.fft and lax.fft against JAX: see cases/fft.py. */
import { goldenFamily } from "../helpers/golden-family.ts";

goldenFamily("fft");

/** Normalisations against flax.linen. */
import { moduleFunctions } from "../helpers/flax-modules.ts";
import { goldenFamily } from "../helpers/golden-family.ts";

goldenFamily("flax-norm", moduleFunctions());

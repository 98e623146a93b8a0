/** The family of contractions: generalised matrix products and convolutions. */
import { convGeneralDilated } from "./conv.ts";
import { dotGeneral } from "./dot-general.ts";

export const contractionPrimitives = {
  dot_general: dotGeneral,
  conv_general_dilated: convGeneralDilated,
};

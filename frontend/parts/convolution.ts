/** Convolutions and pooling in pages: importing this declares their primitives. It exports the functions of `lax`. */
import { convGeneralDilated as convolution } from "../../compiler/primitives/contraction/conv.ts";
import { declarePrimitives } from "../../compiler/primitives/table.ts";
import { windowPrimitives } from "../../compiler/primitives/window/index.ts";

export * from "../lax/conv-patches.ts";
export * from "../lax/convolution.ts";
export { reduceXor } from "../lax/general-fold.ts";
export * from "../lax/reduce-window.ts";

declarePrimitives({ conv_general_dilated: convolution, ...windowPrimitives });

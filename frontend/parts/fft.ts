/** Fourier transforms in pages: importing this declares their primitives. It exports what `np.fft` holds. */
import { fourierPrimitives } from "../../compiler/primitives/fft/index.ts";
import { declarePrimitives } from "../../compiler/primitives/table.ts";

export * from "../numpy/fft.ts";

declarePrimitives(fourierPrimitives);

/** Discrete Fourier transforms. */
import { fft } from "./fft.ts";
import { fftStages } from "./stages.ts";

export const fourierPrimitives = { fft, fft_stages: fftStages };

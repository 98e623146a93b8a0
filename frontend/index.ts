/**
 * Weft: trace, transform and compile TypeScript functions over arrays, after the manner of JAX.
 *
 *     import { grad, jit, numpy as np } from "weft";
 *     const loss = (w, x, y) => np.mean(np.square(x.mul(w).sub(y)));
 *     const step = jit((w, x, y) => w.sub(grad(loss)(w, x, y).mul(0.1)));
 */
export {
  ArtifactError,
  deserialize,
  Exported,
  type ExportOptions,
  exportFunction,
  type Sizes,
} from "./aot/index.ts";
export * from "./browser.ts";
export * as checkify from "./checkify/index.ts";
export * as flattenUtil from "./flatten-util/index.ts";
export * as nn from "./nn/index.ts";
export * as optim from "./optim/index.ts";
export * as profiler from "./profiler/index.ts";
export * as scipy from "./scipy/index.ts";

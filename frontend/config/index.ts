/** Settings of the program (`jax.config`). */
export { type Config, config, type Settings, withConfig } from "./config.ts";

import "./debugging.ts";

export { FloatingPointError } from "./floating-point-error.ts";

/** Settings of the program (`jax.config`). */
export { type Config, config, type Settings, withConfig } from "./config.ts";
export { FloatingPointError } from "./debug-backend.ts";

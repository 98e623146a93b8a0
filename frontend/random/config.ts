/** How random bits are made: part of the program's settings. */
import type { Settings } from "../config/config.ts";

export { config } from "../config/config.ts";
/** What of the settings concerns random numbers. */
export type RandomConfig = Pick<Settings, "threefryPartitionable">;

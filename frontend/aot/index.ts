/** Compiling ahead of time: functions as values that can be kept, and as modules for web pages. */
export { ArtifactError } from "../../runtime/artifact/errors.ts";
export type { ExportTarget } from "./build.ts";
export { type ExportOptions, exportFunction } from "./export-function.ts";
export { deserialize, Exported } from "./exported.ts";
export type { Sizes } from "./sizes.ts";

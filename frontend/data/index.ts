/** `data`: reading and writing arrays (NumPy, safetensors, CSV, IDX), and batches. In Node and browsers, from bytes. */
import "../numpy/methods.ts";

export {
  type BatchOptions,
  batches,
  type DataSource,
  type SplitOptions,
  split,
} from "./batches.ts";
export type { BytesLike } from "./bytes.ts";
export { type GunzipOptions, gunzip } from "./compression.ts";
export { type CsvOptions, type CsvRow, parseCsvRows } from "./csv.ts";
export { type Column, type ColumnType, CsvTable, type ReadCsvOptions, readCsv } from "./csv-table.ts";
export type { Int64Option, Int64Policy } from "./elements.ts";
export { readIdx } from "./idx.ts";
export { flattenNames, type NameOptions, unflattenNames } from "./names.ts";
export { readNpy, writeNpy } from "./npy.ts";
export { readNpz, type WriteNpzOptions, writeNpz } from "./npz.ts";
export { prefetch } from "./prefetch.ts";
export {
  readSafetensors,
  type Safetensors,
  type WriteSafetensorsOptions,
  writeSafetensors,
} from "./safetensors.ts";

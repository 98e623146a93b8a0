/** What the page and the worker that runs a sample tell each other. */
import type { PlotSection, Report } from "../report/sections.ts";
import type { DeviceName } from "../run/sample.ts";

/** The first message to a worker. A worker runs one sample. */
export interface RunRequest {
  readonly kind: "run";
  readonly name: string;
  readonly device: DeviceName;
  /** Fewer steps, as with `--quick`. */
  readonly quick: boolean;
}

/** The page has drawn what `show` of this number asked for. */
export interface Drawn {
  readonly kind: "drawn";
  readonly number: number;
}

export type ToWorker = RunRequest | Drawn;

export type FromWorker =
  | { readonly kind: "print"; readonly line: string }
  | {
      readonly kind: "progress";
      readonly label: string;
      readonly done: number;
      readonly total: number;
      readonly note: string;
    }
  | { readonly kind: "progress-end" }
  | { readonly kind: "show"; readonly number: number; readonly id: string; readonly plot: PlotSection }
  | { readonly kind: "done"; readonly report: Report; readonly seconds: number }
  | { readonly kind: "failed"; readonly message: string };

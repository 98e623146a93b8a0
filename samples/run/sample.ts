/** What a sample is, for the programs that run it: from the command line, for the gallery, on the live page. */
import type { PlotSection, Section } from "../report/sections.ts";

/** The content of a sample's `sample.json`. */
export interface About {
  /** Its place in the gallery. */
  readonly number: number;
  /** The report's title. */
  readonly title: string;
  /** One sentence: what it shows. */
  readonly summary: string;
  /** The number of the document it comes from, as in `001`. */
  readonly document: string;
  /** Whether it also runs on the live page: `sample.ts` and what it imports need no Node then. */
  readonly live: boolean;
  /** Whether `npm run samples` runs it with `--quick`. */
  readonly long: boolean;
}

export const DEVICES = ["wasm", "webgpu"] as const;
export type DeviceName = (typeof DEVICES)[number];

export interface Progress {
  /** Sets how many of the steps are done, with a word on the state, as in `loss 0.25`. */
  update(done: number, note?: string): void;
  finish(): void;
}

/** What a sample runs in. It touches neither the console nor the file system itself, so that it runs anywhere. */
export interface SampleContext {
  readonly device: DeviceName;
  /** Fewer steps than the document has, where the sample is a long one. */
  readonly quick: boolean;
  /** Prints a line; the report ends with all of them. */
  print(line?: string): void;
  /** A progress bar, for what takes more than a second or two. */
  progress(label: string, total: number): Progress;
  /**
   * Shows a plot on the live page while the sample runs; one with the same `id` is replaced. Elsewhere nothing
   * happens. To be awaited: meanwhile the page draws.
   */
  show(id: string, plot: PlotSection): Promise<void>;
  /** The bytes of a file in `samples/data`. */
  data(name: string): Promise<Uint8Array>;
}

/** What a sample makes: its report, which gets title and printed lines from the runner. */
export interface SampleReport {
  /** Paragraphs below the title. */
  readonly intro: string;
  readonly sections: readonly Section[];
  /** The plot that stands for the sample in the gallery: SVG, not 3-D. By default the first one. */
  readonly thumbnail?: PlotSection;
  /** What is written beside the report from the command line, by the files' names: a trained model. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

/** `sample.ts` exports one as `run`. */
export type RunSample = (context: SampleContext) => Promise<SampleReport>;

/** Progress on a terminal, by cli-progress; nothing where stderr is a file or a pipe. */
import cliProgress from "cli-progress";
import type { Progress } from "./sample.ts";

export class ProgressBars {
  #current: cliProgress.SingleBar | null = null;

  start(label: string, total: number): Progress {
    const bar = new cliProgress.SingleBar(
      {
        format: `${label} {bar} {percentage}% | {value}/{total} | {duration_formatted} | {note}`,
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
        // Steps that do not wait keep its timer from firing.
        synchronousUpdate: true,
        fps: 10,
      },
      cliProgress.Presets.shades_classic,
    );
    bar.start(total, 0, { note: "" });
    this.#current = bar;
    return {
      update: (done, note = "") => bar.update(done, { note }),
      finish: () => {
        bar.stop();
        if (this.#current === bar) this.#current = null;
      },
    };
  }

  /** To be called before something is printed, so that it does not stand behind a bar. The next update draws it anew. */
  clearLine(): void {
    if (this.#current !== null && process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  }

  /** Gives the cursor back if the sample fails. */
  stop(): void {
    this.#current?.stop();
    this.#current = null;
  }
}

/** Runs one sample and tells the page what it does. A worker, so that the page draws while the sample computes. */
import { samples as about } from "samples:about";
import { samples } from "samples:run";
import { useDevice } from "../run/device.ts";
import { completeReport } from "../run/report.ts";
import type { SampleContext } from "../run/sample.ts";
import type { FromWorker, RunRequest, ToWorker } from "./protocol.ts";
import { useSourceLines } from "./source-lines.ts";

const send = (message: FromWorker): void => globalThis.postMessage(message);
/** Who waits for a plot to be drawn, by its number. */
const waiting = new Map<number, () => void>();
let shown = 0;

useSourceLines();

globalThis.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === "drawn") {
    waiting.get(data.number)?.();
    waiting.delete(data.number);
    return;
  }
  runOne(data).catch((error: unknown) => {
    send({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  });
};

async function runOne({ name, device, quick }: RunRequest): Promise<void> {
  await useDevice(device);
  const sample = await samples[name]!();
  const printed: string[] = [];
  const context: SampleContext = {
    device,
    quick,
    print(line = "") {
      printed.push(...line.split("\n"));
      send({ kind: "print", line });
    },
    progress(label, total) {
      const update = (done: number, note = ""): void => send({ kind: "progress", label, done, total, note });
      update(0);
      return { update, finish: () => send({ kind: "progress-end" }) };
    },
    show(id, plot) {
      const number = shown++;
      send({ kind: "show", number, id, plot });
      // The sample goes on when the page is ready for the next one.
      return new Promise((resolve) => waiting.set(number, resolve));
    },
    async data(file) {
      const response = await fetch(`data/${file}`);
      if (!response.ok) throw new Error(`data/${file}: ${response.status} ${response.statusText}`);
      return new Uint8Array(await response.arrayBuffer());
    },
  };
  const started = performance.now();
  const made = await sample.run(context);
  const seconds = (performance.now() - started) / 1000;
  const found = about.find((each) => each.name === name)!;
  send({ kind: "done", report: completeReport(found.about, made, printed), seconds });
}

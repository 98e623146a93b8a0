/** Runs a sample from the command line: `main.ts` of each sample calls `runSample`. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { defaultDevice } from "weft";
import { drawPlot, standaloneSvg } from "../report/draw.ts";
import { writeFileWhole, writeReport } from "../report/write.ts";
import { useDevice } from "./device.ts";
import { ProgressBars } from "./progress-bar.ts";
import { completeReport, thumbnailOf } from "./report.ts";
import { type About, DEVICES, type DeviceName, type RunSample, type SampleContext } from "./sample.ts";

/** What is written beside the report, for the gallery. */
export interface Outcome {
  readonly about: About;
  readonly device: DeviceName;
  readonly quick: boolean;
  readonly seconds: number;
  /** An SVG element with ids that begin with the sample's number, or null for a report without a plot. */
  readonly thumbnail: string | null;
}

interface Options {
  readonly device: DeviceName;
  readonly quick: boolean;
  readonly out: string;
}

/**
 * Runs the sample with the options of the command line and writes its report to `out/NAME/report.html` below the
 * working directory. Wrong options end the process with exit code 2.
 *
 * @param source `import.meta.url` of the sample's `main.ts`
 */
export async function runSample(source: string, about: About, run: RunSample): Promise<void> {
  const folder = path.dirname(new URL(source).pathname);
  const name = path.basename(folder);
  const options = parseOptions(name);
  const printed: string[] = [];
  const bars = new ProgressBars();
  const context: SampleContext = {
    device: options.device,
    quick: options.quick,
    print(line = "") {
      bars.clearLine();
      console.log(line);
      printed.push(...line.split("\n"));
    },
    progress: (label, total) => bars.start(label, total),
    show: async () => undefined,
    data: (file) => readFile(path.join(folder, "../data", file)),
  };
  await useDevice(options.device).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
  const started = performance.now();
  const made = await run(context).finally(() => bars.stop());
  const seconds = (performance.now() - started) / 1000;

  const report = await writeReport(
    path.join(options.out, "report.html"),
    completeReport(about, made, printed),
  );
  for (const [file, bytes] of Object.entries(made.files ?? {})) {
    await writeFileWhole(path.join(options.out, file), bytes);
  }
  const plot = thumbnailOf(made);
  const thumbnail = plot && (await drawPlot(plot.spec, `t${about.number}`, plot.description));
  if (thumbnail !== undefined) {
    await writeFileWhole(path.join(options.out, "plot.svg"), standaloneSvg(thumbnail));
  }
  const outcome: Outcome = {
    about,
    device: options.device,
    quick: options.quick,
    seconds,
    thumbnail: thumbnail ?? null,
  };
  await writeFileWhole(path.join(options.out, "outcome.json"), `${JSON.stringify(outcome)}\n`);
  console.log(`\nReport: ${report}`);
}

function parseOptions(name: string): Options {
  const usage = `Options of samples/${name}, behind --:
  --device wasm|webgpu  what to run on (that of weft run --device, or else wasm)
  --quick               fewer steps, where the sample is a long one
  --out DIR             where to write the report (out/${name})`;
  const fail = (message: string): never => {
    console.error(`${message}\n${usage}`);
    return process.exit(2);
  };
  try {
    const { values } = parseArgs({
      options: {
        device: { type: "string", default: defaultDevice().platform },
        quick: { type: "boolean", default: false },
        out: { type: "string", default: path.join("out", name) },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const device = DEVICES.find((each) => each === values.device);
    if (device === undefined) return fail(`--device is ${DEVICES.join(" or ")}, not ${values.device}`);
    return { device, quick: values.quick, out: values.out };
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

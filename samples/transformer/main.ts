/** Trains a Transformer to translate dates and writes a report. */
import { runSample } from "../run/node.ts";
import about from "./sample.json" with { type: "json" };
import { run } from "./sample.ts";

await runSample(import.meta.url, about, run);

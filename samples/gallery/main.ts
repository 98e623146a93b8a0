/**
 * `npm run samples`: runs the samples and writes the gallery `out/index.html`. `npm run samples -- --serve`: the live
 * page.
 */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeFileWhole } from "../report/write.ts";
import { DEVICES } from "../run/sample.ts";
import { findSamples } from "./find.ts";
import { bundleLive } from "./live-bundle.ts";
import { galleryPage } from "./page.ts";
import { runAll } from "./run-all.ts";
import { serveFolder } from "./server.ts";
import { bundleWritingPages } from "./writing-pages.ts";

const USAGE = `npm run samples -- [NAME…] [OPTIONS]

Runs the samples, or those named, and writes the gallery out/index.html.

  --device wasm|webgpu  what to run on (wasm)
  --full                runs long samples whole, not with --quick
  --out DIR             where to write (out)
  --serve               runs nothing, but serves on loopback the live page, the gallery, and pages on which the models
                        that rnn and gpt have trained write
  --port N              the server's port (8080)`;

function usageError(message: string): never {
  console.error(`${message}\n\n${USAGE}`);
  process.exit(2);
}

function options() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        device: { type: "string", default: "wasm" },
        full: { type: "boolean", default: false },
        out: { type: "string", default: "out" },
        serve: { type: "boolean", default: false },
        port: { type: "string", default: "8080" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    return usageError(error instanceof Error ? error.message : String(error));
  }
}

const samples = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");
const cli = path.join(samples, "../dist/cli.js");
const { values, positionals } = options();
if (values.help) console.log(USAGE);
else if (values.serve) await serve(values.out, Number(values.port));
else await run();

async function run(): Promise<void> {
  const all = findSamples(samples);
  const unknown = positionals.find((name) => !all.some((sample) => sample.name === name));
  if (unknown !== undefined) {
    usageError(`there is no sample ${unknown}; there are ${all.map((sample) => sample.name).join(", ")}`);
  }
  const device = DEVICES.find((each) => each === values.device);
  if (device === undefined) usageError(`--device is ${DEVICES.join(" or ")}, not ${values.device}`);
  const chosen = all.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const finished = await runAll(chosen, { cli, samples, out: values.out, device, full: values.full });
  const page = await writeFileWhole(path.join(values.out, "index.html"), galleryPage(finished));
  console.log(`Gallery: ${page}`);
  const failed = finished.filter(({ outcome }) => outcome === null);
  if (failed.length > 0) {
    console.error(`failed: ${failed.map(({ name }) => name).join(", ")}`);
    process.exitCode = 1;
  }
}

async function serve(out: string, port: number): Promise<void> {
  if (!Number.isInteger(port) || port < 0 || port > 65535) usageError(`--port: ${values.port} is no port`);
  process.stderr.write("bundling the live page …\n");
  await bundleLive(samples, path.resolve(out, "live"));
  const writing = await bundleWritingPages(findSamples(samples), { cli, samples, out });
  try {
    const { url } = await serveFolder(out, port, "/live/");
    console.log(`Live page: ${url}live/\nGallery:   ${url} (after npm run samples)`);
    for (const name of writing) console.log(`${name} writes: ${url}${name}/page/`);
    console.log("Ctrl-C ends it.");
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    console.error(taken ? `port ${port} is taken: name another with --port` : error);
    process.exitCode = 1;
  }
}

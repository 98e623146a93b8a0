/** Good texts to break: those of the filetests, and of random graphs, their programs and kernels. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { compileGraph } from "../../../compiler/pipeline.ts";
import { compileGraphForWebGpu } from "../../../compiler/pipeline-webgpu.ts";
import { printGraph, printKernel, printProgram } from "../../../compiler/text/index.ts";
import { root } from "../../helpers/paths.ts";
import { Random } from "../../helpers/random.ts";
import { randomGraph } from "../../helpers/random-graph.ts";
import { randomKernel, randomGraph as randomTextGraph } from "../../helpers/text-graphs.ts";

/** Longer texts mostly fail at their first mistake, and take long. */
const LONGEST = 6000;

export function parserCorpus(): string[] {
  const texts = [...filetexts()];
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(`parser ${seed}`);
    texts.push(
      printGraph(randomTextGraph(random, 6, { deferred: true })),
      printKernel(randomKernel(random, 6)),
    );
    const graph = randomGraph(random, 8);
    texts.push(printGraph(graph));
    const { program } = compileGraph(graph).assembled;
    // Kernels of GPUs have workgroups.
    const gpu = compileGraphForWebGpu(graph).assembled.program;
    for (const each of [program, gpu]) {
      texts.push(printProgram(each), ...each.kernels.slice(0, 2).map((kernel) => printKernel(kernel)));
    }
  }
  return texts.filter((text) => text.length <= LONGEST);
}

/** The parts of filetests that begin a text: the first is what is tested, others what is expected. */
function* filetexts(): Generator<string> {
  const folder = path.join(root, "tests/filetests");
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    if (!name.endsWith(".ir")) continue;
    const parts = readFileSync(path.join(folder, name), "utf8").split(/^(?=(?:graph|kernel|program) @)/m);
    for (const part of parts) if (/^(graph|kernel|program)/.test(part)) yield part;
  }
}

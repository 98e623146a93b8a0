/** Text and bytes: `parse(print(x))` is `x`, compiles to the same bytes, and compiling twice gives the same bytes. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { jit, spec } from "weft";
import type { Graph } from "../compiler/graph/graph.ts";
import { equalGraphs, hashGraph } from "../compiler/hash/index.ts";
import { compileGraph } from "../compiler/pipeline.ts";
import { PRIMITIVE_NAMES } from "../compiler/primitives/table.ts";
import { parseGraph, parseProgram, printGraph, printProgram } from "../compiler/text/index.ts";
import { UnsupportedError } from "../compiler/types/errors.ts";
import type { RunSample } from "../samples/run/sample.ts";
import { evaluateInWeft } from "./fuzz/nests/evaluate.ts";
import { generateProgram } from "./fuzz/nests/generate.ts";
import { casesOf, graphOfCases } from "./generated/cases.ts";
import { recordCalls } from "./helpers/aot-cases.ts";
import { root } from "./helpers/paths.ts";
import { Random } from "./helpers/random.ts";
import { randomGraph } from "./helpers/random-graph.ts";
import { runRecorded } from "./helpers/run-sample.ts";

/** Both modules of a graph; null where the target cannot do it. */
function modulesOf(graph: Graph, donated: readonly boolean[]) {
  try {
    const { executable, assembled } = compileGraph(graph, { donated });
    return { program: assembled.program, bytes: [executable.modules.simd, executable.modules.relaxed] };
  } catch (error) {
    if (error instanceof UnsupportedError) return null;
    throw error;
  }
}

function check(graph: Graph, donated: readonly boolean[] = []): void {
  const text = printGraph(graph);
  const parsed = parseGraph(text);
  // Rules of custom derivatives that are not traced yet are compared by identity, which text does not keep.
  if (!/custom_[jv]+p_call/.test(text)) {
    assert.ok(equalGraphs(parsed, graph), `not equal after a round trip:\n${text}`);
    assert.equal(hashGraph(parsed), hashGraph(graph));
  }
  assert.equal(printGraph(parsed), text);
  const compiled = modulesOf(graph, donated);
  assert.deepEqual(modulesOf(graph, donated)?.bytes, compiled?.bytes, "compiled twice");
  assert.deepEqual(modulesOf(parsed, donated)?.bytes, compiled?.bytes, "compiled from text");
  if (compiled === null) return;
  const programText = printProgram(compiled.program);
  assert.equal(printProgram(parseProgram(programText)), programText);
}

describe("graphs compile to the same bytes, twice and from their text", () => {
  test("every primitive", () => {
    for (const op of PRIMITIVE_NAMES) {
      const cases = casesOf(op).slice(0, 4);
      if (cases.length > 0) check(graphOfCases(cases));
    }
  });

  test("random graphs, with inputs donated", () => {
    const random = new Random("round trip");
    for (let i = 0; i < 30; i++) {
      const graph = randomGraph(random, 4 + random.below(30));
      check(
        graph,
        graph.inputs.map(() => random.chance(0.3)),
      );
    }
  });

  test("random nests of transformations and control flow", () => {
    const random = new Random("nests");
    for (let i = 0; i < 20; i++) {
      const { main, dtype } = generateProgram(random);
      const args = main.params.map(({ shape }) => spec(shape, dtype));
      const f = jit((...inputs: Parameters<typeof evaluateInWeft>[1][number][]) =>
        evaluateInWeft(main, inputs),
      );
      check(f.trace(...args).graph);
    }
  });

  test("the graphs of the filetests", () => {
    let count = 0;
    for (const file of readdirSync(path.join(root, "tests/filetests/compile"))) {
      const text = readFileSync(path.join(root, "tests/filetests/compile", file), "utf8");
      const [graph] = /^graph @[\s\S]*?^}$/m.exec(text) ?? [];
      if (graph === undefined) continue;
      count++;
      check(parseGraph(graph));
    }
    assert.ok(count > 5);
  });

  for (const name of readdirSync(path.join(root, "samples"))) {
    if (!existsSync(path.join(root, "samples", name, "sample.json"))) continue;
    test(`samples/${name}`, async () => {
      const { run } = (await import(`../samples/${name}/sample.ts`)) as { run: RunSample };
      const calls = await recordCalls(() => runRecorded(run, { quick: true }));
      assert.ok(calls.length > 0);
      for (const { graph, donated } of calls) check(graph, donated);
    });
  }
});

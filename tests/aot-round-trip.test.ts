/** Text and bytes: `parse(print(x))` is `x`, compiles to the same bytes, and compiling twice gives the same bytes. The samples: aot-samples. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { jit, spec } from "weft";
import type { Graph } from "../compiler/graph/graph.ts";
import { compileGraph } from "../compiler/pipeline.ts";
import { PRIMITIVE_NAMES } from "../compiler/primitives/table.ts";
import { parseGraph } from "../compiler/text/index.ts";
import { UnsupportedError } from "../compiler/types/errors.ts";
import { evaluateInWeft } from "./fuzz/nests/evaluate.ts";
import { generateProgram } from "./fuzz/nests/generate.ts";
import { casesOf, graphOfCases } from "./generated/cases.ts";
import { root } from "./helpers/paths.ts";
import { Random } from "./helpers/random.ts";
import { randomGraph } from "./helpers/random-graph.ts";
import { checkRoundTrip } from "./helpers/round-trip.ts";

function check(graph: Graph, donated: readonly boolean[] = []): void {
  checkRoundTrip(graph, donated);
  const bytes = (): unknown => {
    try {
      const { modules } = compileGraph(graph, { donated }).executable;
      return [modules.simd, modules.relaxed];
    } catch (error) {
      if (error instanceof UnsupportedError) return null;
      throw error;
    }
  };
  assert.deepEqual(bytes(), bytes(), "compiled twice");
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
});

/** Every primitive, compiled, against the double-precision oracle: plan on the kernel interpreter, code on Wasm. */
import { runProgram } from "../../compiler/interpret/program-interpreter.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { fromBytes, toBytes } from "../../compiler/interpret/tensors.ts";
import { assertClose } from "../helpers/compare.ts";
import { assertSameInGrains, FINE_GRAINS } from "../helpers/fine-grains.ts";
import { compile } from "../helpers/graphs.ts";
import { runVariants } from "../helpers/run-wasm.ts";
import { type Batch, batchesOf, toleranceOf } from "./batches.ts";
import { graphOfCases, OPERATIONS, testCases } from "./cases.ts";

function check({ cases, inputs }: Batch): void {
  const graph = graphOfCases(cases);
  const [c] = cases;
  const want = interpretGraph(graph, inputs);
  const bytes = inputs.map(toBytes);
  const agrees = (outputs: readonly Uint8Array[], name: string): void => {
    for (const [i, expected] of want.entries()) {
      const got = fromBytes(expected.type, outputs[i]);
      const title = cases.length === 1 ? `output ${i}` : cases[i].title;
      assertClose([got], [expected], toleranceOf(c), `${title}, ${name}`);
    }
  };
  const program = compile(graph);
  agrees(runProgram(program, bytes), "the plan");
  const results = runVariants(program, bytes);
  for (const { variant, outputs } of results) agrees(outputs, variant);
  assertSameInGrains(compile(graph, [], FINE_GRAINS), bytes, results);
  const inPlace = compile(
    graph,
    inputs.map(() => true),
  );
  if (inPlace.aliases.every((input) => input === null)) return;
  agrees(runProgram(inPlace, bytes), "the plan in place");
  const resultsInPlace = runVariants(inPlace, bytes);
  for (const { variant, outputs } of resultsInPlace) agrees(outputs, `${variant} in place`);
  const cutInPlace = compile(
    graph,
    inputs.map(() => true),
    FINE_GRAINS,
  );
  assertSameInGrains(cutInPlace, bytes, resultsInPlace);
}

for (const op of OPERATIONS) testCases(op, batchesOf(op), check);

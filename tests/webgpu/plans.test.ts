/** Every primitive, lowered for a GPU, against the double-precision oracle: its kernels on the kernel interpreter. */
import { runProgram } from "../../compiler/interpret/program-interpreter.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { fromBytes, toBytes } from "../../compiler/interpret/tensors.ts";
import { compileGraphForWebGpu } from "../../compiler/pipeline-webgpu.ts";
import { type Batch, batchesOf, toleranceOf } from "../generated/batches.ts";
import { graphOfCases, OPERATIONS, testCases } from "../generated/cases.ts";
import { assertClose } from "../helpers/compare.ts";

function check({ cases, inputs }: Batch): void {
  const graph = graphOfCases(cases);
  const [c] = cases;
  const want = interpretGraph(graph, inputs);
  if ([...inputs, ...want].some((t) => t.type.dtype === "float64")) return;
  const { program } = compileGraphForWebGpu(graph, { verify: true }).assembled;
  const outputs = runProgram(program, inputs.map(toBytes));
  for (const [i, expected] of want.entries()) {
    const title = cases.length === 1 ? `output ${i}` : cases[i].title;
    assertClose([fromBytes(expected.type, outputs[i])], [expected], toleranceOf(c), title);
  }
}

for (const op of OPERATIONS) testCases(op, batchesOf(op), check);

/** Batched graphs against a loop over the batch: the oracle computes both. */
import type { Graph } from "../../compiler/graph/graph.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { batchGraph } from "../../compiler/transforms/index.ts";
import type { TensorType } from "../../compiler/types/tensor-type.ts";
import { assertClose } from "./compare.ts";
import { run } from "./graphs.ts";
import type { Random } from "./random.ts";
import { randomInputs, sliceOf, stackedType } from "./tensors.ts";

/** `input` draws the i-th input, of the type it is given; it has the batch axis where `dims` says. */
export function checkBatch(
  graph: Graph,
  size: number,
  dims: readonly (number | null)[],
  input: (i: number, type: TensorType, dim: number | null) => RefTensor,
): void {
  const batched = batchGraph(graph, size, dims);
  const inputs = graph.inputs.map(({ type }, i) => {
    const dim = dims[i];
    return input(i, dim === null ? type : stackedType(type, dim, size), dim);
  });
  const results = run(batched.graph, inputs);
  const element = (x: RefTensor, dim: number | null, at: number): RefTensor =>
    dim === null ? x : sliceOf(x, dim, at);
  for (let at = 0; at < size; at++) {
    assertClose(
      results.map((x, i) => element(x, batched.outDims[i], at)),
      interpretGraph(
        graph,
        inputs.map((x, i) => element(x, dims[i], at)),
      ),
      { relative: 1e-10 },
      `batched along [${dims.join()}], example ${at}`,
    );
  }
}

/** The same along random axes of random inputs. */
export function checkRandomBatch(graph: Graph, random: Random, size = 3): void {
  const dims: (number | null)[] = graph.inputs.map(({ type }) =>
    random.chance(0.3) ? null : random.below(type.shape.length + 1),
  );
  if (!dims.some((d) => d !== null)) dims[0] = 0;
  const drawn = randomInputs(batchGraph(graph, size, dims).graph, random);
  checkBatch(graph, size, dims, (i) => drawn[i]);
}

/** Every primitive on WebGPU against the double-precision oracle. `OPS=sin,cos` runs some. */
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { type Batch, batchesOf, fewerShapes, toleranceOf } from "../generated/batches.ts";
import { graphOfCases, OPERATIONS, testCases } from "../generated/cases.ts";
import { assertClose } from "../helpers/compare.ts";
import { runOnGpu } from "./check.ts";

async function check({ cases, inputs }: Batch): Promise<void> {
  const graph = graphOfCases(cases);
  const [c] = cases;
  const want = interpretGraph(graph, inputs);
  if ([...inputs, ...want].some((t) => t.type.dtype === "float64")) return;
  const agree = (got: Awaited<ReturnType<typeof runOnGpu>>, how: string): void => {
    for (const [i, expected] of want.entries()) {
      const title = cases.length === 1 ? `output ${i}` : cases[i].title;
      assertClose([got[i]], [expected], toleranceOf(c), `${title}${how}`);
    }
  };
  agree(await runOnGpu(graph, inputs), "");
}

/** These have all shapes, in each of their dtypes: every kind of lowering that is there for elementwise operations. */
const ALL_SHAPES: ReadonlySet<string> = new Set(["neg", "sqrt", "convert_element_type", "add", "max", "eq"]);

const only = process.env.OPS?.split(",");
for (const op of OPERATIONS) {
  if (!(only?.includes(op) ?? true)) continue;
  const batches = batchesOf(op);
  testCases(
    op,
    ALL_SHAPES.has(op) || only !== undefined ? batches : batches.map((each) => fewerShapes(each)),
    check,
  );
}

/** Every primitive, compiled, against the double-precision oracle: plan on the kernel interpreter, code on Wasm. */
import type { PrimitiveName } from "../../compiler/graph/names.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { runProgram } from "../../compiler/interpret/program-interpreter.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { fromBytes, toBytes } from "../../compiler/interpret/tensors.ts";
import { primitiveOf } from "../../compiler/primitives/table.ts";
import { assertClose, type Tolerance, ulpOf } from "../helpers/compare.ts";
import { compile } from "../helpers/graphs.ts";
import { Random } from "../helpers/random.ts";
import { runVariants } from "../helpers/run-wasm.ts";
import {
  type Case,
  casesOf,
  dataFor,
  ELEMENTWISE,
  graphOfCases,
  OPERATIONS,
  specialCasesOf,
  testCases,
} from "./cases.ts";

const ORACLE_LIMITED: ReadonlySet<string> = new Set([
  "erf",
  "erfc",
  "erf_inv",
  "lgamma",
  "digamma",
  "trigamma",
]);
const ROOTED: ReadonlySet<string> = new Set(["digamma"]);

function toleranceOf(c: Case): Tolerance {
  const { lower, test: spec } = primitiveOf(c.op);
  // The oracle computes these to about 1e-14; their bound in ULP is tested with more digits in the math tests.
  if (ORACLE_LIMITED.has(c.op) && c.inputs[0].type.dtype === "float64") return { ulp: 64, absolute: 1e-14 };
  // Next to its zeros it is as good as next to 1.
  if (ROOTED.has(c.op))
    return { ulp: spec.ulp ?? 0, absolute: (spec.ulp ?? 0) * ulpOf(1, c.inputs[0].type.dtype) };
  if (lower.kind === "map") return { ulp: spec.ulp ?? 0 };
  // Sums and products of n terms in the result's precision.
  const dtype = c.inputs[0]?.type.dtype ?? "float32";
  const eps = dtype === "float64" ? 1e-15 : dtype === "float16" ? 2e-3 : 1e-6;
  return { ulp: spec.ulp ?? 16, absolute: eps * 32 };
}

/** Cases of one operation that are equations of one program, and so share its compilation. */
interface Batch {
  readonly title: string;
  readonly cases: readonly Case[];
  readonly inputs: readonly RefTensor[];
}

function batchesOf(op: PrimitiveName): Batch[] {
  const random = new Random(`execution of ${op}`);
  const single = [...casesOf(op).map((c) => ({ c, inputs: dataFor(c, random) })), ...specialCasesOf(op)].map(
    ({ c, inputs }): Batch => ({ title: c.title, cases: [c], inputs }),
  );
  if (!ELEMENTWISE.has(op)) return single;
  // Elementwise operations have a case per dtype and shape: those of one dtype go together.
  const byDType = new Map<string, Batch>();
  for (const { cases, inputs } of single) {
    const { dtype } = cases[0].inputs[0].type;
    const others = byDType.get(dtype);
    byDType.set(dtype, {
      title: `${op} of ${dtype}`,
      cases: [...(others?.cases ?? []), ...cases],
      inputs: [...(others?.inputs ?? []), ...inputs],
    });
  }
  return [...byDType.values()];
}

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
  for (const { variant, outputs } of runVariants(program, bytes)) agrees(outputs, variant);
  const inPlace = compile(
    graph,
    inputs.map(() => true),
  );
  if (inPlace.aliases.every((input) => input === null)) return;
  agrees(runProgram(inPlace, bytes), "the plan in place");
  for (const { variant, outputs } of runVariants(inPlace, bytes)) agrees(outputs, `${variant} in place`);
}

for (const op of OPERATIONS) testCases(op, batchesOf(op), check);

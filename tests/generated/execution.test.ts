/** Every primitive, compiled, against the double-precision oracle: plan on the kernel interpreter, code on Wasm. */
import { describe, test } from "node:test";
import { assemble } from "../../compiler/assembly/assemble.ts";
import { fuse } from "../../compiler/fusion/fuse.ts";
import { runProgram } from "../../compiler/interpret/program-interpreter.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { fromBytes, toBytes } from "../../compiler/interpret/tensors.ts";
import { dropBarriers } from "../../compiler/passes/drop-barriers.ts";
import { inlineCalls } from "../../compiler/passes/inline-calls.ts";
import { primitiveOf } from "../../compiler/primitives/table.ts";
import { verifyProgram } from "../../compiler/verify/index.ts";
import { runVariants } from "../helpers/run-wasm.ts";
import { type Case, casesOf, dataFor, graphOf, OPERATIONS } from "./cases.ts";
import { assertClose, type Tolerance } from "./compare.ts";

/** What has no forward meaning of its own: only transposition understands it. */
const NOT_RUN: ReadonlySet<string> = new Set(["custom_vjp_linear", "checkpoint_linear"]);

const ORACLE_LIMITED: ReadonlySet<string> = new Set([
  "erf",
  "erfc",
  "erf_inv",
  "lgamma",
  "digamma",
  "trigamma",
]);

function toleranceOf(c: Case): Tolerance {
  const { lower, test: spec } = primitiveOf(c.op);
  // The oracle computes these to about 1e-14; their bound in ULP is tested with more digits in the math tests.
  if (ORACLE_LIMITED.has(c.op) && c.inputs[0].type.dtype === "float64") return { ulp: 64, absolute: 1e-14 };
  if (lower.kind === "map") return { ulp: spec.ulp ?? 0, absolute: 0 };
  // Sums and products of n terms in the result's precision.
  const dtype = c.inputs[0]?.type.dtype ?? "float32";
  const eps = dtype === "float64" ? 1e-15 : dtype === "float16" ? 2e-3 : 1e-6;
  return { ulp: spec.ulp ?? 16, absolute: eps * 32 };
}

for (const op of OPERATIONS) {
  if (NOT_RUN.has(op)) continue;
  describe(op, () => {
    for (const c of casesOf(op)) {
      test(c.title, () => {
        const graph = graphOf(c);
        const inputs = dataFor(c, "execution", []);
        const want = interpretGraph(graph, inputs);
        const plan = fuse(dropBarriers.run(inlineCalls.run(graph, { donated: [] }), { donated: [] }));
        const { program } = assemble(plan, []);
        verifyProgram(program);
        const bytes = inputs.map(toBytes);
        const runs: [string, Uint8Array[]][] = [["the plan", runProgram(program, bytes)]];
        for (const { variant, outputs } of runVariants(program, bytes)) runs.push([variant, outputs]);
        for (const [name, got] of runs) {
          for (const [i, expected] of want.entries()) {
            assertClose(fromBytes(expected.type, got[i]), expected, toleranceOf(c), `output ${i} of ${name}`);
          }
        }
      });
    }
  });
}

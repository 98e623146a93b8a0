/** Signatures of operations with sub-graphs: what their graphs must take and return. */
import { type Equation, Graph } from "../graph/graph.ts";
import { isOp } from "../graph/operations.ts";
import { sameType, type TensorType, tensorType } from "../types/tensor-type.ts";

type Types = readonly TensorType[];

/** What is wrong with the sub-graphs of an equation whose parameters have the right kinds. */
export function signatureProblems(equation: Equation): string[] {
  const operands = equation.inputs.map((x) => x.type);
  const results = equation.outputs.map((x) => x.type);
  const problems: string[] = [];
  const expect = (what: string, got: Types, wanted: Types): void => {
    const problem = difference(got, wanted);
    if (problem !== null) problems.push(`${equation.op}: ${what} ${problem}`);
  };
  const inputsOf = (graph: Graph): Types => graph.inputs.map((x) => x.type);
  const outputsOf = (graph: Graph): Types => graph.outputs.map((x) => x.type);

  if (isOp(equation, "cond")) {
    const { branches } = equation.params;
    if (branches.length === 0) problems.push("cond: has no branches");
    const index = operands[0];
    if (index?.text !== "i32[]")
      problems.push(`cond: the index must be i32[], got ${index?.text ?? "nothing"}`);
    for (const [i, branch] of branches.entries()) {
      expect(`inputs of branch ${i}`, inputsOf(branch), operands.slice(1));
      expect(`outputs of branch ${i}`, outputsOf(branch), results);
    }
  } else if (isOp(equation, "while")) {
    const { cond, body, condConsts, bodyConsts } = equation.params;
    const carry = operands.slice(condConsts + bodyConsts);
    if (condConsts + bodyConsts > operands.length) {
      problems.push(`while: ${condConsts + bodyConsts} constants, but only ${operands.length} operands`);
    }
    expect("inputs of cond", inputsOf(cond), [...operands.slice(0, condConsts), ...carry]);
    expect("outputs of cond", outputsOf(cond), [tensorType("bool", [])]);
    const bodyOperands = operands.slice(condConsts, condConsts + bodyConsts);
    expect("inputs of body", inputsOf(body), [...bodyOperands, ...carry]);
    expect("outputs of body", outputsOf(body), carry);
    expect("results", results, carry);
  } else if (isOp(equation, "scan")) {
    const { body, numConsts, numCarry, length } = equation.params;
    const scanned = operands.slice(numConsts + numCarry);
    for (const [i, x] of scanned.entries()) {
      if (x.shape[0] !== length)
        problems.push(`scan: operand ${numConsts + numCarry + i} has no leading axis of ${length}`);
    }
    const rows = scanned.map((x) => tensorType(x.dtype, x.shape.slice(1)));
    expect("inputs of body", inputsOf(body), [...operands.slice(0, numConsts + numCarry), ...rows]);
    const carry = operands.slice(numConsts, numConsts + numCarry);
    const bodyOutputs = outputsOf(body);
    expect("carry of body", bodyOutputs.slice(0, numCarry), carry);
    const stacked = bodyOutputs.slice(numCarry).map((y) => tensorType(y.dtype, [length, ...y.shape]));
    expect("results", results, [...carry, ...stacked]);
  } else {
    const { graph } = equation.params;
    if (graph instanceof Graph) {
      expect("inputs of graph", inputsOf(graph), operands);
      expect("outputs of graph", outputsOf(graph), results);
    }
  }
  return problems;
}

function difference(got: Types, wanted: Types): string | null {
  const equal = got.length === wanted.length && got.every((type, i) => sameType(type, wanted[i]));
  if (equal) return null;
  return `must be (${wanted.map((t) => t.text).join(", ")}), got (${got.map((t) => t.text).join(", ")})`;
}

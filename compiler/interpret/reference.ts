/**
 * The reference interpreter: runs a graph equation by equation through the primitives' `evaluate` rules, in double
 * precision. It is the oracle that passes and targets are tested against.
 */
import type { Equation, Graph, Operand, Value } from "../graph/graph.ts";
import type { ReferenceContext } from "../graph/primitive.ts";
import type { RefTensor } from "../graph/reference.ts";
import { roundTo, wrapInteger } from "../kernel/constants.ts";
import { primitiveOf } from "../primitives/table.ts";
import { isFloating } from "../types/dtype.ts";
import { InternalError, WeftTypeError } from "../types/errors.ts";
import { sameType } from "../types/tensor-type.ts";

const context: ReferenceContext = { run: interpretGraph };

/**
 * The outputs of a graph for inputs of exactly its input types. Throws WeftTypeError for others, and InternalError
 * where a rule returns what its operation's `infer` does not promise.
 */
export function interpretGraph(graph: Graph, inputs: readonly RefTensor[]): RefTensor[] {
  if (inputs.length !== graph.inputs.length) {
    throw new WeftTypeError(`graph @${graph.name} takes ${graph.inputs.length} inputs, got ${inputs.length}`);
  }
  const environment = new Map<Value, RefTensor>();
  for (const [i, input] of graph.inputs.entries()) {
    const given = inputs[i];
    if (!sameType(given.type, input.type)) {
      throw new WeftTypeError(
        `input ${i} of graph @${graph.name} must be ${input.type.text}, got ${given.type.text}`,
      );
    }
    if (given.data.length !== input.type.size) {
      throw new WeftTypeError(
        `input ${i} of graph @${graph.name}, ${input.type.text}, has ${given.data.length} elements`,
      );
    }
    environment.set(input, given);
  }
  const read = (x: Operand): RefTensor => {
    if (x.kind === "literal") return splat(x);
    const found = environment.get(x);
    if (found === undefined)
      throw new InternalError(`graph @${graph.name} uses a value before its definition`);
    return found;
  };
  for (const equation of graph.equations) {
    const outputs = primitiveOf(equation.op).evaluate(equation.inputs.map(read), equation.params, context);
    checkOutputs(equation, outputs);
    for (const [i, output] of equation.outputs.entries()) environment.set(output, outputs[i]);
  }
  return graph.outputs.map(read);
}

function splat({ type, value }: { type: RefTensor["type"]; value: number }): RefTensor {
  return { type, data: new Float64Array(type.size).fill(roundTo(value, type.dtype)) };
}

function checkOutputs(equation: Equation, outputs: readonly RefTensor[]): void {
  const fail = (what: string): never => {
    throw new InternalError(`evaluate of ${equation.op} ${what}`, equation.source);
  };
  if (outputs.length !== equation.outputs.length) {
    fail(`gave ${outputs.length} results instead of ${equation.outputs.length}`);
  }
  for (const [i, { type }] of equation.outputs.entries()) {
    const { type: got, data } = outputs[i];
    if (!sameType(got, type)) fail(`gave ${got.text} instead of ${type.text}`);
    if (data.length !== type.size) fail(`gave ${data.length} elements for ${type.text}`);
    if (isFloating(type.dtype)) continue;
    for (const x of data) {
      if (wrapInteger(x, type.dtype) !== x) fail(`gave ${x}, which is not a value of ${type.dtype}`);
    }
  }
}

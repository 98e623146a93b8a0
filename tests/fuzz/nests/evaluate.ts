/** Runs programs: in the reference, element by element, and in Weft. */
import type { NdArray } from "weft";
import { NESTS } from "./nests.ts";
import { OPERATIONS, type Tensor } from "./operations.ts";
import type { Block, Shape, Step } from "./program.ts";
import { shapesOf } from "./program.ts";

type Scope<T> = ReadonlyMap<number, T>;

/** Evaluates a block in a scope, given what a step means. */
function runBlock<T>(
  block: Block,
  outer: Scope<T>,
  args: readonly T[],
  step: (step: Step, args: readonly T[], scope: Scope<T>) => readonly T[],
): T[] {
  const scope = new Map(outer);
  for (const [i, { id }] of block.params.entries()) scope.set(id, args[i]);
  const lookUp = (id: number): T => {
    const found = scope.get(id);
    if (found === undefined) throw new Error(`v${id} is not in scope`);
    return found;
  };
  for (const one of block.steps) {
    const results = step(one, one.args.map(lookUp), scope);
    for (const [i, { id }] of one.outs.entries()) scope.set(id, results[i]);
  }
  return block.results.map(lookUp);
}

/** What a block means: loops instead of vmap and scan, a forward pass for every element instead of gradients. */
export function evaluateReference(main: Block, inputs: readonly Tensor[]): Tensor[] {
  let levels = 0;
  const withLevel = <T>(body: (level: number) => T): T => {
    levels++;
    try {
      return body(levels);
    } finally {
      levels--;
    }
  };
  const run = (block: Block, scope: Scope<Tensor>, args: readonly Tensor[]): Tensor[] =>
    runBlock(block, scope, args, (step, operands, inner) => {
      const nest = NESTS[step.op];
      if (nest !== undefined) return nest.reference(step, operands, (b, xs) => run(b, inner, xs), withLevel);
      const [{ shape }] = step.outs;
      return [{ shape, data: OPERATIONS[step.op].reference(operands, step.attributes, shape) }];
    });
  return run(main, new Map(), inputs);
}

export function evaluateInWeft(main: Block, inputs: readonly NdArray[]): NdArray[] {
  const run = (block: Block, scope: Scope<NdArray>, args: readonly NdArray[]): NdArray[] =>
    runBlock(block, scope, args, (step, operands, inner) => {
      const nest = NESTS[step.op];
      if (nest !== undefined) return nest.weft(step, operands, (b, xs) => run(b, inner, xs));
      return [OPERATIONS[step.op].weft(operands, step.attributes)];
    });
  return run(main, new Map(), inputs);
}

/** What is wrong with the shapes or scopes of a block; null if it is well formed. */
export function blockProblem(block: Block, outer: Scope<Shape> = new Map()): string | null {
  const scope = new Map(outer);
  for (const { id, shape } of block.params) scope.set(id, shape);
  for (const step of block.steps) {
    if (step.args.some((id) => !scope.has(id))) return `${step.op}: operand out of scope`;
    for (const inner of step.blocks) {
      const problem = blockProblem(inner, scope);
      if (problem !== null) return problem;
    }
    const shapes = inferStep(step, scope);
    if (shapes === null || shapes.join("|") !== step.outs.map((v) => v.shape).join("|")) {
      return `${step.op}: shapes do not fit`;
    }
    for (const { id, shape } of step.outs) scope.set(id, shape);
  }
  return block.results.every((id) => scope.has(id)) ? null : "result out of scope";
}

/** The shapes of a step's results, its operands being in scope and its blocks well formed; null where it is wrong. */
export function inferStep(step: Step, scope: Scope<Shape>): Shape[] | null {
  const shapes = step.args.map((id) => scope.get(id) ?? []);
  const nest = NESTS[step.op];
  if (nest === undefined) {
    const shape = OPERATIONS[step.op].infer(shapes, step.attributes);
    return shape === null ? null : [shape];
  }
  const blocks = step.blocks.map((block) => {
    const known = shapesOf(block, new Map(scope));
    return {
      params: block.params.map((v) => v.shape),
      results: block.results.map((id) => known.get(id) ?? []),
    };
  });
  return nest.infer(step, shapes, blocks);
}

/** Makes a failing program smaller for as long as it fails in the same way. */
import { checkProgram, type Failure, type Outcome } from "./check.ts";
import { blockProblem } from "./evaluate.ts";
import {
  type Attributes,
  type Block,
  type Program,
  type Shape,
  type Step,
  sameShape,
  shapesOf,
  sizeOf,
} from "./program.ts";

export interface Shrunk {
  readonly program: Program;
  readonly failure: Failure;
}

/** Whether a program fails in the check that failed before. */
export type Check = (program: Program, sample: (check: string) => boolean) => Outcome;

/** Greedy: takes every smaller program that still fails, from the boldest change to the smallest, until none does. */
export function shrink(
  program: Program,
  failure: Failure,
  milliseconds = 20_000,
  check: Check = checkProgram,
): Shrunk {
  const deadline = Date.now() + milliseconds;
  let best: Shrunk = { program, failure };
  for (let improved = true; improved; ) {
    improved = false;
    for (const main of candidates(best.program.main)) {
      if (Date.now() > deadline) return best;
      const smaller = { ...best.program, main: withoutDeadSteps(main) };
      if (weight(smaller.main) >= weight(best.program.main) || blockProblem(smaller.main) !== null) continue;
      const outcome = check(smaller, (name) => name === failure.check);
      if (outcome.kind !== "failed" || !sameKind(outcome.failure, failure)) continue;
      best = { program: smaller, failure: outcome.failure };
      improved = true;
      break;
    }
  }
  return best;
}

/** A wrong number must not turn into an exception on the way, nor the other way round. */
const sameKind = (a: Failure, b: Failure): boolean =>
  a.message.startsWith("throws") === b.message.startsWith("throws") && firstLine(a) === firstLine(b);

function firstLine({ message }: Failure): string {
  return message.startsWith("throws") ? message.split("\n")[0].replace(/[\d[\], ]+/g, "") : "";
}

/** What a shrunk program has less of. */
function weight(block: Block): number {
  const elements = (shape: Shape) => 1 + Math.min(sizeOf(shape), 50) / 100 + shape.length / 50;
  const steps = block.steps.map(
    (step) =>
      1 +
      step.args.length / 100 +
      step.outs.reduce((w, v) => w + elements(v.shape), 0) +
      step.blocks.reduce((w, b) => w + weight(b), 0),
  );
  return (
    block.params.reduce((w, v) => w + elements(v.shape), 0) +
    block.results.length / 2 +
    steps.reduce((a, b) => a + b, 0)
  );
}

function* candidates(main: Block): Generator<Block> {
  for (const id of main.results) if (main.results.length > 1) yield { ...main, results: [id] };
  yield* earlierResults(main);
  yield* rewrites(main, main);
  yield* smallerShapes(main);
  yield* fewerParameters(main);
}

/** The result of an earlier step instead. */
function* earlierResults(main: Block): Generator<Block> {
  for (const step of main.steps) for (const { id } of step.outs) yield { ...main, results: [id] };
}

/** Steps anywhere replaced by something simpler of the same shapes. */
function* rewrites(block: Block, main: Block): Generator<Block> {
  const shapes = shapesOf(main);
  let fresh = Math.max(...shapes.keys()) + 1;
  for (const [at, step] of block.steps.entries()) {
    // An operand of the same shapes in the place of the results.
    for (const source of step.args) {
      const shape = shapes.get(source) ?? [];
      if (step.outs.every((out) => sameShape(out.shape, shape))) {
        const gone = new Set(step.outs.map((out) => out.id));
        const without = replaceBlock(main, block, { ...block, steps: block.steps.toSpliced(at, 1) });
        yield renamed(without, (id) => (gone.has(id) ? source : id));
      }
    }
    // The results as copies of an operand.
    for (const source of step.args) {
      const replaced = step.outs.map(
        (out): Step => ({
          op: "fit",
          args: [source],
          attributes: { shape: out.shape },
          blocks: [],
          outs: [out],
        }),
      );
      yield replaceBlock(main, block, { ...block, steps: block.steps.toSpliced(at, 1, ...replaced) });
    }
    for (const [k, inner] of step.blocks.entries()) {
      // The block in the place of the step, on operands cut to its parameters.
      if (step.args.length > 0) {
        const bound = inner.params.map(
          (param, i): Step => ({
            op: "fit",
            args: [step.args[Math.min(i, step.args.length - 1)]],
            attributes: { shape: param.shape },
            blocks: [],
            outs: [param],
          }),
        );
        const outs = step.outs.map(
          (out, i): Step => ({
            op: "fit",
            args: [inner.results[Math.min(i, inner.results.length - 1)]],
            attributes: { shape: out.shape },
            blocks: [],
            outs: [out],
          }),
        );
        yield replaceBlock(main, block, {
          ...block,
          steps: block.steps.toSpliced(at, 1, ...bound, ...inner.steps, ...outs),
        });
      }
      // A simpler body: each result from a parameter.
      for (const param of inner.params) {
        const made = inner.results.map((id) => ({ id: fresh++, shape: shapes.get(id) ?? [] }));
        const steps = made.map(
          (out): Step => ({
            op: "fit",
            args: [param.id],
            attributes: { shape: out.shape },
            blocks: [],
            outs: [out],
          }),
        );
        const simple = { params: inner.params, steps, results: made.map((v) => v.id) };
        const blocks = step.blocks.with(k, simple);
        yield replaceBlock(main, block, { ...block, steps: block.steps.with(at, { ...step, blocks }) });
      }
      yield* rewrites(inner, main);
    }
  }
}

function renamed(block: Block, name: (id: number) => number): Block {
  return {
    params: block.params,
    steps: block.steps.map((step) => ({
      ...step,
      args: step.args.map(name),
      blocks: step.blocks.map((inner) => renamed(inner, name)),
    })),
    results: block.results.map(name),
  };
}

function replaceBlock(main: Block, from: Block, to: Block): Block {
  if (main === from) return to;
  return {
    ...main,
    steps: main.steps.map((step) => ({ ...step, blocks: step.blocks.map((b) => replaceBlock(b, from, to)) })),
  };
}

/** Every extent of one size made one smaller, in shapes and attributes; what no longer fits is sorted out later. */
function* smallerShapes(main: Block): Generator<Block> {
  const sizes = new Set([...shapesOf(main).values()].flat());
  for (const size of [...sizes].sort((a, b) => b - a)) {
    for (const to of new Set([1, size - 1])) {
      if (to < 1 || to >= size) continue;
      const resize = (shape: Shape): Shape => shape.map((d) => (d === size ? to : d));
      yield mapShapes(main, resize, (name, list) => {
        if (name === "shape") return resize(list);
        if (name === "size" || name === "length") return resize(list);
        if (name === "indices")
          return list.length === size ? list.slice(0, to).map((i) => i % to) : list.map((i) => i % to);
        return list;
      });
    }
  }
}

function mapShapes(
  block: Block,
  resize: (shape: Shape) => Shape,
  attribute: (name: string, list: readonly number[]) => readonly number[],
): Block {
  return {
    params: block.params.map((v) => ({ ...v, shape: resize(v.shape) })),
    results: block.results,
    steps: block.steps.map((step) => ({
      ...step,
      attributes: Object.fromEntries(
        Object.entries(step.attributes).map(([name, list]) => [name, attribute(name, list)]),
      ) satisfies Attributes,
      blocks: step.blocks.map((inner) => mapShapes(inner, resize, attribute)),
      outs: step.outs.map((v) => ({ ...v, shape: resize(v.shape) })),
    })),
  };
}

/** One input fewer: what used it takes another one. */
function* fewerParameters(main: Block): Generator<Block> {
  if (main.params.length < 2) return;
  for (const [i, gone] of main.params.entries()) {
    const params = main.params.toSpliced(i, 1);
    yield { ...main, params };
    for (const other of params) {
      const copy: Step = {
        op: "fit",
        args: [other.id],
        attributes: { shape: gone.shape },
        blocks: [],
        outs: [gone],
      };
      yield { ...main, params, steps: [copy, ...main.steps] };
    }
  }
}

/** Without the steps whose results nobody uses. */
export function withoutDeadSteps(block: Block, used = new Set<number>(block.results)): Block {
  const kept: Step[] = [];
  for (const step of block.steps.toReversed()) {
    if (!step.outs.some((v) => used.has(v.id))) continue;
    const blocks = step.blocks.map((inner) => withoutDeadSteps(inner));
    for (const id of [...step.args, ...blocks.flatMap(freeVariables)]) used.add(id);
    kept.push({ ...step, blocks });
  }
  return { ...block, steps: kept.reverse() };
}

/** All identifiers a block reads; its own among them do no harm. */
function freeVariables(block: Block): number[] {
  return [
    ...block.results,
    ...block.steps.flatMap((step) => [...step.args, ...step.blocks.flatMap(freeVariables)]),
  ];
}

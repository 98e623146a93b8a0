/** Programs of the nest fuzzer: blocks of steps over variables with known shapes, as plain data. */

export type Shape = readonly number[];

export interface Variable {
  readonly id: number;
  readonly shape: Shape;
}

/** What a step is told besides its operands: lists of integers, so that all of it can be printed and shrunk. */
export type Attributes = Readonly<Record<string, readonly number[]>>;

/** outs = op(args); transformations and control flow have blocks, which may use all variables made before them. */
export interface Step {
  readonly op: string;
  readonly args: readonly number[];
  readonly attributes: Attributes;
  readonly blocks: readonly Block[];
  readonly outs: readonly Variable[];
}

export interface Block {
  readonly params: readonly Variable[];
  readonly steps: readonly Step[];
  readonly results: readonly number[];
}

export interface Program {
  readonly dtype: "float32" | "float64";
  readonly main: Block;
}

export const sizeOf = (shape: Shape): number => shape.reduce((n, d) => n * d, 1);
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** All steps, those inside blocks included. */
export function allSteps(block: Block): Step[] {
  return block.steps.flatMap((step) => [step, ...step.blocks.flatMap(allSteps)]);
}

/** The shapes of the variables of a block and of its inner blocks, added to those around it. */
export function shapesOf(block: Block, shapes = new Map<number, Shape>()): Map<number, Shape> {
  for (const { id, shape } of block.params) shapes.set(id, shape);
  for (const step of block.steps) {
    for (const inner of step.blocks) shapesOf(inner, shapes);
    for (const { id, shape } of step.outs) shapes.set(id, shape);
  }
  return shapes;
}

/** One line per step, inner blocks indented. */
export function printProgram({ dtype, main }: Program): string {
  return [`program ${dtype}`, ...printBlock(main, "")].join("\n");
}

function printBlock(block: Block, indent: string): string[] {
  const variable = ({ id, shape }: Variable) => `v${id}[${shape.join()}]`;
  const ids = (list: readonly number[]) => list.map((id) => `v${id}`).join(", ");
  return [
    `${indent}(${block.params.map(variable).join(", ")}) {`,
    ...block.steps.flatMap((step) => {
      const attributes = Object.entries(step.attributes).map(([name, list]) => ` ${name}=[${list.join()}]`);
      const line = `${step.outs.map(variable).join(", ")} = ${step.op}(${ids(step.args)})${attributes.join("")}`;
      return [`${indent}  ${line}`, ...step.blocks.flatMap((inner) => printBlock(inner, `${indent}    `))];
    }),
    `${indent}  return ${ids(block.results)}`,
    `${indent}}`,
  ];
}

/** A schedule prepared for running: loops numbered, dispatches numbered, and what each subtree needs. */
import type { DispatchStep, GpuBuffer, GpuPlace, GpuStep } from "../../compiler/program/webgpu.ts";

/** A step as the encoder runs it. `waits`: it reads the GPU's answer back, or is too long for one command buffer. */
export type Node = DispatchNode | CopyNode | ForNode | WhileNode | BranchNode;

export interface DispatchNode {
  readonly kind: "dispatch";
  /** Place among the program's dispatches: of its bind group in a call. */
  readonly index: number;
  readonly shader: number;
  readonly buffers: readonly GpuBuffer[];
  /** Numbers of the loops whose counters it reads. */
  readonly counters: readonly number[];
}
export interface Place {
  readonly buffer: GpuBuffer;
  readonly offset: number;
  readonly strides: readonly { readonly loop: number; readonly stride: number }[];
}
export interface CopyNode {
  readonly kind: "copy";
  readonly from: Place;
  readonly to: Place;
  readonly bytes: number;
}
export interface ForNode {
  readonly kind: "for";
  readonly loop: number;
  readonly trips: number;
  readonly body: Block;
}
export interface WhileNode {
  readonly kind: "while";
  readonly cond: Block;
  readonly predicate: Place;
  readonly body: Block;
  readonly guard: Guard | null;
}
/** What lets turns of a loop be encoded ahead. */
export interface Guard {
  readonly node: DispatchNode;
  /** Where it writes the workgroups of each dispatch of a turn, by the dispatch's number: bytes. */
  readonly offsets: ReadonlyMap<number, number>;
}
export interface BranchNode {
  readonly kind: "branch";
  readonly index: Place;
  readonly cases: readonly Block[];
}
export interface Block {
  readonly nodes: readonly Node[];
  /** Commands of one run; infinite where the GPU decides. */
  readonly commands: number;
}

export interface Schedule {
  readonly body: Block;
  readonly dispatches: readonly DispatchNode[];
  readonly loops: number;
}

export function prepareSchedule(steps: readonly GpuStep[]): Schedule {
  const loops = new Map<number, number>();
  const dispatches: DispatchNode[] = [];
  const loopNumber = (id: number): number => {
    const known = loops.get(id) ?? loops.size;
    loops.set(id, known);
    return known;
  };
  const place = ({ buffer, offset, strides }: GpuPlace): Place => ({
    buffer,
    offset,
    strides: strides.map(({ loop, stride }) => ({ loop: loopNumber(loop), stride })),
  });
  const block = (list: readonly GpuStep[]): Block => {
    const nodes = list.map(prepare);
    return { nodes, commands: nodes.reduce((n, node) => n + commandsOf(node), 0) };
  };
  const dispatch = ({ shader, buffers, counters }: DispatchStep): DispatchNode => {
    const index = dispatches.length;
    const node: DispatchNode = {
      kind: "dispatch",
      index,
      shader,
      buffers,
      counters: counters.map(loopNumber),
    };
    dispatches.push(node);
    return node;
  };
  const prepareGuard = (step: DispatchStep, turn: readonly Block[]): Guard => {
    const offsets = new Map<number, number>();
    const visit = ({ nodes }: Block): void => {
      for (const node of nodes) {
        if (node.kind === "dispatch") offsets.set(node.index, 12 * offsets.size);
        else if (node.kind === "for") visit(node.body);
      }
    };
    turn.forEach(visit);
    return { node: dispatch(step), offsets };
  };
  const prepare = (step: GpuStep): Node => {
    switch (step.kind) {
      case "dispatch":
        return dispatch(step);
      case "copy":
        return { kind: "copy", from: place(step.from), to: place(step.to), bytes: step.bytes };
      case "for":
        return { kind: "for", loop: loopNumber(step.loop), trips: step.trips, body: block(step.body) };
      case "while": {
        const [body, cond] = [block(step.body), block(step.cond)];
        const guard = step.guard === null ? null : prepareGuard(step.guard, [body, cond]);
        return { kind: "while", cond, predicate: place(step.predicate), body, guard };
      }
      case "branch":
        return { kind: "branch", index: place(step.index), cases: step.cases.map(block) };
    }
  };
  const body = block(steps);
  return { body, dispatches, loops: loops.size };
}

function commandsOf(node: Node): number {
  switch (node.kind) {
    case "dispatch":
    case "copy":
      return 1;
    case "for":
      return node.trips === 0 ? 0 : node.trips * node.body.commands;
    case "while":
    case "branch":
      return Infinity;
  }
}

/** Copies that the memory plan has made needless. */
import type { BufferRef, Step } from "../program/program.ts";
import { type DraftBuffer, sameRef } from "./buffers.ts";

/** Drops the copies between buffers that the plan has put in one place. */
export function withoutSelfCopies(steps: readonly Step[], buffers: readonly DraftBuffer[]): Step[] {
  const same = (a: BufferRef, b: BufferRef): boolean => {
    const [x, y] = [buffers[a.buffer], buffers[b.buffer]];
    return (
      x.kind === "temp" &&
      y.kind === "temp" &&
      sameRef({ ...a, buffer: 0 }, { ...b, buffer: 0 }) &&
      x.offset === y.offset
    );
  };
  return steps.flatMap((step): Step[] => {
    switch (step.kind) {
      case "copy":
        return same(step.from, step.to) ? [] : [step];
      case "for":
        return [{ ...step, body: withoutSelfCopies(step.body, buffers) }];
      case "while":
        return [
          {
            ...step,
            cond: withoutSelfCopies(step.cond, buffers),
            body: withoutSelfCopies(step.body, buffers),
          },
        ];
      case "branch":
        return [{ ...step, cases: step.cases.map((c) => withoutSelfCopies(c, buffers)) }];
      default:
        return [step];
    }
  });
}

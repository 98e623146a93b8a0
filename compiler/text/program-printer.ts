/** Programs as text, losslessly: buffers with their offsets, constants, kernels, and the schedule. */
import type { BufferRef, Program, ProgramBuffer, Step } from "../program/program.ts";
import { DTYPE_INFO, type DType } from "../types/dtype.ts";
import type { Shape } from "../types/tensor-type.ts";
import { encodeBase64 } from "./base64.ts";
import { formatGlobal } from "./cursor.ts";
import { printKernel } from "./kernel-printer.ts";

/** The text of a program, ending in a newline. */
export function printProgram(program: Program): string {
  const lines = [`program ${formatGlobal(program.name)} {`];
  for (const [i, x] of program.inputs.entries()) {
    lines.push(`  input ${i}: ${typeText(x.dtype, x.shape)} ${JSON.stringify(x.label)}`);
  }
  for (const [i, x] of program.outputs.entries()) {
    const alias = program.aliases[i];
    const aliased = alias === null ? "" : ` alias ${alias}`;
    lines.push(`  output ${i}: ${typeText(x.dtype, x.shape)} ${JSON.stringify(x.label)}${aliased}`);
  }
  lines.push(`  temp ${program.tempBytes}`);
  lines.push(`  constants ${program.constants.length} "${encodeBase64(program.constants)}"`);
  for (const buffer of program.buffers) lines.push(`  ${bufferText(buffer)}`);
  for (const kernel of program.kernels) lines.push(printKernel(kernel, "  ").trimEnd());
  lines.push("  schedule {");
  printSteps(program.schedule, "    ", lines);
  lines.push("  }", "}", "");
  return lines.join("\n");
}

function typeText(dtype: DType, shape: Shape): string {
  return `${DTYPE_INFO[dtype].short}[${shape.join(",")}]`;
}

function bufferText(buffer: ProgramBuffer): string {
  const { id, kind, dtype, shape, offset, bytes, label } = buffer;
  return `buffer %${id}: ${typeText(dtype, shape)} = ${kind} ${offset}, ${bytes} bytes ${JSON.stringify(label)}`;
}

function printSteps(steps: readonly Step[], indent: string, lines: string[]): void {
  for (const step of steps) printStep(step, indent, lines);
}

function printStep(step: Step, indent: string, lines: string[]): void {
  const inner = `${indent}  `;
  const block = (head: string, steps: readonly Step[], at: string): void => {
    lines.push(`${at}${head} {`);
    printSteps(steps, `${at}  `, lines);
    lines.push(`${at}}`);
  };
  switch (step.kind) {
    case "launch":
    case "copy":
      lines.push(indent + printStepHead(step));
      return;
    case "for":
      return block(printStepHead(step), step.body, indent);
    case "while":
      lines.push(`${indent}${printStepHead(step)} {`);
      block("cond", step.cond, inner);
      block("body", step.body, inner);
      lines.push(`${indent}}`);
      return;
    case "branch":
      lines.push(`${indent}${printStepHead(step)} {`);
      for (const steps of step.cases) block("case", steps, inner);
      lines.push(`${indent}}`);
      return;
    default:
      step satisfies never;
  }
}

/** A step without its body. */
export function printStepHead(step: Step): string {
  switch (step.kind) {
    case "launch":
      return `launch ${formatGlobal(step.kernel)}(${step.args.map(refText).join(", ")})`;
    case "copy":
      return `copy ${refText(step.from)} -> ${refText(step.to)}, ${step.bytes} bytes`;
    case "for":
      return `for #${step.loop} in 0..${step.trips}`;
    case "while":
      return `while ${refText(step.predicate)}`;
    case "branch":
      return `branch ${step.index === "threads" ? step.index : refText(step.index)}`;
    default:
      return step satisfies never;
  }
}

/** `%1`, `%1[64]`, `%1[#0*4]`, `%1[64 + #0*4 + #1*-8]` in bytes. */
function refText(ref: BufferRef): string {
  if (ref.offset === 0 && ref.strides.length === 0) return `%${ref.buffer}`;
  const strides = ref.strides.map(({ loop, stride }) => `#${loop}*${stride}`);
  const terms = ref.offset === 0 ? strides : [String(ref.offset), ...strides];
  return `%${ref.buffer}[${terms.join(" + ")}]`;
}

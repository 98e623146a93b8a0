/** `weft verify`: checks an IR file and says where it is wrong. */
import { parseGraphWithPositions } from "../../compiler/text/graph-parser.ts";
import { parseKernelWithPositions } from "../../compiler/text/kernel-parser.ts";
import { parseProgramWithPositions } from "../../compiler/text/program-parser.ts";
import {
  graphViolations,
  kernelViolations,
  programViolations,
  type Violation,
} from "../../compiler/verify/index.ts";
import { countEquations } from "../inspect/module-dump.ts";
import { EXIT, InputError } from "./errors.ts";
import { type IrText, readIr } from "./ir-files.ts";
import { print } from "./output.ts";

export interface VerifyOptions {
  readonly json?: boolean;
}

interface Position {
  readonly line: number;
  readonly column: number;
}

interface Checked {
  /** What the file holds. */
  readonly summary: string;
  readonly violations: readonly Violation<object>[];
  readonly positions: ReadonlyMap<object, Position>;
}

/** Prints what the file holds. Throws ParseError or, with all violations, InputError. */
export async function verify(file: string, options: VerifyOptions): Promise<void> {
  const ir = readIr(file);
  const { summary, violations, positions } = check(ir);
  if (options.json === true) {
    const data = violations.map(({ message, where, node }) => ({
      message,
      where,
      ...(node === null ? undefined : positions.get(node)),
    }));
    await print(
      `${JSON.stringify({ file: ir.name, kind: ir.kind, summary, valid: data.length === 0, violations: data }, null, 2)}\n`,
    );
    if (data.length > 0) process.exitCode = EXIT.input;
    return;
  }
  if (violations.length === 0) return print(`${ir.name}: ${summary}: valid\n`);
  const lines = violations.map(({ message, where, node }) => {
    const position = node === null ? undefined : positions.get(node);
    const place = position === undefined ? ir.name : `${ir.name}:${position.line}:${position.column}`;
    return `${place}: ${message}\n  in ${where}`;
  });
  throw new InputError(lines.join("\n"));
}

function check({ name, text, kind }: IrText): Checked {
  switch (kind) {
    case "graph": {
      // The verifier finds all mistakes of types; the parser would stop at the first.
      const { graph, positions } = parseGraphWithPositions(text, name, { check: false });
      const summary = `graph @${graph.name}, ${countEquations(graph)} equations`;
      return { summary, violations: graphViolations(graph), positions };
    }
    case "kernel": {
      const { kernel, positions } = parseKernelWithPositions(text, name);
      return { summary: `kernel @${kernel.name}`, violations: kernelViolations(kernel), positions };
    }
    case "program": {
      const { program, positions } = parseProgramWithPositions(text, name);
      const summary = `program @${program.name}, ${program.kernels.length} kernels`;
      return { summary, violations: programViolations(program), positions };
    }
  }
}

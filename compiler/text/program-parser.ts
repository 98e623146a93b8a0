/**
 * Parser of the program text form. References between its parts are the verifier's.
 *
 *   program  = "program" @name "{" input… output… "temp" bytes "constants" bytes base64 buffer… kernel… schedule "}"
 *   input    = "input" n ":" type label
 *   output   = "output" n ":" type label ["alias" n]
 *   buffer   = "buffer" %n ":" type "=" kind offset "," bytes "bytes" label
 *   schedule = "schedule" "{" step… "}"
 *   step     = "launch" @kernel "(" ref, … ")" | "copy" ref "->" ref "," bytes "bytes"
 *            | "for" #n "in" "0" ".." trips "{" step… "}" | "while" ref "{" "cond" "{" step… "}" "body" "{" step… "}" "}"
 *            | "branch" (ref | "threads") "{" ("case" "{" step… "}")… "}"
 *   ref      = %n ["[" offset ("+" #n "*" stride)… "]" | "[" #n "*" stride ("+" #n "*" stride)… "]"]
 */
import type { Kernel, Stmt } from "../kernel/kernel.ts";
import type { BufferKind, BufferRef, Program, ProgramBuffer, Step } from "../program/program.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { decodeBase64 } from "./base64.ts";
import { Cursor, type TextPosition, type Token } from "./cursor.ts";
import { parseKernelAt } from "./kernel-parser.ts";
import { suggestion } from "./parse-error.ts";

/** A program read from text, and where in it things stand. */
export interface ParsedProgram {
  readonly program: Program;
  /** Where each buffer, step and kernel statement begins in the text. */
  readonly positions: ReadonlyMap<object, TextPosition>;
}

/** The program of a text. Throws ParseError. */
export function parseProgram(text: string, fileName = "<text>"): Program {
  return parseProgramWithPositions(text, fileName).program;
}

/** A program from its text. Throws ParseError with line and column. */
export function parseProgramWithPositions(text: string, fileName = "<text>"): ParsedProgram {
  const cursor = new Cursor(text, fileName);
  const parser = new ProgramParser(cursor);
  const program = parser.program();
  cursor.expectEnd();
  return { program, positions: parser.positions };
}

const KINDS: readonly BufferKind[] = ["input", "output", "constant", "temp"];
const STEPS = ["launch", "copy", "for", "while", "branch"];

class ProgramParser {
  readonly positions = new Map<object, TextPosition>();

  constructor(private readonly cursor: Cursor) {}

  program(): Program {
    const { cursor } = this;
    cursor.expect("program");
    const name = cursor.expectKind("global", "the program's name, as in @f").text;
    cursor.expect("{");
    const inputs: Program["inputs"][number][] = [];
    while (cursor.eat("input")) {
      this.#position(inputs.length);
      const { dtype, shape } = this.#type();
      inputs.push({ dtype, shape, label: this.#label() });
    }
    const outputs: Program["outputs"][number][] = [];
    const aliases: (number | null)[] = [];
    while (cursor.eat("output")) {
      this.#position(outputs.length);
      const { dtype, shape } = this.#type();
      outputs.push({ dtype, shape, label: this.#label() });
      aliases.push(cursor.eat("alias") ? cursor.natural("an input's position") : null);
    }
    cursor.expect("temp");
    const tempBytes = cursor.natural("the bytes of the temporary arena");
    const constants = this.#constants();
    const buffers: ProgramBuffer[] = [];
    while (cursor.at("buffer")) buffers.push(this.#buffer());
    const kernels: Kernel[] = [];
    const statements = new Map<Stmt, TextPosition>();
    while (cursor.at("kernel")) kernels.push(parseKernelAt(cursor, statements));
    for (const [stmt, position] of statements) this.positions.set(stmt, position);
    cursor.expect("schedule");
    const schedule = this.#steps();
    cursor.expect("}");
    return { name, inputs, outputs, aliases, tempBytes, constants, buffers, kernels, schedule };
  }

  /** The position of an input or output, which is written for the reader. */
  #position(wanted: number): void {
    const token = this.cursor.token;
    const got = this.cursor.natural("a position");
    if (got !== wanted) this.cursor.fail(`expected position ${wanted}, found ${got}`, token);
  }

  #type(): TensorType {
    this.cursor.expect(":");
    return this.cursor.tensorType();
  }

  #label(): string {
    return this.cursor.expectKind("string", "a label as a string").text;
  }

  #constants(): Uint8Array {
    const { cursor } = this;
    cursor.expect("constants");
    const length = cursor.natural("the bytes of the constant segment");
    const token = cursor.expectKind("string", "the constants in base64");
    const bytes = decodeBase64(token.text);
    if (bytes === null) return cursor.fail("the data is not base64", token);
    if (bytes.length !== length) cursor.fail(`expected ${length} bytes, got ${bytes.length}`, token);
    return bytes;
  }

  #buffer(): ProgramBuffer {
    const { cursor } = this;
    const start = cursor.expect("buffer");
    const id = this.#id();
    const { dtype, shape } = this.#type();
    cursor.expect("=");
    const kind = KINDS.find((word) => cursor.at(word));
    if (kind === undefined) return cursor.unexpected("input, output, constant or temp");
    cursor.advance();
    const offset = cursor.natural("an offset");
    cursor.expect(",");
    const bytes = this.#bytes();
    const buffer: ProgramBuffer = { id, kind, dtype, shape, bytes, offset, label: this.#label() };
    this.positions.set(buffer, start);
    return buffer;
  }

  #bytes(): number {
    const bytes = this.cursor.natural("a number of bytes");
    this.cursor.expect("bytes");
    return bytes;
  }

  #id(): number {
    const token = this.cursor.expectKind("value", "a buffer, as in %3");
    const id = Number(token.text);
    if (!/^\d+$/.test(token.text) || !Number.isSafeInteger(id)) {
      this.cursor.fail("the buffers of a program are numbered, as in %3", token);
    }
    return id;
  }

  /** `{ step… }` */
  #steps(): Step[] {
    const { cursor } = this;
    return cursor.nested(() => {
      cursor.expect("{");
      const steps: Step[] = [];
      while (!cursor.eat("}")) {
        const start = cursor.token;
        const step = this.#step();
        this.positions.set(step, start);
        steps.push(step);
      }
      return steps;
    });
  }

  #step(): Step {
    const { cursor } = this;
    const token: Token = cursor.token;
    if (cursor.eat("launch")) {
      const kernel = cursor.expectKind("global", "a kernel, as in @k0").text;
      cursor.expect("(");
      return { kind: "launch", kernel, args: cursor.list(")", () => this.#ref()) };
    }
    if (cursor.eat("copy")) {
      const from = this.#ref();
      cursor.expect("->");
      const to = this.#ref();
      cursor.expect(",");
      return { kind: "copy", from, to, bytes: this.#bytes() };
    }
    if (cursor.eat("for")) {
      const loop = this.#loop();
      cursor.expect("in");
      if (cursor.token.text !== "0") cursor.unexpected('"0"');
      cursor.advance();
      cursor.expect("..");
      const trips = cursor.natural("the number of trips");
      return { kind: "for", loop, trips, body: this.#steps() };
    }
    if (cursor.eat("while")) {
      const predicate = this.#ref();
      cursor.expect("{");
      cursor.expect("cond");
      const cond = this.#steps();
      cursor.expect("body");
      const body = this.#steps();
      cursor.expect("}");
      return { kind: "while", cond, predicate, body };
    }
    if (cursor.eat("branch")) {
      const index = cursor.eat("threads") ? "threads" : this.#ref();
      cursor.expect("{");
      const cases: Step[][] = [];
      while (!cursor.eat("}")) {
        cursor.expect("case", ' or "}"');
        cases.push(this.#steps());
      }
      return { kind: "branch", index, cases };
    }
    const near = token.kind === "ident" ? suggestion(token.text, STEPS) : "";
    return cursor.unexpected(
      `a step (${STEPS.join(", ")}) or "}"${near === "" ? "" : ` (${near.slice(2)})`}`,
    );
  }

  #loop(): number {
    return Number(this.cursor.expectKind("loop", "a loop, as in #0").text);
  }

  #ref(): BufferRef {
    const { cursor } = this;
    const buffer = this.#id();
    if (!cursor.eat("[")) return { buffer, offset: 0, strides: [] };
    const strides: { loop: number; stride: number }[] = [];
    const term = (): void => {
      const loop = this.#loop();
      cursor.expect("*");
      strides.push({ loop, stride: cursor.integer("a stride in bytes") });
    };
    let offset = 0;
    if (cursor.token.kind === "loop") term();
    else offset = cursor.integer("an offset in bytes");
    while (cursor.eat("+")) term();
    cursor.expect("]");
    return { buffer, offset, strides };
  }
}

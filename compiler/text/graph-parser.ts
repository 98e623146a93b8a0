/**
 * Parser of the graph text form, by recursive descent. Every malformed text is a
 * `ParseError` with its position.
 *
 *   graph     = "graph" @name "(" [%x ":" type, …] ")" "->" "(" [type, …] ")" "{" equation… "return" [operand, …] "}"
 *   equation  = [%x ":" type, … "="] operation [operand, …] ["{" [key "=" attribute, …] "}"]
 *   operand   = %x | element ":" type
 *   attribute = "null" | "true" | "false" | number | string | "[" attribute, … "]" | "{" key "=" attribute, … "}"
 *             | graph | "dense" type ("[" element, … "]" | base64)
 *             | "deferred" (graph | "@recursive" | "@unavailable" string)
 */
import {
  type Attribute,
  type Equation,
  Graph,
  Literal,
  type Operand,
  type Params,
  Value,
} from "../graph/graph.ts";
import { completeParams, paramProblem } from "../graph/params.ts";
import { isPrimitiveName, PRIMITIVE_NAMES, primitiveOf } from "../primitives/table.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { sameType } from "../types/tensor-type.ts";
import { Cursor, type TextPosition, type Token } from "./cursor.ts";
import { knownDeferred, recursiveDeferred, unavailableDeferred } from "./deferred-text.ts";
import { parseDense } from "./dense-text.ts";
import { countOf } from "./names.ts";
import { isRepresentable } from "./numbers.ts";
import { suggestion } from "./parse-error.ts";

export interface ParseGraphOptions {
  /**
   * Whether declared types and parameters are checked against the operations' rules. Default true. Without, a dump
   * of an invalid graph can be read back for the verifier.
   */
  readonly check?: boolean;
}

export interface ParsedGraph {
  readonly graph: Graph;
  /** Where each equation, of sub-graphs too, begins in the text. */
  readonly positions: ReadonlyMap<Equation, TextPosition>;
}

/** The graph of a text. Throws ParseError. */
export function parseGraph(text: string, fileName = "<text>", options: ParseGraphOptions = {}): Graph {
  return parseGraphWithPositions(text, fileName, options).graph;
}

export function parseGraphWithPositions(
  text: string,
  fileName = "<text>",
  options: ParseGraphOptions = {},
): ParsedGraph {
  const cursor = new Cursor(text, fileName);
  const parser = new GraphParser(cursor, options.check ?? true);
  const graph = parser.graph();
  cursor.expectEnd();
  return { graph, positions: parser.positions };
}

interface Result {
  readonly token: Token;
  readonly type: TensorType;
  readonly typeAt: Token;
}

type Scope = Map<string, Value>;

class GraphParser {
  readonly positions = new Map<Equation, TextPosition>();
  /** Values by name: the innermost graph's last. */
  readonly #scopes: Scope[] = [];

  constructor(
    private readonly cursor: Cursor,
    private readonly check: boolean,
  ) {}

  graph(): Graph {
    return this.cursor.nested(() => {
      this.#scopes.push(new Map());
      const graph = this.#graph();
      this.#scopes.pop();
      return graph;
    });
  }

  #graph(): Graph {
    const { cursor } = this;
    cursor.expect("graph");
    const name = cursor.expectKind("global", "the graph's name, as in @f").text;
    cursor.expect("(");
    const inputs = cursor.list(")", () => this.#input());
    cursor.expect("->", " and the result types");
    cursor.expect("(", " before the result types");
    const types = cursor.list(")", () => ({ at: cursor.token, type: cursor.tensorType() }));
    cursor.expect("{");
    const equations: Equation[] = [];
    while (!cursor.at("return")) {
      if (cursor.at("}")) cursor.fail('expected "return" before the end of the graph');
      equations.push(this.#equation());
    }
    const returned = cursor.advance();
    const outputs: { at: Token; operand: Operand }[] = [];
    if (!cursor.at("}")) {
      do outputs.push({ at: cursor.token, operand: this.#operand() });
      while (cursor.eat(","));
    }
    if (outputs.length !== types.length) {
      cursor.fail(
        `the graph declares ${countOf(types.length, "result")}, but returns ${outputs.length}`,
        returned,
      );
    }
    for (const [i, { at, operand }] of outputs.entries()) {
      if (this.check && !sameType(operand.type, types[i].type)) {
        cursor.fail(
          `result ${i} is declared ${types[i].type.text}, but ${operand.type.text} is returned`,
          at,
        );
      }
    }
    cursor.expect("}");
    return new Graph(
      name,
      inputs,
      equations,
      outputs.map((x) => x.operand),
    );
  }

  #input(): Value {
    const token = this.cursor.expectKind("value", "an input, as in %x: f32[3]");
    this.cursor.expect(":", " and the input's type");
    const type = this.cursor.tensorType();
    return this.#define(token, type, /^\p{N}/u.test(token.text) ? null : token.text);
  }

  #define(token: Token, type: TensorType, hint: string | null): Value {
    const scope = this.#scopes[this.#scopes.length - 1];
    if (scope.has(token.text)) this.cursor.fail(`%${token.text} is defined twice`, token);
    const value = new Value(type, hint);
    scope.set(token.text, value);
    return value;
  }

  #equation(): Equation {
    const { cursor } = this;
    const start = cursor.token;
    const results: Result[] = [];
    if (cursor.token.kind === "value") {
      do results.push(this.#result());
      while (cursor.eat(","));
      cursor.expect("=");
    }
    const opToken = cursor.expectKind("ident", "an operation");
    const op = opToken.text;
    if (!isPrimitiveName(op)) {
      return cursor.fail(`unknown operation ${op}${suggestion(op, [...PRIMITIVE_NAMES, "return"])}`, opToken);
    }
    const inputs: Operand[] = [];
    // The next line begins with a value as well, so the first operand stands on the operation's line.
    if (cursor.token.line === opToken.line && this.#atOperand()) {
      do inputs.push(this.#operand());
      while (cursor.eat(","));
    }
    const paramsAt = cursor.token;
    const written: Params = cursor.eat("{") ? this.#entries() : {};
    const params = completeParams(op, written);
    if (this.check) {
      const problem = paramProblem(op, params);
      if (problem !== null) cursor.fail(problem, Object.keys(written).length > 0 ? paramsAt : opToken);
      this.#checkTypes(op, opToken, inputs, params, results);
    }
    const source = cursor.sourceBehind();
    // Results are defined only now: an equation does not see its own.
    const outputs = results.map(({ token, type }) => this.#define(token, type, null));
    const equation: Equation = { op, inputs, params, outputs, source };
    this.positions.set(equation, { line: start.line, column: start.column });
    return equation;
  }

  #result(): Result {
    const token = this.cursor.expectKind("value", "a result, as in %0: f32[3]");
    this.cursor.expect(":", " and the result's type");
    const typeAt = this.cursor.token;
    return { token, type: this.cursor.tensorType(), typeAt };
  }

  #checkTypes(
    op: Equation["op"],
    opToken: Token,
    inputs: readonly Operand[],
    params: Params,
    results: readonly Result[],
  ): void {
    const { cursor } = this;
    const types = inputs.map((x) => x.type);
    let inferred: readonly TensorType[];
    try {
      inferred = primitiveOf(op).infer(types, params);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return cursor.fail(reason.split("\n")[0], opToken);
    }
    if (inferred.length !== results.length) {
      cursor.fail(
        `${op} gives ${countOf(inferred.length, "result")}, but declared: ${results.length}`,
        opToken,
      );
    }
    for (const [i, { token, type, typeAt }] of results.entries()) {
      if (sameType(inferred[i], type)) continue;
      cursor.fail(`${op} gives ${inferred[i].text}, but %${token.text} is declared ${type.text}`, typeAt);
    }
  }

  #atOperand(): boolean {
    const { cursor } = this;
    return cursor.token.kind === "value" || cursor.atNumber() || cursor.at("true") || cursor.at("false");
  }

  #operand(): Operand {
    const { cursor } = this;
    if (cursor.token.kind === "value") return this.#use(cursor.advance());
    if (!this.#atOperand()) cursor.unexpected("an operand, as in %x or 2.0:f32[3]");
    const start = cursor.token;
    const truth = cursor.at("true") ? 1 : cursor.at("false") ? 0 : null;
    if (truth !== null) {
      cursor.advance();
      cursor.expect(":", " and the literal's type");
      const type = cursor.tensorType();
      if (type.dtype !== "bool") cursor.fail(`${start.text} is not a value of ${type.dtype}`, start);
      return new Literal(type, truth);
    }
    const number = cursor.number();
    cursor.expect(":", " and the literal's type");
    const type = cursor.tensorType();
    if (type.dtype === "bool" && isRepresentable(number.value, "bool")) {
      cursor.fail("a bool is written true or false", start);
    }
    return new Literal(type, cursor.elementValue(number.text, number.value, type.dtype, start));
  }

  #use(token: Token): Value {
    const innermost = this.#scopes.length - 1;
    const value = this.#scopes[innermost].get(token.text);
    if (value !== undefined) return value;
    for (let i = innermost - 1; i >= 0; i--) {
      if (this.#scopes[i].has(token.text)) {
        this.cursor.fail(
          `%${token.text} belongs to an enclosing graph; sub-graphs are closed, pass it as an input`,
          token,
        );
      }
    }
    const known = suggestion(token.text, this.#scopes[innermost].keys());
    return this.cursor.fail(`%${token.text} is not defined before this use${known}`, token);
  }

  /** `key=attribute, …}` */
  #entries(): { readonly [key: string]: Attribute } {
    const { cursor } = this;
    const seen = new Set<string>();
    const entries = cursor.list("}", (): [string, Attribute] => {
      if (cursor.token.kind !== "ident" && cursor.token.kind !== "string")
        cursor.unexpected("a parameter name");
      const key = cursor.advance();
      if (seen.has(key.text)) cursor.fail(`${key.text} is given twice`, key);
      seen.add(key.text);
      cursor.expect("=", ` after ${key.text}`);
      return [key.text, this.#attribute()];
    });
    return Object.fromEntries(entries);
  }

  #attribute(): Attribute {
    const { cursor } = this;
    if (cursor.atNumber()) return cursor.number().value;
    if (cursor.token.kind === "string") return cursor.advance().text;
    if (cursor.eat("[")) return cursor.list("]", () => this.#attribute());
    if (cursor.eat("{")) return this.#entries();
    if (cursor.at("graph")) return this.graph();
    if (cursor.eat("dense")) return parseDense(cursor);
    if (cursor.eat("deferred")) return this.#deferred();
    if (cursor.eat("null")) return null;
    if (cursor.eat("true")) return true;
    if (cursor.eat("false")) return false;
    return cursor.unexpected("an attribute: a number, a string, a list, a record, a graph, …");
  }

  #deferred(): Attribute {
    const { cursor } = this;
    if (cursor.at("graph")) return knownDeferred(this.graph());
    const marker = cursor.expectKind("global", "a graph, @recursive or @unavailable");
    if (marker.text === "recursive") return recursiveDeferred();
    if (marker.text !== "unavailable") {
      cursor.fail(`expected a graph, @recursive or @unavailable, found @${marker.text}`, marker);
    }
    return unavailableDeferred(cursor.expectKind("string", "the reason as a string").text);
  }
}

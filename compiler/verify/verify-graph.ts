/** The verifier of graphs. It runs between passes, and on graphs read from text. */
import {
  DenseTensor,
  type Equation,
  type Graph,
  type Operand,
  subgraphsOf,
  type Value,
} from "../graph/graph.ts";
import { paramProblem } from "../graph/params.ts";
import { isPrimitiveName, primitiveOf } from "../primitives/table.ts";
import { formatOperand, printEquation, valueNames } from "../text/graph-printer.ts";
import { countOf } from "../text/names.ts";
import { isRepresentable } from "../text/numbers.ts";
import { bytesOf, sameType, type TensorType } from "../types/tensor-type.ts";
import { signatureProblems } from "./control-signatures.ts";
import { throwViolations, type Violation } from "./violations.ts";

export interface VerifyGraphOptions {
  /** `optimised`: calls are inlined and every equation is used, as all passes after the inliner promise. */
  readonly level: "graph" | "optimised";
}

/** Operations that are inlined before optimisation. */
const CALLS: ReadonlySet<string> = new Set([
  "call",
  "custom_jvp_call",
  "custom_vjp_call",
  "custom_vjp_linear",
  "checkpoint",
  "checkpoint_linear",
]);

/** Throws a VerifyError that lists every violation. */
export function verifyGraph(graph: Graph, options: VerifyGraphOptions = { level: "graph" }): void {
  throwViolations(graphViolations(graph, options));
}

/** All violations, in the order of the text. Deferred graphs are not forced. */
export function graphViolations(
  graph: Graph,
  options: VerifyGraphOptions = { level: "graph" },
): Violation<Equation>[] {
  const verifier = new GraphVerifier(options.level);
  verifier.graph(graph, `graph @${graph.name}`, []);
  return verifier.violations;
}

class GraphVerifier {
  readonly violations: Violation<Equation>[] = [];
  /** Sub-graphs that were verified: one may be used in several places. */
  readonly #seen = new Set<Graph>();

  constructor(private readonly level: VerifyGraphOptions["level"]) {}

  graph(graph: Graph, where: string, enclosing: readonly ReadonlySet<Value>[]): void {
    if (this.#seen.has(graph)) return;
    this.#seen.add(graph);
    const scope = new GraphScope(graph, where, enclosing, this.violations);
    for (const input of graph.inputs) scope.define(input, null);
    for (const equation of graph.equations) {
      for (const x of equation.inputs) scope.use(x, equation);
      this.#equation(scope, equation);
      for (const output of equation.outputs) scope.define(output, equation);
      for (const inner of subgraphsOf(equation)) {
        this.graph(inner, `${where}, graph @${inner.name} of ${equation.op}`, [...enclosing, scope.defined]);
      }
    }
    for (const x of graph.outputs) scope.use(x, null);
    if (this.level === "optimised") this.#deadEquations(scope);
  }

  #equation(scope: GraphScope, equation: Equation): void {
    const { op, params } = equation;
    if (!isPrimitiveName(op)) return scope.report(`unknown operation ${String(op)}`, equation);
    if (this.level === "optimised" && CALLS.has(op)) {
      scope.report(`${op} must be inlined in an optimised graph`, equation);
    }
    const problem = paramProblem(op, params);
    // The rules below read the parameters and rely on their kinds.
    if (problem !== null) return scope.report(problem, equation);
    for (const a of Object.values(params)) {
      if (a instanceof DenseTensor && a.bytes.length !== bytesOf(a.type)) {
        scope.report(`dense ${a.type.text} has ${a.bytes.length} bytes, not ${bytesOf(a.type)}`, equation);
      }
    }
    const signatures = signatureProblems(equation);
    for (const message of signatures) scope.report(message, equation);
    if (signatures.length === 0) this.#types(scope, equation);
  }

  #types(scope: GraphScope, equation: Equation): void {
    let inferred: readonly TensorType[];
    try {
      inferred = primitiveOf(equation.op).infer(
        equation.inputs.map((x) => x.type),
        equation.params,
      );
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return scope.report(message.split("\n")[0], equation);
    }
    const { op, outputs } = equation;
    if (inferred.length !== outputs.length) {
      return scope.report(
        `${op} gives ${countOf(inferred.length, "result")}, but recorded: ${outputs.length}`,
        equation,
      );
    }
    for (const [i, output] of outputs.entries()) {
      if (sameType(inferred[i], output.type)) continue;
      scope.report(`${op} gives ${inferred[i].text}, but ${output.type.text} is recorded`, equation);
    }
  }

  #deadEquations(scope: GraphScope): void {
    for (const equation of scope.graph.equations) {
      if (equation.outputs.some((output) => scope.used.has(output))) continue;
      scope.report("no result of this equation is used; an optimised graph has no dead code", equation);
    }
  }
}

class GraphScope {
  readonly defined = new Set<Value>();
  readonly used = new Set<Value>();
  #names: ReadonlyMap<Value, string> | null = null;

  constructor(
    readonly graph: Graph,
    private readonly where: string,
    private readonly enclosing: readonly ReadonlySet<Value>[],
    private readonly violations: Violation<Equation>[],
  ) {}

  define(value: Value, equation: Equation | null): void {
    if (this.defined.has(value)) this.report(`${this.#name(value)} is defined twice`, equation);
    this.defined.add(value);
  }

  use(x: Operand, equation: Equation | null): void {
    if (x.kind === "literal") {
      if (isRepresentable(x.value, x.type.dtype)) return;
      return this.report(`the literal ${x.value} is not a value of ${x.type.dtype}`, equation);
    }
    this.used.add(x);
    if (this.defined.has(x)) return;
    const outer = this.enclosing.some((values) => values.has(x));
    const reason = outer
      ? "belongs to an enclosing graph; sub-graphs are closed"
      : this.#isDefinedLater(x)
        ? "is used before its definition"
        : "is not defined in this graph";
    this.report(`${outer ? "a value" : this.#name(x)} ${reason}`, equation);
  }

  report(message: string, equation: Equation | null): void {
    const place = equation === null ? "" : `, equation ${this.#describe(equation)}`;
    this.violations.push({
      message,
      where: this.where + place,
      node: equation,
      source: equation?.source ?? null,
    });
  }

  #isDefinedLater(x: Value): boolean {
    return this.graph.equations.some((equation) => equation.outputs.includes(x));
  }

  #allNames(): ReadonlyMap<Value, string> {
    this.#names ??= valueNames(this.graph);
    return this.#names;
  }

  #name(x: Value): string {
    return formatOperand(x, this.#allNames());
  }

  #describe(equation: Equation): string {
    // An equation with sub-graphs is told by its results: their text would fill pages.
    const nested = CALLS.has(equation.op) || subgraphsOf(equation).length > 0;
    const plain = !nested ? equation : { ...equation, params: {} };
    const text = printEquation(plain, this.#allNames());
    return text.length > 200 ? `${text.slice(0, 200)} …` : text;
  }
}

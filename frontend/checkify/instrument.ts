/**
 * Functionalises checks: from a graph with conditions, one that carries the state of its checks through every equation,
 * loop and branch. The state is the number of the first condition that failed, and the values of the messages.
 */
import type { Equation, Graph, Operand } from "../../compiler/graph/graph.ts";
import { calledGraph, isOp } from "../../compiler/graph/operations.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import { type TensorType, tensorType } from "../../compiler/types/tensor-type.ts";
import { emitUntyped } from "../core/emit.ts";
import { type CheckKind, type Condition, conditionsOf } from "./conditions.ts";
import { type Site, Sites } from "./error.ts";

const CODE = tensorType("int32", []);

/** A condition and the site it reports. */
interface Checked {
  readonly condition: Condition;
  readonly site: Site;
}

/** Graphs within an equation that run where it does. */
function bodiesOf(equation: Equation): readonly Graph[] {
  if (isOp(equation, "cond")) return equation.params.branches;
  if (isOp(equation, "while")) return [equation.params.cond, equation.params.body];
  if (isOp(equation, "scan")) return [equation.params.body];
  const called = calledGraph(equation);
  return called === null ? [] : [called];
}

class Instrumenter {
  readonly sites = new Sites();
  readonly #checks = new Map<Equation, readonly Checked[]>();
  /** Whether a graph has a condition anywhere in it. */
  readonly #checked = new Map<Graph, boolean>();

  constructor(private readonly kinds: ReadonlySet<CheckKind>) {}

  /** Finds all conditions of a graph, so that the state's types are known before the first loop is built. */
  collect(graph: Graph): boolean {
    const known = this.#checked.get(graph);
    if (known !== undefined) return known;
    let any = false;
    for (const equation of graph.equations) {
      const checks = conditionsOf(equation, this.kinds).map((condition) => ({
        condition,
        site: this.sites.add(condition.message, equation.source, condition.values),
      }));
      if (checks.length > 0) this.#checks.set(equation, checks);
      for (const body of bodiesOf(equation)) any = this.collect(body) || any;
      any ||= checks.length > 0;
    }
    this.#checked.set(graph, any);
    return any;
  }

  get stateTypes(): readonly TensorType[] {
    return [CODE, ...this.sites.slots];
  }

  /** Appends a graph's equations with its checks; returns its outputs and the state after it. */
  inline(
    b: GraphBuilder,
    graph: Graph,
    inputs: readonly Operand[],
    before: readonly Operand[],
  ): { outputs: readonly Operand[]; state: readonly Operand[] } {
    const renamed = new Map<Operand, Operand>();
    for (const [i, v] of graph.inputs.entries()) renamed.set(v, inputs[i]);
    const rename = (x: Operand): Operand => renamed.get(x) ?? x;
    let state = before;
    for (const equation of graph.equations) {
      b.source = equation.source;
      const operands = equation.inputs.map(rename);
      const inner = bodiesOf(equation).some((body) => this.#checked.get(body) === true);
      const built = inner
        ? this.#structure(b, equation, operands, state)
        : { outputs: this.#plain(b, equation, operands), state };
      state = built.state;
      for (const { condition, site } of this.#checks.get(equation) ?? []) {
        state = this.#record(b, state, condition.failed(b, operands, built.outputs), site);
      }
      for (const [i, v] of equation.outputs.entries()) renamed.set(v, built.outputs[i]);
    }
    return { outputs: graph.outputs.map(rename), state };
  }

  /** An equation as it is; a user's check is gone, being recorded. */
  #plain(b: GraphBuilder, equation: Equation, operands: readonly Operand[]): readonly Operand[] {
    if (equation.op === "check") return [b.literal(1, "bool")];
    return emitUntyped(b, equation.op, operands, equation.params);
  }

  /** The state after a condition: only the first failure counts. */
  #record(
    b: GraphBuilder,
    state: readonly Operand[],
    { failed, values }: { failed: Operand; values: readonly Operand[] },
    site: Site,
  ): Operand[] {
    const [code] = state;
    const first = b.binary("and", failed, b.binary("eq", code, b.like(code, 0)));
    const next = [...state];
    next[0] = b.select(first, b.like(code, site.code), code);
    for (const [i, { slot }] of site.values.entries()) {
      const { type } = values[i];
      next[1 + slot] = b.select(
        b.splat(first, type.shape),
        b.one("stop_gradient", [values[i]], {}),
        state[1 + slot],
      );
    }
    return next;
  }

  /** A closed graph with the state behind its first `at` inputs and first `outAt` outputs. */
  #graph(graph: Graph, at: number, outAt: number): Graph {
    const b = new GraphBuilder();
    const before = graph.inputs.slice(0, at).map((v) => b.input(v.type, v.hint));
    const state = this.stateTypes.map((type) => b.input(type));
    const after = graph.inputs.slice(at).map((v) => b.input(v.type, v.hint));
    const result = this.inline(b, graph, [...before, ...after], state);
    return b.finish(graph.name, [
      ...result.outputs.slice(0, outAt),
      ...result.state,
      ...result.outputs.slice(outAt),
    ]);
  }

  /** An equation with checks inside. */
  #structure(
    b: GraphBuilder,
    equation: Equation,
    operands: readonly Operand[],
    state: readonly Operand[],
  ): { outputs: readonly Operand[]; state: readonly Operand[] } {
    const count = state.length;
    const parts = (results: readonly Operand[], at: number) => ({
      outputs: [...results.slice(0, at), ...results.slice(at + count)],
      state: results.slice(at, at + count),
    });
    if (isOp(equation, "call")) return this.inline(b, equation.params.graph, operands, state);
    if (isOp(equation, "cond")) {
      const { branches } = equation.params;
      const [index, ...rest] = operands;
      const graphs = branches.map((g) => this.#graph(g, 0, 0));
      return parts(b.emit("cond", [index, ...state, ...rest], { branches: graphs }), 0);
    }
    if (isOp(equation, "scan")) {
      const { body, numConsts, numCarry } = equation.params;
      const at = numConsts + numCarry;
      const results = b.emit("scan", [...operands.slice(0, at), ...state, ...operands.slice(at)], {
        ...equation.params,
        body: this.#graph(body, at, numCarry),
        numCarry: numCarry + count,
      });
      return parts(results, numCarry);
    }
    if (isOp(equation, "while")) return this.#while(b, equation.params, operands, state);
    // Custom rules and checkpoints keep their derivatives: the equation stays, and its body runs again for the checks
    // alone. What the two have in common is merged when it is compiled.
    const outputs = this.#plain(b, equation, operands);
    const [body] = bodiesOf(equation);
    const stopped = operands.map((x) => (isFloating(x.type.dtype) ? b.one("stop_gradient", [x], {}) : x));
    return { outputs, state: this.inline(b, body, stopped, state).state };
  }

  /** A loop carries the state; its condition is checked before the loop and after each step. */
  #while(
    b: GraphBuilder,
    params: { cond: Graph; body: Graph; condConsts: number; bodyConsts: number },
    operands: readonly Operand[],
    state: readonly Operand[],
  ): { outputs: readonly Operand[]; state: readonly Operand[] } {
    const { cond, body, condConsts, bodyConsts } = params;
    const condOperands = operands.slice(0, condConsts);
    const bodyOperands = operands.slice(condConsts, condConsts + bodyConsts);
    const carry = operands.slice(condConsts + bodyConsts);
    const checked = this.#checked.get(cond) === true;
    const start = checked ? this.inline(b, cond, [...condOperands, ...carry], state).state : state;

    const plain = new GraphBuilder();
    const plainConsts = condOperands.map((x) => plain.input(x.type));
    for (const type of this.stateTypes) plain.input(type);
    const plainCarry = carry.map((x) => plain.input(x.type));
    const decided = new Instrumenter(new Set()).inline(plain, cond, [...plainConsts, ...plainCarry], []);

    const step = new GraphBuilder();
    const [consts, bodyConstants] = [checked ? condOperands : [], bodyOperands].map((xs) =>
      xs.map((x) => step.input(x.type)),
    );
    const inner = this.stateTypes.map((type) => step.input(type));
    const values = carry.map((x) => step.input(x.type));
    const moved = this.inline(step, body, [...bodyConstants, ...values], inner);
    const after = checked
      ? this.inline(step, cond, [...consts, ...moved.outputs], moved.state).state
      : moved.state;
    const results = b.emit(
      "while",
      [...condOperands, ...(checked ? condOperands : []), ...bodyOperands, ...start, ...carry],
      {
        cond: plain.finish(cond.name, decided.outputs),
        body: step.finish(body.name, [...after, ...moved.outputs]),
        condConsts,
        bodyConsts: bodyConsts + consts.length,
      },
    );
    return { outputs: results.slice(state.length), state: results.slice(0, state.length) };
  }
}

/** The graph with its checks: outputs, then the number of the first failed check, then the values of messages. */
export function instrument(graph: Graph, kinds: ReadonlySet<CheckKind>): { graph: Graph; sites: Sites } {
  const instrumenter = new Instrumenter(kinds);
  instrumenter.collect(graph);
  const b = new GraphBuilder();
  const inputs = graph.inputs.map((v) => b.input(v.type, v.hint));
  const clean = instrumenter.stateTypes.map((type) => b.literal(0, type.dtype, type.shape));
  const { outputs, state } = instrumenter.inline(b, graph, inputs, clean);
  return { graph: b.finish(graph.name, [...outputs, ...state]), sites: instrumenter.sites };
}

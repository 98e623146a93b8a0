/**
 * Kernels as Wasm functions.
 *
 * - A `vector` loop runs 4 · parts iterations per step: each statement is done for every part in turn (unroll and
 *   jam), so a tile's accumulators stay in registers. What is left over, extent mod 4 · parts, is one more pass over
 *   the body whose last vector has fewer active lanes: an odd size costs what the even size next to it costs, and
 *   every element is computed by the same instructions.
 * - `unroll` loops were expanded before (kernel/unroll.ts), a local having one copy per iteration; the copies of a statement share what they have in common
 *   through the memo of scalar-values.ts.
 * - V8 replaces a running function's code only at a call, so a long loop would stay in baseline code for as long as
 *   it runs: long loops are cut into calls of a small function (`#outlined`).
 */
import type { Axis, BufferParam, Local } from "../../kernel/expr.ts";
import { type CombineFn, gridOf, type Kernel } from "../../kernel/kernel.ts";
import { expandUnroll } from "../../kernel/unroll.ts";
import { isFloating } from "../../types/dtype.ts";
import { InternalError } from "../../types/errors.ts";
import { combineLanes, identityOf, neutralizeInactive } from "./accumulators.ts";
import type { FunctionEncoder, LocalIndex } from "./encoder.ts";
import { type Extremum, ExtremumCode, type ExtremumFn, isExtremum } from "./extremum.ts";
import { Hoisting, streamsOf } from "./hoist.ts";
import { inlineCalls } from "./inline-calls.ts";
import type { LaneContext } from "./lane-memory.ts";
import { inlineMath, straightMath } from "./math-functions.ts";
import type { ModuleContext } from "./module-context.ts";
import { type Block, type LoopNode, type Node, type NodeStmt, NodeTable } from "./nodes.ts";
import { Op, type ValueType } from "./opcodes.ts";
import { valueTypeOf } from "./scalar-code.ts";
import type { LocalBinding } from "./scalar-values.ts";
import { splitTile } from "./split-tiles.ts";
import { VectorValues } from "./vector-values.ts";
import { LANES, planVector, type VectorPlan } from "./vectorize.ts";

/** A loop of at least this much work is cut into calls of about CALL_WORK each. */
const OUTLINE_WORK = 8192;
const CALL_WORK = 4096;

/** What of a kernel is the same in every variant. */
export interface PreparedKernel {
  readonly kernel: Kernel;
  /** The body of the kernel, or of the loop over its grains. */
  readonly block: Block;
  /** The axis of its grains: the function runs one, and takes its number. */
  readonly grid: Axis | null;
}

export function prepareKernel(kernel: Kernel): PreparedKernel {
  const grid = gridOf(kernel);
  const body = grid?.body ?? kernel.body;
  const nodes = new NodeTable(inlineMath);
  const block = nodes.block(expandUnroll(body));
  inlineCalls(nodes, block, straightMath, grid?.axis.extent ?? 1);
  return { kernel, block, grid: grid?.axis ?? null };
}

/** Emits the kernel's function, which takes the address of each buffer, and the grain's number if it has grains. */
export function emitKernel(module: ModuleContext, { kernel, block, grid }: PreparedKernel): FunctionEncoder {
  const params = kernel.params.map((p) => ({ name: p.name, type: "i32" as ValueType }));
  if (grid !== null) params.push({ name: "grain", type: "i32" });
  const f = module.encoder.function(kernel.name, params, []);
  const emitter = new BlockEmitter(f, module, kernel.name);
  kernel.params.forEach((param, i) => {
    emitter.values.bases.set(param, i);
  });
  if (grid !== null) emitter.values.axes.set(grid, { kind: "local", local: kernel.params.length });
  emitter.block(block);
  return f;
}

/** The iterations of a loop that one piece of code runs. */
interface Range {
  readonly start: { readonly local: LocalIndex } | { readonly value: number };
  /** Steps; at least one. */
  readonly trips: { readonly local: LocalIndex } | { readonly value: number };
}

class BlockEmitter {
  readonly values: VectorValues;
  readonly #f: FunctionEncoder;
  readonly #module: ModuleContext;
  readonly #name: string;
  /** Locals whose lanes are accumulators of the vector loop being in: inactive lanes must stay neutral. */
  #accumulators: ReadonlyMap<Local, CombineFn> = new Map();

  constructor(f: FunctionEncoder, module: ModuleContext, name: string) {
    this.values = new VectorValues(f, module);
    this.#f = f;
    this.#module = module;
    this.#name = name;
  }

  block(block: Block): void {
    for (const stmt of block.stmts) this.#stmt(stmt);
  }

  #stmt(stmt: NodeStmt): void {
    const { values } = this;
    switch (stmt.kind) {
      case "loop":
        return this.#loop(stmt);
      case "while":
        return this.#while(stmt.cond, stmt.body);
      case "if":
        values.scalar(stmt.cond);
        return this.#f.if(
          null,
          () => values.scope(() => this.block(stmt.then)),
          stmt.else.stmts.length === 0 ? undefined : () => values.scope(() => this.block(stmt.else)),
        );
      case "let":
        values.locals.set(stmt.local, this.#declare(stmt.local));
        return this.#assign(stmt.local, stmt.value);
      case "assign":
        return this.#assign(stmt.local, stmt.value);
      case "accumulate":
        return this.#accumulate(stmt.local, stmt.fn, stmt.value);
      case "store":
        return this.#store(stmt);
      default:
        return stmt satisfies never;
    }
  }

  // Locals

  #binding(local: Local): LocalBinding {
    const binding = this.values.locals.get(local);
    if (binding === undefined) throw new InternalError(`local ${local.name} is used before its declaration`);
    return binding;
  }

  #declare(local: Local): LocalBinding {
    const { lanes } = this.values;
    const f = this.#f;
    if (lanes === null || !lanes.varying.has(local)) {
      return { vector: false, slots: [f.local(local.name, valueTypeOf(local.dtype))] };
    }
    return { vector: true, slots: this.#laneSlots(local, lanes.parts) };
  }

  /** One Wasm local per part and half, at `part * 2 + half`. */
  #laneSlots(local: Local, parts: number): LocalIndex[] {
    const slots: LocalIndex[] = [];
    for (let part = 0; part < parts; part++) {
      const low = this.#f.local(parts === 1 ? local.name : `${local.name}.${part}`, "v128");
      slots[part * 2] = low;
      slots[part * 2 + 1] = local.dtype === "float64" ? this.#f.local(`${local.name}.${part}h`, "v128") : low;
    }
    return slots;
  }

  /** Computes the new value of every slot of a part before it sets one: the value may depend on the old ones. */
  #update(local: Local, push: (part: number, half: number) => void, pushScalar: () => void): void {
    const f = this.#f;
    const { lanes } = this.values;
    const { vector, slots } = this.#binding(local);
    if (!vector || lanes === null) {
      pushScalar();
      f.set(slots[0]);
    } else {
      const halves = this.values.halvesOf(local.dtype);
      for (let part = 0; part < lanes.parts; part++) {
        for (const half of halves) push(part, half);
        for (const half of halves.toReversed()) f.set(slots[part * 2 + half]);
      }
    }
    this.values.invalidate(new Set([local]), NO_BUFFERS);
  }

  #assign(local: Local, value: Node): void {
    this.#update(
      local,
      (part, half) => this.values.vector(value, part, half),
      () => this.values.scalar(value),
    );
  }

  #accumulate(local: Local, fn: CombineFn, value: Node): void {
    const { values } = this;
    const f = this.#f;
    const { slots } = this.#binding(local);
    if (this.#accumulators.has(local) && isExtremum(fn, local.dtype))
      return this.#accumulateExtremum(local, fn, value);
    const { expr } = value;
    const product =
      fn === "add" &&
      isFloating(local.dtype) &&
      expr.op === "binary" &&
      expr.fn === "mul" &&
      value.uses === 1;
    this.#update(
      local,
      (part, half) => {
        const slot = slots[part * 2 + half];
        const active = values.active(part);
        const partial = active < LANES && this.#accumulators.has(local);
        if (product && this.#module.relaxed && !partial) {
          values.vector(value.operands[0], part, half);
          values.vector(value.operands[1], part, half);
          f.get(slot);
          values.vectorCode.fma(local.dtype);
          return;
        }
        f.get(slot);
        values.vector(value, part, half);
        if (partial) neutralizeInactive(values, fn, local.dtype, active, half);
        values.vectorCode.binary(fn, local.dtype);
      },
      () => {
        f.get(slots[0]);
        values.scalar(value);
        values.scalarCode.binary(fn, local.dtype);
      },
    );
  }

  #accumulateExtremum(local: Local, fn: ExtremumFn, value: Node): void {
    const { values } = this;
    const f = this.#f;
    const parts = values.lanes?.parts ?? 1;
    const { slots } = this.#binding(local);
    const code = new ExtremumCode(f, fn, local.dtype);
    for (let part = 0; part < parts; part++) {
      const active = values.active(part);
      for (const half of values.halvesOf(local.dtype)) {
        values.vector(value, part, half);
        if (active < LANES) neutralizeInactive(values, fn, local.dtype, active, half);
        const x = f.temp("v128");
        f.set(x);
        code.add(x, extremumAt(slots, parts, part * 2 + half));
        f.release(x);
      }
    }
    values.invalidate(new Set([local]), NO_BUFFERS);
  }

  #store(stmt: Extract<NodeStmt, { kind: "store" }>): void {
    const { values } = this;
    const { access, value } = stmt;
    const { lanes } = values;
    if (lanes !== null && (values.varying(value) || values.varying(access.index))) {
      for (let part = 0; part < lanes.parts; part++) values.store(access, value, part);
    } else {
      const offset = values.address(access, 0);
      values.scalar(value);
      values.scalarCode.store(access.buffer.dtype, offset);
    }
    values.invalidate(NO_LOCALS, new Set([access.buffer]));
  }

  // Loops

  #while(cond: Node, body: Block): void {
    const f = this.#f;
    const { values } = this;
    values.invalidate(body.assigned, body.stored);
    values.scope(() => {
      new Hoisting(values, null, body).run(true);
      f.block(() => {
        f.loop(() => {
          values.scope(() => {
            values.scalar(cond);
            f.op(Op.i32Eqz);
            f.brIf(1);
            this.block(body);
            f.br(0);
          });
        });
      });
    });
  }

  #loop(loop: LoopNode): void {
    const tile = loop.axis.kind === "vector" && this.values.lanes === null;
    for (const part of tile && !this.#module.relaxed ? splitTile(loop) : [loop]) this.#oneLoop(part);
  }

  #oneLoop(loop: LoopNode): void {
    const { axis, body } = loop;
    const plan =
      axis.kind === "vector" && this.values.lanes === null ? planVector(loop, this.#module.relaxed) : null;
    const step = plan ? plan.parts * LANES : 1;
    const trips = Math.floor(axis.extent / step);
    const rest = axis.extent - trips * step;
    if (trips >= 2 && trips * step * body.work >= OUTLINE_WORK) this.#outlined(loop, plan, step, trips);
    else if (trips > 0) this.#range(loop, plan, { start: { value: 0 }, trips: { value: trips } });
    if (rest > 0 && plan) this.#rest(loop, plan, trips * step, rest);
  }

  /** The last iterations of a vector loop, fewer than a step. */
  #rest(loop: LoopNode, plan: VectorPlan, start: number, count: number): void {
    const parts = Math.ceil(count / LANES);
    const lanes: LaneContext = {
      axis: loop.axis,
      parts,
      lastActive: count - (parts - 1) * LANES,
      varying: plan.varying,
    };
    this.#inLanes(lanes, plan, () => {
      this.#counted(loop, 1, { start: { value: start }, trips: { value: 1 } });
    });
  }

  #range(loop: LoopNode, plan: VectorPlan | null, range: Range): void {
    if (plan === null) return this.#counted(loop, 1, range);
    const lanes: LaneContext = {
      axis: loop.axis,
      parts: plan.parts,
      lastActive: LANES,
      varying: plan.varying,
    };
    this.#inLanes(lanes, plan, () => this.#counted(loop, plan.parts * LANES, range));
  }

  /** Runs `body` with lane accumulators in place of the locals it accumulates into, then combines their lanes. */
  #inLanes(lanes: LaneContext, plan: VectorPlan, body: () => void): void {
    const { values } = this;
    const f = this.#f;
    const outer = [...plan.accumulators].map(([local, fn]) => ({ local, fn, binding: this.#binding(local) }));
    values.invalidate(new Set(plan.accumulators.keys()), NO_BUFFERS);
    for (const { local, fn, binding } of outer) this.#beginLanes(local, fn, lanes.parts, binding.slots[0]);
    values.lanes = lanes;
    this.#accumulators = plan.accumulators;
    values.scope(body);
    this.#accumulators = new Map();
    values.lanes = null;
    for (const { local, fn, binding } of outer) {
      const { slots } = this.#binding(local);
      values.locals.set(local, binding);
      if (isExtremum(fn, local.dtype)) this.#extremumOfLanes(local, fn, lanes.parts, slots);
      else {
        const halves = values.halvesOf(local.dtype);
        const parts = Array.from({ length: lanes.parts }, (_, part) =>
          halves.map((half) => slots[part * 2 + half]),
        );
        f.get(binding.slots[0]);
        combineLanes(values, fn, local.dtype, parts);
        values.scalarCode.binary(fn, local.dtype);
      }
      f.set(binding.slots[0]);
    }
  }

  /** Gives an accumulator neutral lanes; those of an extremum are what is in `outside` so far. */
  #beginLanes(local: Local, fn: CombineFn, parts: number, outside: LocalIndex): void {
    const { values } = this;
    const f = this.#f;
    const slots = this.#laneSlots(local, parts);
    if (isExtremum(fn, local.dtype)) {
      slots.push(...this.#laneSlots(local, parts), ...this.#laneSlots(local, parts));
      const code = new ExtremumCode(f, fn, local.dtype);
      const x = f.temp("v128");
      f.get(outside);
      values.vectorCode.splat(local.dtype);
      f.set(x);
      for (let part = 0; part < parts; part++) {
        for (const half of values.halvesOf(local.dtype)) {
          code.begin(x, extremumAt(slots, parts, part * 2 + half));
        }
      }
      f.release(x);
    } else {
      for (const slot of new Set(slots)) {
        values.vectorCode.constant(identityOf(fn, local.dtype), local.dtype);
        f.set(slot);
      }
    }
    values.locals.set(local, { vector: true, slots });
  }

  /** Pushes the extremum of all lanes. */
  #extremumOfLanes(local: Local, fn: ExtremumFn, parts: number, slots: readonly LocalIndex[]): void {
    const code = new ExtremumCode(this.#f, fn, local.dtype);
    const [all, ...others] = Array.from({ length: parts }, (_, part) =>
      this.values.halvesOf(local.dtype).map((half) => extremumAt(slots, parts, part * 2 + half)),
    ).flat();
    for (const other of others) code.join(other, all);
    code.joinLanes(all);
    code.finish(all);
    this.values.vectorCode.extract(local.dtype, 0);
  }

  /** The loop itself, `step` iterations at a time. */
  #counted(loop: LoopNode, step: number, range: Range): void {
    const { values } = this;
    const { axis, body } = loop;
    const shadowed = values.axes.get(axis);
    const single = "value" in range.trips && range.trips.value === 1;
    if (single) {
      values.axes.set(
        axis,
        "value" in range.start
          ? { kind: "const", value: range.start.value }
          : { kind: "local", local: range.start.local },
      );
      values.scope(() => this.block(body));
    } else {
      values.invalidate(body.assigned, body.stored);
      values.scope(() => this.#repeated(loop, step, range));
    }
    if (shadowed) values.axes.set(axis, shadowed);
    else values.axes.delete(axis);
  }

  #repeated(loop: LoopNode, step: number, range: Range): void {
    const f = this.#f;
    const { values } = this;
    const { axis, body } = loop;
    const counter = f.local(axis.name, "i32");
    if ("value" in range.start) f.i32(range.start.value);
    else f.get(range.start.local);
    f.set(counter);
    values.axes.set(axis, { kind: "local", local: counter });
    const pushEnd = this.#endOf(range, step, counter);
    const hoisting = new Hoisting(values, axis, body);
    hoisting.run(false);
    const streams = body.hasLoop ? [] : [...streamsOf(values, loop, hoisting)];
    const pointers = streams.map(([address, bytes]) => {
      const pointer = f.local(`${address.buffer.name}.ptr`, "i32");
      values.pointer(address);
      const constant = values.constantPart(address);
      if (constant !== 0) {
        f.i32(constant);
        f.op(Op.i32Add);
      }
      f.set(pointer);
      return { address, pointer, bytes: bytes * step };
    });
    for (const { address, pointer } of pointers) values.streams.set(address, pointer);
    const bump = (local: LocalIndex, by: number): void => {
      f.get(local);
      f.i32(by);
      f.op(Op.i32Add);
    };
    f.loop(() => {
      values.scope(() => this.block(body));
      for (const { pointer, bytes } of pointers) {
        bump(pointer, bytes);
        f.set(pointer);
      }
      bump(counter, step);
      f.tee(counter);
      pushEnd();
      f.op(Op.i32Ne);
      f.brIf(0);
    });
    for (const { address } of pointers) values.streams.delete(address);
  }

  /** Pushes the counter's value after the last iteration. */
  #endOf(range: Range, step: number, counter: LocalIndex): () => void {
    const f = this.#f;
    if ("value" in range.start && "value" in range.trips) {
      const end = range.start.value + range.trips.value * step;
      return () => f.i32(end);
    }
    const end = f.local("end", "i32");
    if ("value" in range.trips) {
      f.i32(range.trips.value * step);
    } else {
      f.get(range.trips.local);
      this.values.scale(step);
    }
    f.get(counter);
    f.op(Op.i32Add);
    f.set(end);
    return () => f.get(end);
  }

  /** Runs the loop as calls of a function of its own, which is given what it uses and returns what it changes. */
  #outlined(loop: LoopNode, plan: VectorPlan | null, step: number, trips: number): void {
    const f = this.#f;
    const { values } = this;
    const { axis, body } = loop;
    const perCall = Math.min(trips, Math.max(1, Math.floor(CALL_WORK / (body.work * step))));
    const calls = Math.ceil(trips / perCall);
    const even = trips % perCall === 0;
    values.invalidate(body.assigned, body.stored);

    const params: { name: string; type: ValueType }[] = [];
    const args: LocalIndex[] = [];
    const pass = (name: string, local: LocalIndex): LocalIndex => {
      params.push({ name, type: f.typeOf(local) });
      args.push(local);
      return args.length - 1;
    };
    const bases = [...body.buffers].map((buffer): [BufferParam, LocalIndex] => {
      const base = values.bases.get(buffer);
      if (base === undefined) throw new InternalError(`buffer ${buffer.name} is not a parameter`);
      return [buffer, pass(buffer.name, base)];
    });
    const axes = [...values.axes]
      .filter(([a]) => a !== axis && (body.axes.has(a) || values.lanes?.axis === a))
      .map(([a, binding]) => ({
        axis: a,
        binding: binding.kind === "const" ? binding : { ...binding, local: pass(a.name, binding.local) },
      }));
    const locals = [...values.locals]
      .filter(([local]) => (body.locals.has(local) || body.assigned.has(local)) && !body.declared.has(local))
      .map(([local, binding]) => {
        const passed = new Map<LocalIndex, LocalIndex>();
        for (const slot of binding.slots) {
          if (!passed.has(slot)) passed.set(slot, pass(local.name, slot));
        }
        const slots = binding.slots.map((slot) => passed.get(slot) ?? 0);
        return { local, binding: { vector: binding.vector, slots }, from: binding };
      });
    const changed = locals
      .filter(({ local }) => body.assigned.has(local))
      .flatMap(({ binding, from }) => {
        const pairs = new Map(from.slots.map((slot, i) => [slot, binding.slots[i]]));
        return [...pairs].map(([outside, inside]) => ({ outside, inside }));
      });

    const start = params.length;
    params.push({ name: "start", type: "i32" });
    if (!even) params.push({ name: "trips", type: "i32" });
    const helper = this.#module.encoder.function(
      `${this.#name}.${axis.name}`,
      params,
      changed.map(({ outside }) => f.typeOf(outside)),
    );
    const inner = new BlockEmitter(helper, this.#module, helper.name);
    for (const [buffer, local] of bases) inner.values.bases.set(buffer, local);
    for (const { axis: a, binding } of axes) inner.values.axes.set(a, binding);
    for (const { local, binding } of locals) inner.values.locals.set(local, binding);
    inner.values.lanes = values.lanes;
    inner.#accumulators = this.#accumulators;
    inner.#range(loop, plan, {
      start: { local: start },
      trips: even ? { value: perCall } : { local: start + 1 },
    });
    for (const { inside } of changed) helper.get(inside);

    const counter = f.local(axis.name, "i32");
    f.i32(0);
    f.set(counter);
    f.loop(() => {
      for (const arg of args) f.get(arg);
      f.get(counter);
      if (!even) {
        // The last call runs what is left: min(perCall, (end - counter) / step).
        f.i32(perCall);
        f.i32(trips % perCall);
        f.get(counter);
        f.i32((calls - 1) * perCall * step);
        f.op(Op.i32LtU);
        f.op(Op.select);
      }
      f.call(helper);
      for (const { outside } of changed.toReversed()) f.set(outside);
      if (calls === 1) return;
      f.get(counter);
      f.i32(perCall * step);
      f.op(Op.i32Add);
      f.tee(counter);
      f.i32(calls * perCall * step);
      f.op(Op.i32LtU);
      f.brIf(0);
    });
  }
}

/** The vectors of an extremum in the slots of its local: all values, then all first marks, then all second ones. */
function extremumAt(slots: readonly LocalIndex[], parts: number, at: number): Extremum {
  return { value: slots[at], first: slots[parts * 2 + at], second: slots[parts * 4 + at] };
}

const NO_LOCALS: ReadonlySet<Local> = new Set();
const NO_BUFFERS: ReadonlySet<BufferParam> = new Set();

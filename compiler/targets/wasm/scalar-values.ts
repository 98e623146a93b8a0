/**
 * Evaluates nodes to scalars on the Wasm stack. A node used more than once is computed once and kept in a local (the
 * memo) until a statement changes what it depends on, or the block it was computed in ends.
 */
import type { Axis, BufferParam, Local } from "../../kernel/expr.ts";
import { InternalError } from "../../types/errors.ts";
import type { FunctionEncoder, LocalIndex } from "./encoder.ts";
import type { ModuleContext } from "./module-context.ts";
import type { Access, Address, Dependencies, Node } from "./nodes.ts";
import { Op, type ValueType } from "./opcodes.ts";
import { ScalarCode, valueTypeOf } from "./scalar-code.ts";
import { VectorCode } from "./vector-code.ts";

export type AxisBinding =
  | { readonly kind: "local"; readonly local: LocalIndex }
  | { readonly kind: "const"; readonly value: number };

/** Where a kernel's local lives: one Wasm local, or one per part and half of its lanes (`part * 2 + half`). */
export interface LocalBinding {
  readonly vector: boolean;
  readonly slots: readonly LocalIndex[];
}

interface MemoEntry {
  readonly local: LocalIndex;
  readonly deps: Dependencies;
}

/** Slots of a node's memo: its scalar, its splat, and one per part and half of its lanes. */
export const SCALAR_SLOT = 0;
export const SPLAT_SLOT = 1;
const LANE_SCALAR_SLOT = 2;
export const FIRST_VECTOR_SLOT = 3;
const SLOTS = 16;

function intersects<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  if (a.size === 0 || b.size === 0) return false;
  for (const item of a) if (b.has(item)) return true;
  return false;
}

export class ScalarValues {
  readonly f: FunctionEncoder;
  readonly module: ModuleContext;
  readonly scalarCode: ScalarCode;
  readonly vectorCode: VectorCode;
  readonly axes = new Map<Axis, AxisBinding>();
  readonly locals = new Map<Local, LocalBinding>();
  readonly bases = new Map<BufferParam, LocalIndex>();
  /** Pointers that the innermost loop bumps, by address. */
  readonly streams = new Map<Address, LocalIndex>();
  /** In the scalar evaluation of one lane: the axis that is bound to that lane's iteration. */
  protected laneAxis: Axis | null = null;
  readonly #memo = new Map<number, MemoEntry>();
  readonly #scopes: number[][] = [[]];

  constructor(f: FunctionEncoder, module: ModuleContext) {
    this.f = f;
    this.module = module;
    this.scalarCode = new ScalarCode(f, module.helpers);
    this.vectorCode = new VectorCode(f, this.scalarCode, module.relaxed);
  }

  // Memo

  protected recall(id: number, slot: number): LocalIndex | undefined {
    return this.#memo.get(id * SLOTS + slot)?.local;
  }

  /** Keeps the value on the stack in a new local, and leaves it on the stack. */
  protected keep(id: number, slot: number, deps: Dependencies, type: ValueType): void {
    const local = this.f.temp(type);
    this.f.tee(local);
    this.remember(id, slot, local, deps);
  }

  protected remember(id: number, slot: number, local: LocalIndex, deps: Dependencies): void {
    const key = id * SLOTS + slot;
    this.#memo.set(key, { local, deps });
    this.#scopes[this.#scopes.length - 1].push(key);
  }

  #forget(key: number): void {
    const entry = this.#memo.get(key);
    if (entry === undefined) return;
    this.#memo.delete(key);
    this.f.release(entry.local);
  }

  /** Values computed in `body` are forgotten after it: it may not have run, or runs again. */
  scope(body: () => void): void {
    this.#scopes.push([]);
    body();
    for (const key of this.#scopes.pop() ?? []) this.#forget(key);
  }

  /** Forgets what depends on changed locals or on the contents of stored buffers. */
  invalidate(locals: ReadonlySet<Local>, stored: ReadonlySet<BufferParam>): void {
    for (const [key, { deps }] of this.#memo) {
      if (intersects(deps.locals, locals) || intersects(deps.loads, stored)) this.#forget(key);
    }
  }

  // Leaves

  axisValue(axis: Axis): void {
    const binding = this.axes.get(axis);
    if (binding === undefined) throw new InternalError(`axis ${axis.name} is used outside of its loop`);
    if (binding.kind === "const") this.f.i32(binding.value);
    else this.f.get(binding.local);
  }

  protected bindingOf(local: Local): LocalBinding {
    const binding = this.locals.get(local);
    if (binding === undefined) throw new InternalError(`local ${local.name} is used before its declaration`);
    return binding;
  }

  // Scalars

  /** Evaluates a node that is the same in every lane. */
  scalar(node: Node): void {
    const { expr } = node;
    switch (expr.op) {
      case "const":
        return this.scalarCode.constant(expr.value, expr.dtype);
      case "axis":
        return this.axisValue(expr.axis);
      case "local": {
        const binding = this.bindingOf(expr.local);
        if (binding.vector) throw new InternalError(`local ${expr.local.name} has lanes`);
        return this.f.get(binding.slots[0]);
      }
      default:
    }
    const slot = this.laneSlot(node);
    const kept = this.recall(node.id, slot);
    if (kept !== undefined) return this.f.get(kept);
    this.#compute(node);
    if (node.uses > 1) this.keep(node.id, slot, node, valueTypeOf(node.dtype));
  }

  /** One lane's scalars are not the values of the whole vector's first iteration. */
  protected laneSlot(deps: Dependencies): number {
    return this.laneAxis !== null && deps.axes.has(this.laneAxis) ? LANE_SCALAR_SLOT : SCALAR_SLOT;
  }

  /** Evaluates the node now, so that its value is at hand wherever it is used until something changes it. */
  materializeScalar(node: Node): void {
    if (node.operands.length === 0 || this.recall(node.id, SCALAR_SLOT) !== undefined) return;
    this.#compute(node);
    const local = this.f.temp(valueTypeOf(node.dtype));
    this.f.set(local);
    this.remember(node.id, SCALAR_SLOT, local, node);
  }

  #compute(node: Node): void {
    const { f, scalarCode: code } = this;
    const { expr, operands } = node;
    switch (expr.op) {
      case "load": {
        if (node.access === null) throw new InternalError("a load without an access");
        const offset = this.address(node.access, 0);
        return code.load(expr.buffer.dtype, offset);
      }
      case "unary":
        this.scalar(operands[0]);
        return code.unary(expr.fn, operands[0].dtype);
      case "binary": {
        const y = operands[1].expr;
        this.scalar(operands[0]);
        this.scalar(operands[1]);
        return code.binary(expr.fn, operands[0].dtype, y.op === "const" ? y.value : undefined);
      }
      case "fma":
        return this.#fma(node);
      case "fused":
        for (const [i, operand] of operands.entries()) {
          this.scalar(operand);
          f.op(Op.f64PromoteF32);
          if (i > 0) f.op(i === 1 ? Op.f64Mul : Op.f64Add);
        }
        return f.op(Op.f32DemoteF64);
      case "select":
        this.scalar(operands[1]);
        this.scalar(operands[2]);
        this.scalar(operands[0]);
        return f.op(Op.select);
      case "guard":
        this.scalar(operands[0]);
        return f.if(
          valueTypeOf(node.dtype),
          () => this.scope(() => this.scalar(operands[1])),
          () => this.scope(() => this.scalar(operands[2])),
        );
      case "convert":
        this.scalar(operands[0]);
        return code.convert(operands[0].dtype, node.dtype);
      case "bitcast":
        this.scalar(operands[0]);
        return code.bitcast(operands[0].dtype, node.dtype);
      case "word":
        this.scalar(operands[0]);
        f.op(Op.i64ReinterpretF64);
        if (expr.half === "high") {
          f.i64(32n);
          f.op(Op.i64ShrU);
        }
        return f.op(Op.i32WrapI64);
      case "fromWords":
        this.scalar(operands[0]);
        f.op(Op.i64ExtendI32U);
        f.i64(32n);
        f.op(Op.i64Shl);
        this.scalar(operands[1]);
        f.op(Op.i64ExtendI32U);
        f.op(Op.i64Or);
        return f.op(Op.f64ReinterpretI64);
      case "call":
        return this.#call(node, expr.fn);
      default:
        throw new InternalError(`no scalar code for ${expr.op}`);
    }
  }

  #fma(node: Node): void {
    const { f, scalarCode: code, vectorCode: lanes } = this;
    const { dtype, operands } = node;
    if (this.module.relaxed) {
      // There is no scalar fused multiply-add: a lane of the vector one gives the lanes' bits.
      for (const operand of operands) {
        this.scalar(operand);
        lanes.splat(dtype);
      }
      lanes.fma(dtype);
      return lanes.extract(dtype, 0);
    }
    this.scalar(operands[0]);
    this.scalar(operands[1]);
    f.op(dtype === "float64" ? Op.f64Mul : Op.f32Mul);
    this.scalar(operands[2]);
    f.op(dtype === "float64" ? Op.f64Add : Op.f32Add);
    if (dtype === "float16") code.wrap(dtype);
  }

  /** A scalar calls the vector function, so that it has the bits a lane has. */
  #call(node: Node, name: string): void {
    const { f, vectorCode: lanes } = this;
    const { dtype, operands } = node;
    const fn = this.module.mathFunction(name, dtype, operands.length, 1);
    for (const operand of operands) {
      this.scalar(operand);
      lanes.splat(dtype);
      if (dtype !== "float64") continue;
      const x = f.temp("v128");
      f.tee(x);
      f.get(x);
      f.release(x);
    }
    f.call(fn);
    if (dtype === "float64") f.op(Op.drop);
    lanes.extract(dtype, 0);
    if (dtype === "float16") this.scalarCode.wrap(dtype);
  }

  // Addresses

  /** Pushes the address of an access moved by `displacement` bytes; returns the immediate offset that completes it. */
  address(access: Access, displacement: number): number {
    const { address } = access;
    this.pointer(address);
    const stream = this.#streamOf(address) !== undefined;
    const constant = stream ? 0 : this.constantPart(address);
    // What is added outside of 32 bits must be added to an address that has not wrapped.
    if (stream || address.nonNegative) return this.#add(access.offset + constant + displacement);
    if (constant !== 0) {
      this.f.i32(constant);
      this.f.op(Op.i32Add);
    }
    return this.#add(displacement);
  }

  /** Adds a negative offset to the address; a positive one is left to the instruction. */
  #add(offset: number): number {
    if (offset >= 0) return offset;
    this.f.i32(offset);
    this.f.op(Op.i32Add);
    return 0;
  }

  /** The address's own constant, and bytes of the terms whose axis is a constant here. */
  constantPart(address: Address): number {
    let bytes = address.constant;
    for (const { node, scale } of address.terms) {
      if (node.expr.op !== "axis") continue;
      const binding = this.axes.get(node.expr.axis);
      if (binding?.kind === "const") bytes += binding.value * scale;
    }
    return bytes;
  }

  /** Keeps an address's pointer for the uses that follow. */
  materializePointer(address: Address): void {
    const moving = address.terms.some(
      ({ node }) => node.expr.op !== "axis" || this.axes.get(node.expr.axis)?.kind !== "const",
    );
    if (!moving || this.streams.has(address) || this.recall(address.id, SCALAR_SLOT) !== undefined) return;
    this.pointer(address);
    if (this.recall(address.id, SCALAR_SLOT) === undefined)
      this.keep(address.id, SCALAR_SLOT, address, "i32");
    this.f.op(Op.drop);
  }

  #streamOf(address: Address): LocalIndex | undefined {
    const moved = this.laneAxis !== null && address.axes.has(this.laneAxis);
    return moved ? undefined : this.streams.get(address);
  }

  /** Pushes the address without its constant part. */
  pointer(address: Address): void {
    const { f } = this;
    const stream = this.#streamOf(address);
    if (stream !== undefined) return f.get(stream);
    const slot = this.laneSlot(address);
    const kept = this.recall(address.id, slot);
    if (kept !== undefined) return f.get(kept);
    const base = this.bases.get(address.buffer);
    if (base === undefined) throw new InternalError(`buffer ${address.buffer.name} is not a parameter`);
    f.get(base);
    let moving = false;
    for (const { node, scale } of address.terms) {
      if (node.expr.op === "axis" && this.axes.get(node.expr.axis)?.kind === "const") continue;
      moving = true;
      this.scalar(node);
      this.scale(scale);
      f.op(Op.i32Add);
    }
    if (moving && address.uses > 1) this.keep(address.id, slot, address, "i32");
  }

  /** Multiplies the i32 on the stack. */
  scale(by: number): void {
    const { f } = this;
    if (by === 1) return;
    const shift = Math.log2(by);
    if (Number.isInteger(shift)) {
      f.i32(shift);
      f.op(Op.i32Shl);
    } else {
      f.i32(by);
      f.op(Op.i32Mul);
    }
  }
}

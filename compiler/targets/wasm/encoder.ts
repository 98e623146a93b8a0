/** A direct encoder of WebAssembly modules: sections and functions as bytes, no text in between. */
import { InternalError } from "../../types/errors.ts";
import { ByteWriter } from "./byte-writer.ts";
import { Misc, Op, Simd, VALUE_TYPE_BYTE, type ValueType } from "./opcodes.ts";

const EMPTY_BLOCK = 0x40;

/** A local variable's index in its function. */
export type LocalIndex = number;

/** One function being written. Instructions are appended in order; locals may be added at any time. */
export class FunctionEncoder {
  readonly #code = new ByteWriter();
  readonly #localTypes: ValueType[] = [];
  readonly #localNames: string[] = [];
  readonly #free: Record<ValueType, LocalIndex[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };
  readonly index: number;
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];

  constructor(
    index: number,
    name: string,
    params: readonly { readonly name: string; readonly type: ValueType }[],
    results: readonly ValueType[],
  ) {
    this.index = index;
    this.name = name;
    this.params = params.map((p) => p.type);
    this.results = results;
    for (const param of params) this.#localNames.push(param.name);
  }

  get codeSize(): number {
    return this.#code.length;
  }

  typeOf(local: LocalIndex): ValueType {
    return local < this.params.length ? this.params[local] : this.#localTypes[local - this.params.length];
  }

  /** A new local variable. */
  local(name: string, type: ValueType): LocalIndex {
    this.#localTypes.push(type);
    this.#localNames.push(name);
    return this.params.length + this.#localTypes.length - 1;
  }

  /** A local for a short time: give it back with `release`. */
  temp(type: ValueType): LocalIndex {
    return this.#free[type].pop() ?? this.local(`t${this.#localTypes.length}`, type);
  }

  release(...locals: readonly LocalIndex[]): void {
    for (const local of locals) this.#free[this.typeOf(local)].push(local);
  }

  op(code: number): void {
    this.#code.byte(code);
  }

  get(local: LocalIndex): void {
    this.#code.byte(Op.localGet);
    this.#code.unsigned(local);
  }

  set(local: LocalIndex): void {
    this.#code.byte(Op.localSet);
    this.#code.unsigned(local);
  }

  tee(local: LocalIndex): void {
    this.#code.byte(Op.localTee);
    this.#code.unsigned(local);
  }

  i32(value: number): void {
    this.#code.byte(Op.i32Const);
    this.#code.signed(value);
  }

  i64(value: bigint): void {
    this.#code.byte(Op.i64Const);
    this.#code.signed64(value);
  }

  f32(value: number): void {
    this.#code.byte(Op.f32Const);
    this.#code.float32(value);
  }

  f64(value: number): void {
    this.#code.byte(Op.f64Const);
    this.#code.float64(value);
  }

  /**
   * Four int32 lanes. Equal lanes are a splat, except 0 and -1: V8 on x64 makes those from nothing, but builds every
   * other v128.const from two 64-bit immediates, where a splat is a move and a broadcast (exp: 2.3 instead of 3.1 ns).
   */
  i32x4(a: number, b: number, c: number, d: number): void {
    if (a === b && a === c && a === d && a !== 0 && a !== -1) {
      this.i32(a);
      return this.simd(Simd.i32x4Splat);
    }
    this.simd(Simd.const);
    for (const lane of [a, b, c, d]) this.#code.int32(lane);
  }

  f32x4(value: number): void {
    if (Object.is(value, 0)) return this.i32x4(0, 0, 0, 0);
    this.f32(value);
    this.simd(Simd.f32x4Splat);
  }

  f64x2(value: number): void {
    if (Object.is(value, 0)) return this.i32x4(0, 0, 0, 0);
    this.f64(value);
    this.simd(Simd.f64x2Splat);
  }

  misc(code: number): void {
    this.#code.byte(0xfc);
    this.#code.unsigned(code);
  }

  simd(code: number): void {
    this.#code.byte(0xfd);
    this.#code.unsigned(code);
  }

  simdLane(code: number, lane: number): void {
    this.simd(code);
    this.#code.byte(lane);
  }

  /** i8x16.shuffle; lanes 0-15 are bytes of the first operand, 16-31 of the second. */
  shuffle(lanes: readonly number[]): void {
    this.simd(Simd.shuffle);
    for (const lane of lanes) this.#code.byte(lane);
  }

  /** Shuffle by 32-bit lanes, 0-3 of the first operand and 4-7 of the second. */
  shuffle32(a: number, b: number, c: number, d: number): void {
    this.simd(Simd.shuffle);
    for (const lane of [a, b, c, d]) for (let i = 0; i < 4; i++) this.#code.byte(lane * 4 + i);
  }

  /** A scalar load or store; `align` is the logarithm of the natural alignment. */
  memory(code: number, align: number, offset: number): void {
    this.#code.byte(code);
    this.#code.unsigned(align);
    this.#code.unsigned(offset);
  }

  simdMemory(code: number, align: number, offset: number): void {
    this.simd(code);
    this.#code.unsigned(align);
    this.#code.unsigned(offset);
  }

  simdMemoryLane(code: number, align: number, offset: number, lane: number): void {
    this.simdMemory(code, align, offset);
    this.#code.byte(lane);
  }

  memoryCopy(): void {
    this.misc(Misc.memoryCopy);
    this.#code.byte(0);
    this.#code.byte(0);
  }

  globalGet(index: number): void {
    this.#code.byte(Op.globalGet);
    this.#code.unsigned(index);
  }

  call(fn: FunctionEncoder): void {
    this.#code.byte(Op.call);
    this.#code.unsigned(fn.index);
  }

  /** select with an explicit type: the only form that takes vectors. */
  selectTyped(type: ValueType): void {
    this.#code.byte(Op.selectTyped);
    this.#code.unsigned(1);
    this.#code.byte(VALUE_TYPE_BYTE[type]);
  }

  #open(code: number, result: ValueType | null): void {
    this.#code.byte(code);
    this.#code.byte(result === null ? EMPTY_BLOCK : VALUE_TYPE_BYTE[result]);
  }

  block(body: () => void): void {
    this.#open(Op.block, null);
    body();
    this.op(Op.end);
  }

  /** A loop's body; `br 0` at its level goes back to its start. */
  loop(body: () => void): void {
    this.#open(Op.loop, null);
    body();
    this.op(Op.end);
  }

  /** Takes the i32 condition from the stack. */
  if(result: ValueType | null, then: () => void, otherwise?: () => void): void {
    this.#open(Op.if, result);
    then();
    if (otherwise) {
      this.op(Op.else);
      otherwise();
    }
    this.op(Op.end);
  }

  br(depth: number): void {
    this.#code.byte(Op.br);
    this.#code.unsigned(depth);
  }

  brIf(depth: number): void {
    this.#code.byte(Op.brIf);
    this.#code.unsigned(depth);
  }

  brTable(depths: readonly number[], fallback: number): void {
    this.#code.byte(Op.brTable);
    this.#code.unsigned(depths.length);
    for (const depth of depths) this.#code.unsigned(depth);
    this.#code.unsigned(fallback);
  }

  /** The function's entry of the code section: local declarations in runs of one type, then the code. */
  body(): Uint8Array {
    const out = new ByteWriter(this.#code.length + 64);
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#localTypes) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    out.unsigned(runs.length);
    for (const run of runs) {
      out.unsigned(run.count);
      out.byte(VALUE_TYPE_BYTE[run.type]);
    }
    out.append(this.#code.bytes);
    out.byte(Op.end);
    return out.bytes;
  }

  get localNames(): readonly string[] {
    return this.#localNames;
  }
}

/** For threads the loader makes the import one of a shared memory: runtime/shared-module.ts. */
export interface MemoryImport {
  readonly module: string;
  readonly field: string;
  /** Pages of 64 KiB. */
  readonly min: number;
}

/** A module that imports one memory and functions, and defines functions. */
export class ModuleEncoder {
  readonly #imported: { readonly module: string; readonly field: string; readonly fn: FunctionEncoder }[] =
    [];
  readonly #functions: FunctionEncoder[] = [];
  readonly #exports: { name: string; fn: FunctionEncoder }[] = [];
  /** Exported i32 variables. */
  readonly #globals: string[] = [];
  readonly #customs: { name: string; bytes: Uint8Array }[] = [];
  readonly #memory: MemoryImport;

  constructor(memory: MemoryImport) {
    this.#memory = memory;
  }

  function(
    name: string,
    params: readonly { readonly name: string; readonly type: ValueType }[],
    results: readonly ValueType[],
  ): FunctionEncoder {
    const index = this.#imported.length + this.#functions.length;
    const fn = new FunctionEncoder(index, name, params, results);
    this.#functions.push(fn);
    return fn;
  }

  /** A function of the host. Imports are numbered first: import before the first function is made. */
  importFunction(
    module: string,
    field: string,
    params: readonly { readonly name: string; readonly type: ValueType }[],
  ): FunctionEncoder {
    if (this.#functions.length > 0) throw new InternalError("imports come before functions");
    const fn = new FunctionEncoder(this.#imported.length, field, params, []);
    this.#imported.push({ module, field, fn });
    return fn;
  }

  export(name: string, fn: FunctionEncoder): void {
    this.#exports.push({ name, fn });
  }

  /** The index of an i32 variable that the host may set; it is 0 at first. */
  exportedGlobal(name: string): number {
    const known = this.#globals.indexOf(name);
    return known >= 0 ? known : this.#globals.push(name) - 1;
  }

  custom(name: string, bytes: Uint8Array): void {
    this.#customs.push({ name, bytes });
  }

  finish(): Uint8Array {
    const out = new ByteWriter(4096);
    out.append(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00));
    const typeIndex = this.#types(out);
    section(out, 2, (s) => this.#imports(s, typeIndex));
    section(out, 3, (s) => {
      s.unsigned(this.#functions.length);
      for (const fn of this.#functions) s.unsigned(typeIndex.get(signature(fn)) ?? 0);
    });
    if (this.#globals.length > 0) {
      section(out, 6, (s) => {
        s.unsigned(this.#globals.length);
        for (const _ of this.#globals)
          s.append(Uint8Array.of(VALUE_TYPE_BYTE.i32, 1, Op.i32Const, 0, Op.end));
      });
    }
    section(out, 7, (s) => {
      s.unsigned(this.#exports.length + this.#globals.length);
      for (const [index, name] of this.#globals.entries()) {
        s.name(name);
        s.byte(3);
        s.unsigned(index);
      }
      for (const { name, fn } of this.#exports) {
        s.name(name);
        s.byte(0);
        s.unsigned(fn.index);
      }
    });
    section(out, 10, (s) => {
      s.unsigned(this.#functions.length);
      for (const fn of this.#functions) s.sized(fn.body());
    });
    section(out, 0, (s) => this.#names(s));
    for (const { name, bytes } of this.#customs) {
      section(out, 0, (s) => {
        s.name(name);
        s.append(bytes);
      });
    }
    return out.bytes.slice();
  }

  #types(out: ByteWriter): Map<string, number> {
    const indices = new Map<string, number>();
    const distinct: FunctionEncoder[] = [];
    for (const fn of this.#all()) {
      const key = signature(fn);
      if (indices.has(key)) continue;
      indices.set(key, distinct.length);
      distinct.push(fn);
    }
    section(out, 1, (s) => {
      s.unsigned(distinct.length);
      for (const fn of distinct) {
        s.byte(0x60);
        s.unsigned(fn.params.length);
        for (const type of fn.params) s.byte(VALUE_TYPE_BYTE[type]);
        s.unsigned(fn.results.length);
        for (const type of fn.results) s.byte(VALUE_TYPE_BYTE[type]);
      }
    });
    return indices;
  }

  #all(): FunctionEncoder[] {
    return [...this.#imported.map(({ fn }) => fn), ...this.#functions];
  }

  #imports(s: ByteWriter, typeIndex: ReadonlyMap<string, number>): void {
    const { module, field, min } = this.#memory;
    s.unsigned(1 + this.#imported.length);
    s.name(module);
    s.name(field);
    s.byte(2);
    s.byte(0);
    s.unsigned(min);
    for (const { module, field, fn } of this.#imported) {
      s.name(module);
      s.name(field);
      s.byte(0);
      s.unsigned(typeIndex.get(signature(fn)) ?? 0);
    }
  }

  /** The name section: functions (subsection 1) and locals (subsection 2), so that the WAT view is readable. */
  #names(s: ByteWriter): void {
    s.name("name");
    section(s, 1, (sub) => {
      const all = this.#all();
      sub.unsigned(all.length);
      for (const fn of all) {
        sub.unsigned(fn.index);
        sub.name(fn.name);
      }
    });
    section(s, 2, (sub) => {
      sub.unsigned(this.#functions.length);
      for (const fn of this.#functions) {
        sub.unsigned(fn.index);
        const names = unique(fn.localNames);
        sub.unsigned(names.length);
        names.forEach((name, i) => {
          sub.unsigned(i);
          sub.name(name);
        });
      }
    });
  }
}

function signature(fn: FunctionEncoder): string {
  return `${fn.params.join()}>${fn.results.join()}`;
}

function section(out: ByteWriter, id: number, fill: (s: ByteWriter) => void): void {
  const content = new ByteWriter();
  fill(content);
  out.byte(id);
  out.sized(content.bytes);
}

/** Text tools want distinct names within a function. */
function unique(names: readonly string[]): string[] {
  const seen = new Set<string>();
  // The first number that may be free: all before it are taken.
  const next = new Map<string, number>();
  return names.map((name) => {
    let candidate = name;
    let n = next.get(name) ?? 1;
    for (; seen.has(candidate); n++) candidate = `${name}_${n}`;
    next.set(name, n);
    seen.add(candidate);
    return candidate;
  });
}

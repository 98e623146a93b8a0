/** Runs a kernel compiled for Wasm, and through the interpreter, on the same bytes. */
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runKernel } from "../../compiler/interpret/kernel-interpreter.ts";
import { readElement, writeElement } from "../../compiler/kernel/constants.ts";
import type { BufferParam } from "../../compiler/kernel/expr.ts";
import type { Kernel } from "../../compiler/kernel/kernel.ts";
import type { KernelBuilder } from "../../compiler/kernel/kernel-builder.ts";
import { expandUnroll } from "../../compiler/kernel/unroll.ts";
import type { Program, ProgramBuffer } from "../../compiler/program/program.ts";
import { compileWasm } from "../../compiler/targets/wasm/compile.ts";
import { DTYPE_INFO, type DType } from "../../compiler/types/dtype.ts";
import type { Random } from "../helpers/random.ts";

// Node 20 has relaxed SIMD behind a flag; newer versions have it without.
if (Number.parseInt(process.versions.node, 10) < 21) setFlagsFromString("--experimental-wasm-relaxed-simd");

export type Variant = "simd" | "relaxed";

export function kernelOf(b: KernelBuilder, params: readonly BufferParam[], name = "k"): Kernel {
  return { name, params, body: b.finish(), sources: [] };
}

export function buffer(
  name: string,
  dtype: DType,
  size: number,
  access: BufferParam["access"] = "read",
): BufferParam {
  return { name, dtype, size, access };
}

/** A program that launches the kernel once, every parameter being an input or an output of it. */
export function programOf(kernel: Kernel): Program {
  const inputs = kernel.params.filter((p) => p.access === "read");
  const outputs = kernel.params.filter((p) => p.access !== "read");
  const buffers = kernel.params.map((p, id): ProgramBuffer => {
    const input = p.access === "read";
    return {
      id,
      kind: input ? "input" : "output",
      dtype: p.dtype,
      shape: [p.size],
      bytes: p.size * DTYPE_INFO[p.dtype].bytes,
      offset: (input ? inputs : outputs).indexOf(p),
      label: p.name,
    };
  });
  const describe = (p: BufferParam) => ({ dtype: p.dtype, shape: [p.size], label: p.name });
  return {
    name: kernel.name,
    inputs: inputs.map(describe),
    outputs: outputs.map(describe),
    aliases: outputs.map(() => null),
    tempBytes: 0,
    constants: new Uint8Array(0),
    buffers,
    kernels: [kernel],
    schedule: [
      {
        kind: "launch",
        kernel: kernel.name,
        args: kernel.params.map((_, i) => ({ buffer: i, offset: 0, strides: [] })),
      },
    ],
  };
}

/** The module of a variant, or null where this engine does not know it. */
export function moduleOf(program: Program, variant: Variant): WebAssembly.Module | null {
  const bytes = new Uint8Array(compileWasm(program).modules[variant]);
  if (variant === "relaxed" && !WebAssembly.validate(bytes)) return null;
  return new WebAssembly.Module(bytes);
}

/** Filled around the buffers, to see what is written outside of them. */
const CANARY = 0xa5;

/**
 * Runs `run` with the buffers at addresses that are not multiples of 16, with canaries around, and returns their
 * bytes. `high`: the last buffer ends with the memory as nearly as may be, so that a load past its end traps; `low`:
 * the first one begins just above 0, so that an address computed from a negative part wraps.
 */
export function runWasm(
  module: WebAssembly.Module,
  program: Program,
  contents: readonly Uint8Array[],
  place: "low" | "high" = "high",
): Uint8Array[] {
  const sizes = program.buffers.map((b) => b.bytes);
  const tableBytes = 8 + 4 * sizes.length;
  let end = 64 + tableBytes;
  const addresses = program.buffers.map((b) => {
    // Aligned to the element only: no instruction may count on more.
    const align = Math.max(8, DTYPE_INFO[b.dtype].bytes);
    const at = Math.ceil((end + 32) / align) * align;
    end = at + b.bytes;
    return at;
  });
  const pages = Math.ceil(end / 65536);
  const shift = place === "low" ? 0 : (pages * 65536 - end) & ~15;
  const memory = new WebAssembly.Memory({ initial: pages });
  const bytes = new Uint8Array(memory.buffer).fill(CANARY);
  const view = new DataView(memory.buffer);
  let next = 2 + program.inputs.length;
  let input = 2;
  program.buffers.forEach((b, i) => {
    addresses[i] += shift;
    bytes.set(contents[i], addresses[i]);
    view.setUint32(64 + 4 * (b.kind === "input" ? input++ : next++), addresses[i], true);
  });
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const run = instance.exports.run;
  assert.ok(typeof run === "function");
  run(64);
  const results = program.buffers.map((b, i) => bytes.slice(addresses[i], addresses[i] + b.bytes));
  program.buffers.forEach((b, i) => {
    bytes.fill(CANARY, addresses[i], addresses[i] + b.bytes);
  });
  bytes.fill(CANARY, 64, 64 + tableBytes);
  if (!Buffer.from(bytes.buffer).equals(Buffer.alloc(bytes.length, CANARY))) {
    const touched = bytes.findIndex((x) => x !== CANARY);
    assert.fail(`byte ${touched} outside of every buffer was written; buffers at ${addresses}`);
  }
  return results;
}

/** Result of the interpreter on a copy of the contents. */
export function runReference(kernel: Kernel, contents: readonly Uint8Array[]): Uint8Array[] {
  const copies = contents.map((c) => c.slice());
  runKernel(
    { ...kernel, body: expandUnroll(kernel.body) },
    copies.map((c) => new DataView(c.buffer)),
  );
  return copies;
}

export function encode(dtype: DType, values: readonly number[]): Uint8Array {
  const out = new Uint8Array(values.length * DTYPE_INFO[dtype].bytes);
  const view = new DataView(out.buffer);
  values.forEach((x, i) => {
    writeElement(view, i * DTYPE_INFO[dtype].bytes, dtype, x);
  });
  return out;
}

export function decode(dtype: DType, bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { bytes: width } = DTYPE_INFO[dtype];
  return Array.from({ length: bytes.length / width }, (_, i) => readElement(view, i * width, dtype));
}

export interface Agreement {
  /** Greatest difference, relative to `scale` or to the greater magnitude; 0 (the default): the same values. */
  readonly relative?: number;
  /** The same for the relaxed variant, whose fma rounds once. Default: `relative`. */
  readonly relaxed?: number;
}

/** Compiled once for all contents. */
const compiled = new WeakMap<
  Kernel,
  { simd: WebAssembly.Module | null; relaxed: WebAssembly.Module | null }
>();

/** Both variants give what the interpreter gives, in every buffer. */
export function checkKernel(
  kernel: Kernel,
  contents: readonly Uint8Array[],
  agreement: Agreement = {},
): void {
  const program = programOf(kernel);
  const modules = compiled.get(kernel) ?? {
    simd: moduleOf(program, "simd"),
    relaxed: moduleOf(program, "relaxed"),
  };
  compiled.set(kernel, modules);
  const expected = runReference(kernel, contents);
  for (const variant of ["simd", "relaxed"] as const) {
    const module = modules[variant];
    if (module === null) continue;
    const relative = (variant === "relaxed" ? agreement.relaxed : undefined) ?? agreement.relative ?? 0;
    for (const place of variant === "simd" ? (["high", "low"] as const) : (["high"] as const)) {
      const actual = runWasm(module, program, contents, place);
      kernel.params.forEach((param, i) => {
        const want = decode(param.dtype, expected[i]);
        const got = decode(param.dtype, actual[i]);
        const wrong = want.findIndex((w, at) => !agrees(got[at], w, relative));
        assert.equal(
          wrong,
          -1,
          `${variant}: ${param.name}[${wrong}] is ${got[wrong]}, the interpreter has ${want[wrong]}`,
        );
      });
    }
  }
}

function agrees(got: number, want: number, relative: number): boolean {
  if (Object.is(got, want)) return true;
  if (!Number.isFinite(want) || !Number.isFinite(got)) return false;
  // The sign of zero counts only where results must be the same.
  return relative > 0 && Math.abs(got - want) <= relative * Math.max(Math.abs(want), Math.abs(got));
}

const SPECIAL_FLOATS = [
  0,
  -0,
  1,
  -1,
  0.5,
  -1.5,
  2.5,
  Infinity,
  -Infinity,
  NaN,
  1e-40,
  3e9,
  -3e9,
  1e30,
  127.5,
  255.9,
];

/** Values that meet every corner of a dtype, then random ones. */
export function sampleValues(dtype: DType, count: number, random: Random): number[] {
  const { kind, min, max } = DTYPE_INFO[dtype];
  return Array.from({ length: count }, () => {
    if (kind === "bool") return random.chance(0.5) ? 1 : 0;
    if (kind === "float") {
      const pick = random.next();
      if (pick < 0.3) return SPECIAL_FLOATS[random.below(SPECIAL_FLOATS.length)];
      const x = (random.next() - 0.5) * 2 ** Math.floor(random.next() * 24 - 4);
      return dtype === "float64" ? x : Math.fround(x);
    }
    const pick = random.next();
    if (pick < 0.25) return [min, max, 0, 1, kind === "int" ? -1 : 2, 7][random.below(6)];
    if (pick < 0.6) return random.below(40) - (kind === "int" ? 20 : 0);
    return Math.floor(min + random.next() * (max - min));
  });
}

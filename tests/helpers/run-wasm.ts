/** Runs a compiled program's modules directly, without the runtime: each test sees one module and one memory. */
import { Buffer } from "node:buffer";
import type { Program } from "../../compiler/program/program.ts";
import { compileWasm } from "../../compiler/targets/wasm/compile.ts";
import { InternalError } from "../../compiler/types/errors.ts";
import { hasRelaxedSimd } from "../../runtime/relaxed-simd.ts";

export type Variant = "simd" | "relaxed";

const PAGE = 65536;
/** Where buffers start; below it nothing is placed, so that a stray negative offset hits nothing of ours. */
const BASE = 4096;

interface Exports {
  run(table: number): void;
}

function hasRun(exports: WebAssembly.Exports): exports is WebAssembly.Exports & Exports {
  return typeof exports.run === "function";
}

/** Compiles a program and runs it in every variant this engine knows. */
export function runVariants(
  program: Program,
  inputs: readonly Uint8Array[],
): { variant: Variant; outputs: Uint8Array[] }[] {
  const { modules, interface: bare } = compileWasm(program);
  const known: Variant[] = hasRelaxedSimd() ? ["simd", "relaxed"] : ["simd"];
  return known.map((variant) => ({
    variant,
    outputs: runModule({ ...program, tempBytes: bare.tempBytes }, modules[variant], inputs),
  }));
}

/** Runs a program on little-endian bytes of its inputs; returns the bytes of its outputs. Checks for stray writes. */
function runModule(program: Program, wasm: Uint8Array, inputs: readonly Uint8Array[]): Uint8Array[] {
  const module = new WebAssembly.Module(Buffer.from(wasm));
  let next = BASE;
  const reserve = (bytes: number): number => {
    const at = next;
    // A gap after each buffer holds a pattern that must survive.
    next += Math.ceil(bytes / 64) * 64 + 64;
    return at;
  };
  const outBytes = program.outputs.map((_, o) => {
    const buffer = program.buffers.find((b) => b.kind === "output" && b.offset === o);
    return buffer?.bytes ?? 0;
  });
  const temp = reserve(program.tempBytes);
  const constants = reserve(program.constants.length);
  const ins = inputs.map((bytes) => reserve(bytes.length));
  const outs = outBytes.map((bytes, o) => {
    const alias = program.aliases[o];
    return alias === null ? reserve(bytes) : ins[alias];
  });
  const table = reserve(4 * (2 + ins.length + outs.length));
  const memory = new WebAssembly.Memory({ initial: Math.ceil(next / PAGE) });
  const bytes = new Uint8Array(memory.buffer);
  bytes.fill(0xa5);
  bytes.set(program.constants, constants);
  for (const [i, at] of ins.entries()) bytes.set(inputs[i], at);
  new Int32Array(memory.buffer, table).set([temp, constants, ...ins, ...outs]);
  const before = bytes.slice();
  // From the last grain to the first: they may not depend on each other.
  const share = (table: number, kernel: number, grains: number): void => {
    const run = exports.grains;
    if (typeof run !== "function") throw new InternalError("the module exports no grains");
    for (let grain = grains - 1; grain >= 0; grain--) run(table, kernel, grain, grain + 1);
  };
  const { exports } = new WebAssembly.Instance(module, { env: { memory, share } });
  if (!hasRun(exports)) throw new InternalError("the module exports no run");
  exports.run(table);
  checkUntouched(before, bytes, [
    [temp, program.tempBytes],
    ...outs.map((at, o) => [at, outBytes[o]] as const),
  ]);
  return outs.map((at, o) => bytes.slice(at, at + outBytes[o]));
}

/** Everything but the temporaries and outputs must be as it was. */
function checkUntouched(
  before: Uint8Array,
  after: Uint8Array,
  written: readonly (readonly [at: number, bytes: number])[],
): void {
  const mask = after.slice();
  for (const [at, bytes] of written) mask.set(before.subarray(at, at + bytes), at);
  if (Buffer.compare(Buffer.from(mask.buffer), Buffer.from(before.buffer)) !== 0) {
    const at = mask.findIndex((b, i) => b !== before[i]);
    throw new InternalError(`the program wrote at ${at}, outside of its outputs and temporaries`);
  }
}

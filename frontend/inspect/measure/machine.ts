/**
 * What one core of this machine can do at most, as WebAssembly reaches it: multiplications and additions of registers
 * alone, and copying from memory to memory. The two lines of a roofline (Williams, Waterman and Patterson, 2009).
 */
import { type FunctionEncoder, ModuleEncoder } from "../../../compiler/targets/wasm/encoder.ts";
import { Op, Simd } from "../../../compiler/targets/wasm/opcodes.ts";
import { hasRelaxedSimd } from "../../../runtime/relaxed-simd.ts";

export interface Machine {
  /** Floating operations of 32 bits a second; a fused multiply-add is two. */
  readonly flops: number;
  /** Bytes a second, read and written together, of arrays that no cache holds. */
  readonly bandwidth: number;
  /** Whether multiplication and addition are one instruction (relaxed SIMD). */
  readonly fused: boolean;
}

/** As many as V8 keeps in x64's vector registers beside two operands. */
const ACCUMULATORS = 12;
const UNROLLED = 4;
const ITERATIONS = 20_000;
/** Bytes of each array that is copied. */
const ARRAY = 32 * 2 ** 20;
const PAGE = 65_536;
/** Bytes of one call: V8 replaces a function by its optimised code only between calls. */
const BLOCK = 2 ** 16;
/** The best of so many counts, as other programs can only slow it down. */
const ROUNDS = 12;

/** Measures it, in about 200 ms. */
export function measureMachine(): Machine {
  const fused = hasRelaxedSimd();
  const compute = instantiate((f) => computeBody(f, fused), new WebAssembly.Memory({ initial: 1 }));
  const operations = ITERATIONS * UNROLLED * ACCUMULATORS * 4 * 2;
  const flops = operations / bestTime(() => compute(ITERATIONS, 0));

  const memory = new WebAssembly.Memory({ initial: (2 * ARRAY) / PAGE });
  // Pages that were never written are all one page of zeros, which would be read from the cache.
  new Float32Array(memory.buffer).fill(1);
  const copy = instantiate(copyBody, memory);
  const pass = (): void => {
    for (let at = 0; at < ARRAY; at += BLOCK) copy(at, at + BLOCK);
  };
  return { flops, bandwidth: (2 * ARRAY) / bestTime(pass), fused };
}

/** Seconds. */
function bestTime(work: () => void): number {
  let best = Infinity;
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now();
    work();
    best = Math.min(best, performance.now() - start);
  }
  return best / 1000;
}

/** A function of two integers that works on `memory`. */
function instantiate(
  emit: (f: FunctionEncoder) => void,
  memory: WebAssembly.Memory,
): (a: number, b: number) => void {
  const module = new ModuleEncoder({ module: "env", field: "memory", min: 0 });
  const f = module.function(
    "run",
    [
      { name: "a", type: "i32" },
      { name: "b", type: "i32" },
    ],
    [],
  );
  emit(f);
  module.export("run", f);
  const bytes = new Uint8Array(module.finish());
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return exports.run as (a: number, b: number) => void;
}

/** Every accumulator times x plus y, `a` times over; stored at the end, so that nothing can be left out. */
function computeBody(f: FunctionEncoder, fused: boolean): void {
  const x = f.local("x", "v128");
  const y = f.local("y", "v128");
  const accumulators = Array.from({ length: ACCUMULATORS }, (_, i) => f.local(`a${i}`, "v128"));
  for (const [local, value] of [[x, 0.5] as const, [y, 0.25] as const]) {
    f.f32x4(value);
    f.set(local);
  }
  f.loop(() => {
    for (let u = 0; u < UNROLLED; u++) {
      for (const accumulator of accumulators) {
        f.get(accumulator);
        f.get(x);
        if (!fused) f.simd(Simd.f32x4Mul);
        f.get(y);
        f.simd(fused ? Simd.f32x4RelaxedMadd : Simd.f32x4Add);
        f.set(accumulator);
      }
    }
    f.get(0);
    f.i32(1);
    f.op(Op.i32Sub);
    f.tee(0);
    f.brIf(0);
  });
  for (const [i, accumulator] of accumulators.entries()) {
    f.get(1);
    f.get(accumulator);
    f.simdMemory(Simd.store, 0, 16 * i);
  }
}

/** Bytes a … b of the first array from the second, 64 at a time. */
function copyBody(f: FunctionEncoder): void {
  f.loop(() => {
    for (const offset of [0, 16, 32, 48]) {
      f.get(0);
      f.get(0);
      f.simdMemory(Simd.load, 0, ARRAY + offset);
      f.simdMemory(Simd.store, 0, offset);
    }
    f.get(0);
    f.i32(64);
    f.op(Op.i32Add);
    f.tee(0);
    f.get(1);
    f.op(Op.i32LtU);
    f.brIf(0);
  });
}

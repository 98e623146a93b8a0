/**
 * The limits of the core itself, as WebAssembly can reach them: multiplications and additions of registers alone, and
 * streaming through memory. Measured among the samples of each workload, since a shared machine is not the same from one
 * second to the next.
 */
import wabt from "wabt";
import { type Task, timeSync } from "./contender.ts";

/** As many as V8 keeps in x64's 16 vector registers beside two operands. */
const ACCUMULATORS = 12;
const UNROLLED = 4;
const ITERATIONS = 5000;
const PAGE = 65536;
/** Most bytes of one of the arrays that are streamed through: more than last-level caches hold. */
const LARGEST_ARRAY = 64 * 2 ** 20;

export interface Ceiling extends Task {
  /** Floating operations or bytes of one run. */
  readonly work: number;
}

export interface Ceilings {
  /** With fused multiply-add; null where the engine has no relaxed SIMD. */
  readonly fused: Ceiling | null;
  readonly mulAdd: Ceiling;
  /** Copying, with so many bytes read and written in all. */
  copy(bytes: number): Ceiling;
  /** a[i] = b[i] + 3·c[i], likewise. */
  triad(bytes: number): Ceiling;
}

export async function ceilings(): Promise<Ceilings> {
  const toWasm = await wabt();
  const instantiate = (text: string): WebAssembly.Exports | null => {
    const features = { simd: true, relaxed_simd: true };
    const module = toWasm.parseWat("ceiling.wat", text, features);
    const bytes = new Uint8Array(module.toBinary({}).buffer);
    module.destroy();
    return WebAssembly.validate(bytes)
      ? new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports
      : null;
  };
  const streams = instantiate(streamText());
  const mulAdd = instantiate(
    computeText("(f32x4.add (f32x4.mul (local.get $ACC) (local.get $x)) (local.get $y))"),
  );
  if (streams === null || mulAdd === null) throw new Error("this Node has no WebAssembly SIMD");
  const fused = instantiate(
    computeText("(f32x4.relaxed_madd (local.get $ACC) (local.get $x) (local.get $y))"),
  );
  return {
    fused: fused === null ? null : computeTask(fused),
    mulAdd: computeTask(mulAdd),
    copy: (bytes) => streamTask(streams, "copy", 2, bytes),
    triad: (bytes) => streamTask(streams, "triad", 3, bytes),
  };
}

/** Every accumulator times x plus y, over and over: bounded, and no operation can be left out. */
function computeText(step: string): string {
  const all = Array.from({ length: ACCUMULATORS }, (_, i) => `$a${i}`);
  const lines = all.map((name) => `(local.set ${name} ${step.replace("$ACC", name)})`).join("\n");
  return `(module (func (export "run") (param $n i32) (result f32)
    (local $x v128) (local $y v128) ${all.map((name) => `(local ${name} v128)`).join(" ")}
    (local.set $x (f32x4.splat (f32.const 0.5)))
    (local.set $y (f32x4.splat (f32.const 0.25)))
    ${all.map((name, i) => `(local.set ${name} (f32x4.splat (f32.const ${i + 1})))`).join("\n")}
    (loop $next
      ${Array(UNROLLED).fill(lines).join("\n")}
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (f32x4.extract_lane 0 ${all.slice(1).reduce((sum, name) => `(f32x4.add ${sum} (local.get ${name}))`, "(local.get $a0)")})))`;
}

function computeTask(exports: WebAssembly.Exports): Ceiling {
  const run = exported(exports, "run");
  return {
    work: ITERATIONS * UNROLLED * ACCUMULATORS * 4 * 2,
    sample: (repeats) => timeSync(() => run(ITERATIONS), repeats),
    results: () => [],
    dispose: () => {},
  };
}

/** Each call does one block, so that V8 runs its optimised code: it cannot replace a function that is running. */
function streamText(): string {
  const unrolled = (body: (offset: number) => string): string => [0, 16, 32, 48].map(body).join("\n");
  const loop = (body: (offset: number) => string, pointers: readonly string[]): string => `
    (loop $next
      ${unrolled(body)}
      ${pointers.map((p) => `(local.set ${p} (i32.add (local.get ${p}) (i32.const 64)))`).join("\n")}
      (br_if $next (i32.lt_u (local.get $to) (local.get $end))))`;
  const copy = (o: number): string =>
    `(v128.store offset=${o} (local.get $to) (v128.load offset=${o} (local.get $b)))`;
  const triad = (o: number): string =>
    `(v128.store offset=${o} (local.get $to) (f32x4.add (v128.load offset=${o} (local.get $b))
       (f32x4.mul (local.get $k) (v128.load offset=${o} (local.get $c)))))`;
  return `(module (memory (export "memory") ${(3 * LARGEST_ARRAY) / PAGE})
    (func (export "copy") (param $to i32) (param $end i32) (param $b i32) (param $c i32)
      ${loop(copy, ["$to", "$b"])})
    (func (export "triad") (param $to i32) (param $end i32) (param $b i32) (param $c i32) (local $k v128)
      (local.set $k (f32x4.splat (f32.const 3)))
      ${loop(triad, ["$to", "$b", "$c"])}))`;
}

const BLOCK = 2 ** 16;

function streamTask(
  exports: WebAssembly.Exports,
  name: "copy" | "triad",
  arrays: number,
  bytes: number,
): Ceiling {
  const block = exported(exports, name);
  const { memory } = exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new Error("the ceiling's module has no memory");
  // Pages that were never written are all one page of zeros, which would be read from the cache.
  const floats = new Float32Array(memory.buffer);
  if (floats[0] === 0) floats.fill(1);
  const size = Math.max(1, Math.round(Math.min(bytes / arrays, LARGEST_ARRAY) / BLOCK)) * BLOCK;
  const run = (): void => {
    for (let at = 0; at < size; at += BLOCK) {
      block(at, at + BLOCK, LARGEST_ARRAY + at, 2 * LARGEST_ARRAY + at);
    }
  };
  return {
    work: arrays * size,
    sample: (repeats) => timeSync(run, repeats),
    results: () => [],
    dispose: () => {},
  };
}

function exported(exports: WebAssembly.Exports, name: string): (...args: number[]) => unknown {
  const found = exports[name];
  if (typeof found !== "function") throw new Error(`the ceiling's module has no function ${name}`);
  return (...args) => found(...args);
}

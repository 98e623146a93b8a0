/** Identifiers of WGSL: what a name of a kernel becomes. */

/** Keywords and reserved words (WGSL, sections 3.7 and 15.3), and what the shader itself declares. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    "alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let loop " +
    "override requires return struct switch true var while NULL Self abstract active alignas alignof as asm asm_fragment async " +
    "attribute auto await become cast catch class co_await co_return co_yield coherent column_major common compile " +
    "compile_fragment concept const_cast consteval constexpr constinit crate debugger decltype delete demote " +
    "demote_to_helper do dynamic_cast enum explicit export extends extern external fallthrough filter final finally friend " +
    "from fxgroup get goto groupshared highp impl implements import inline instanceof interface layout lowp macro " +
    "macro_rules match mediump meta mod module move mut mutable namespace new nil noexcept noinline nointerpolation non_coherent " +
    "noncoherent noperspective null nullptr of operator package packoffset partition pass patch pixelfragment precise precision " +
    "premerge priv protected pub public readonly ref regardless register reinterpret_cast require resource restrict self set " +
    "shared sizeof smooth snorm static static_assert static_cast std subroutine super target template this thread_local throw " +
    "trait try type typedef typeid typename typeof union unless unorm unsafe unsized use using varying virtual volatile wgsl " +
    "where with writeonly yield bool f16 f32 i32 u32 array atomic vec2 vec3 vec4 ptr sampler abs all any bitcast ceil clamp " +
    "countLeadingZeros countOneBits extractBits floor fma max min round select sqrt trunc main invocation group subgroup lane lanes zero_bits"
  ).split(" "),
);

/** Identifiers that are taken in a module. */
export class Names {
  readonly #taken = new Set<string>();
  /** The number to try next for a name that is taken: a module of many kernels asks for the same ones again and again. */
  readonly #next = new Map<string, number>();

  /** The name as an identifier of its own: letters, digits and `_`, no reserved word, not one that is taken. */
  take(name: string): string {
    let plain = name.replace(/[^A-Za-z0-9_]/g, "_");
    if (!/^[A-Za-z]/.test(plain)) plain = `v${plain}`;
    let n = this.#next.get(plain) ?? 0;
    let candidate = n === 0 ? plain : `${plain}_${n}`;
    while (RESERVED.has(candidate) || this.#taken.has(candidate)) candidate = `${plain}_${++n}`;
    this.#next.set(plain, n + 1);
    this.#taken.add(candidate);
    return candidate;
  }
}

/**
 * Functions in WGSL for what the language leaves undefined or does otherwise than the kernel IR: conversions of NaN and
 * out-of-range floats, integer division by zero, shifts by too much, NaN and signed zero in max and min, the exact
 * remainder and the multiply-add rounded once. Those that are called often choose instead of branching: drivers write
 * them into their callers, and SwiftShader's optimizer takes minutes for some loops with dozens of branches.
 */

interface Helper {
  readonly uses?: readonly string[];
  readonly text: string;
}

const HELPERS: Readonly<Record<string, Helper>> = {
  is_nan: {
    text: `fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`,
  },
  ne_f32: {
    uses: ["is_nan"],
    text: `fn ne_f32(x: f32, y: f32) -> bool { return (x != y) | is_nan(x) | is_nan(y); }`,
  },
  max_f32: {
    uses: ["ne_f32"],
    text: `// NaN wins, and +0 is greater than -0.
fn max_f32(x: f32, y: f32) -> f32 {
  let both = bitcast<f32>(bitcast<u32>(x) & bitcast<u32>(y));
  return select(select(both, select(y, x, x > y), ne_f32(x, y)), x, is_nan(x));
}`,
  },
  min_f32: {
    uses: ["ne_f32"],
    text: `// NaN wins, and -0 is less than +0.
fn min_f32(x: f32, y: f32) -> f32 {
  let both = bitcast<f32>(bitcast<u32>(x) | bitcast<u32>(y));
  return select(select(both, select(y, x, x < y), ne_f32(x, y)), x, is_nan(x));
}`,
  },
  f32_to_i32: {
    uses: ["is_nan"],
    text: `// Truncates and saturates; NaN is 0.
fn f32_to_i32(x: f32) -> i32 {
  if (is_nan(x)) { return 0; }
  if (x >= 2147483648.0) { return 2147483647; }
  if (x < -2147483648.0) { return bitcast<i32>(0x80000000u); }
  return i32(x);
}`,
  },
  f32_to_u32: {
    uses: ["is_nan"],
    text: `// Truncates and saturates; NaN is 0.
fn f32_to_u32(x: f32) -> u32 {
  if (is_nan(x) || x <= 0.0) { return 0u; }
  if (x >= 4294967296.0) { return 0xffffffffu; }
  return u32(x);
}`,
  },
  div_i32: {
    text: `// Truncates; x / 0 is -1 and the least number / -1 itself.
fn div_i32(x: i32, y: i32) -> i32 {
  if (y == 0) { return -1; }
  if (y == -1) { return 0 - x; }
  return x / y;
}`,
  },
  rem_i32: {
    text: `// Sign of the dividend; x % 0 is x.
fn rem_i32(x: i32, y: i32) -> i32 {
  if (y == 0) { return x; }
  if (y == -1) { return 0; }
  return x - (x / y) * y;
}`,
  },
  div_u32: {
    text: `fn div_u32(x: u32, y: u32) -> u32 { return select(x / max(y, 1u), 0xffffffffu, y == 0u); }`,
  },
  rem_u32: {
    text: `fn rem_u32(x: u32, y: u32) -> u32 { return select(x % max(y, 1u), x, y == 0u); }`,
  },
  rem_f32: {
    uses: ["is_nan"],
    text: `// C's fmod, exact: subtracts the divisor times powers of two from the dividend's digits.
fn rem_f32(x: f32, y: f32) -> f32 {
  let sign = bitcast<u32>(x) & 0x80000000u;
  var a = bitcast<u32>(x) & 0x7fffffffu;
  let b = bitcast<u32>(y) & 0x7fffffffu;
  if (b == 0u || a >= 0x7f800000u || b > 0x7f800000u) { return bitcast<f32>(0x7fc00000u | zero_bits); }
  if (a < b) { return x; }
  if (a == b) { return bitcast<f32>(sign | zero_bits); }
  var ea = i32(a >> 23u);
  var eb = i32(b >> 23u);
  var ma = a & 0x7fffffu;
  var mb = b & 0x7fffffu;
  if (ea == 0) { let z = countLeadingZeros(ma) - 8u; ma = ma << z; ea = 1 - i32(z); } else { ma = ma | 0x800000u; }
  if (eb == 0) { let z = countLeadingZeros(mb) - 8u; mb = mb << z; eb = 1 - i32(z); } else { mb = mb | 0x800000u; }
  for (; ea > eb; ea--) {
    if (ma >= mb) { ma = ma - mb; }
    if (ma == 0u) { break; }
    ma = ma << 1u;
  }
  if (ma >= mb) { ma = ma - mb; }
  if (ma == 0u) { return bitcast<f32>(sign | zero_bits); }
  let z = countLeadingZeros(ma) - 8u;
  ma = ma << z;
  ea = ea - i32(z);
  if (ea > 0) { return bitcast<f32>(sign | (u32(ea) << 23u) | (ma & 0x7fffffu)); }
  return bitcast<f32>(sign | (ma >> u32(1 - ea)));
}`,
  },
  f16_to_f32: {
    text: `fn f16_to_f32(h: u32) -> f32 {
  let sign = (h & 0x8000u) << 16u;
  let magnitude = h & 0x7fffu;
  if (magnitude >= 0x7c00u) { return bitcast<f32>(sign | 0x7f800000u | (magnitude << 13u) | zero_bits); }
  if (magnitude < 0x400u) { return bitcast<f32>(bitcast<u32>(f32(magnitude) * 5.9604645e-8) | sign); }
  return bitcast<f32>(sign | ((magnitude << 13u) + 0x38000000u));
}`,
  },
  f32_to_f16: {
    text: `// Ties to even.
fn f32_to_f16(x: f32) -> u32 {
  let sign = (bitcast<u32>(x) >> 16u) & 0x8000u;
  let magnitude = bitcast<u32>(x) & 0x7fffffffu;
  if (magnitude > 0x7f800000u) { return 0x7e00u; }
  if (magnitude >= 0x477ff000u) { return sign | 0x7c00u; }
  if (magnitude < 0x38800000u) { return sign | u32(round(bitcast<f32>(magnitude) * 16777216.0)); }
  let rebased = magnitude - 0x38000000u;
  return sign | ((rebased + 0xfffu + ((rebased >> 13u) & 1u)) >> 13u);
}`,
  },
  keep: {
    text: `// The same number, in a way that compilers do not see through: they may reassociate sums, and some do.
fn keep(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) | zero_bits); }`,
  },
  fused_f32: {
    uses: ["keep"],
    text: `// The sum and its rounding error (Knuth).
fn two_sum(a: f32, b: f32) -> vec2f {
  let s = keep(a + b);
  let bb = keep(s - a);
  return vec2f(s, keep(a - keep(s - bb)) + keep(b - bb));
}
// x * y + z rounded once, without the instruction: the product's error by Dekker's splitting, the sum by rounding to odd
// (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008). Rounded twice where the product's error
// is below the normal numbers.
fn fused_f32(x: f32, y: f32, z: f32) -> f32 {
  let p = keep(x * y);
  let xh = bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
  let yh = bitcast<f32>(bitcast<u32>(y) & 0xfffff000u);
  let xl = keep(x - xh);
  let yl = keep(y - yh);
  let e = keep(keep(keep(keep(xh * yh) - p) + keep(xh * yl)) + keep(xl * yh)) + keep(xl * yl);
  let t = two_sum(z, keep(e));
  let v = two_sum(p, t.x);
  let w = two_sum(t.y, v.y);
  let bits = bitcast<u32>(w.x);
  // To odd: what is cut off leaves its mark in the last bit. Without a branch: drivers take long over many in a loop.
  let odd = select(bits - 1u, bits + 1u, (w.y > 0.0) == (w.x > 0.0));
  let sum = v.x + bitcast<f32>(select(bits, odd, (w.y != 0.0) & ((bits & 1u) == 0u)));
  return select(p + z, sum, abs(sum) <= 3.4028234663852886e38f);
}`,
  },
};

/** The texts of these helpers and of those they use, each once, used ones first. */
export function helperTexts(names: Iterable<string>): string[] {
  const done = new Set<string>();
  const texts: string[] = [];
  const visit = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const { uses = [], text } = HELPERS[name];
    uses.forEach(visit);
    texts.push(text);
  };
  for (const name of names) visit(name);
  return texts;
}

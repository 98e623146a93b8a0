/**
 * Functions in WGSL for what the language leaves undefined or does otherwise than the kernel IR: conversions of NaN and
 * out-of-range floats, integer division by zero, shifts by too much, NaN and signed zero in max and min, the exact
 * remainder and the multiply-add rounded once.
 */

interface Helper {
  readonly uses?: readonly string[];
  readonly text: string;
}

const HELPERS: Readonly<Record<string, Helper>> = {
  is_nan: {
    text: `fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`,
  },
  max_f32: {
    uses: ["is_nan"],
    text: `// NaN wins, and +0 is greater than -0.
fn max_f32(x: f32, y: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (is_nan(y)) { return y; }
  if (x == y) { return bitcast<f32>(bitcast<u32>(x) & bitcast<u32>(y)); }
  return select(y, x, x > y);
}`,
  },
  min_f32: {
    uses: ["is_nan"],
    text: `// NaN wins, and -0 is less than +0.
fn min_f32(x: f32, y: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (is_nan(y)) { return y; }
  if (x == y) { return bitcast<f32>(bitcast<u32>(x) | bitcast<u32>(y)); }
  return select(y, x, x < y);
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
  fused_f32: {
    text: `// 64 bits as two words, the upper one first.
fn shift_left(v: vec2u, n: u32) -> vec2u {
  if (n == 0u) { return v; }
  if (n >= 32u) { return vec2u(v.y << (n - 32u), 0u); }
  return vec2u((v.x << n) | (v.y >> (32u - n)), v.y << n);
}
// What is shifted out leaves its mark in the last bit, so that rounding later still knows of it.
fn shift_right(v: vec2u, n: u32) -> vec2u {
  if (n == 0u) { return v; }
  if (n >= 64u) { return vec2u(0u, select(0u, 1u, (v.x | v.y) != 0u)); }
  if (n >= 32u) {
    let out = v.y | select(0u, v.x << (64u - n), n > 32u);
    return vec2u(0u, (v.x >> (n - 32u)) | select(0u, 1u, out != 0u));
  }
  return vec2u(v.x >> n, (v.x << (32u - n)) | (v.y >> n) | select(0u, 1u, (v.y << (32u - n)) != 0u));
}
fn leading_zeros(v: vec2u) -> u32 {
  return select(countLeadingZeros(v.x), 32u + countLeadingZeros(v.y), v.x == 0u);
}
// x * y + z rounded once, in integers: no target need have the instruction.
fn fused_f32(x: f32, y: f32, z: f32) -> f32 {
  let bx = bitcast<u32>(x);
  let by = bitcast<u32>(y);
  let bz = bitcast<u32>(z);
  let ax = bx & 0x7fffffffu;
  let ay = by & 0x7fffffffu;
  let az = bz & 0x7fffffffu;
  if (ax >= 0x7f800000u || ay >= 0x7f800000u || az >= 0x7f800000u || ax == 0u || ay == 0u) { return x * y + z; }
  let mx = select(ax & 0x7fffffu, (ax & 0x7fffffu) | 0x800000u, ax >= 0x800000u);
  let my = select(ay & 0x7fffffu, (ay & 0x7fffffu) | 0x800000u, ay >= 0x800000u);
  let mz = select(az & 0x7fffffu, (az & 0x7fffffu) | 0x800000u, az >= 0x800000u);
  // The product of 24 by 24 bits, by halves of 12.
  let xl = mx & 0xfffu;
  let xh = mx >> 12u;
  let yl = my & 0xfffu;
  let yh = my >> 12u;
  let middle = xh * yl + xl * yh;
  let low = xl * yl;
  let sum = low + (middle << 12u);
  let high = xh * yh;
  let total = sum + (high << 24u);
  let carries = select(0u, 1u, sum < low) + select(0u, 1u, total < sum);
  var p = vec2u((high >> 8u) + (middle >> 20u) + carries, total);
  var ep = i32(max(ax >> 23u, 1u)) + i32(max(ay >> 23u, 1u)) - 300;
  // Leading ones at bit 61: a value is m * 2^e.
  let np = leading_zeros(p) - 2u;
  p = shift_left(p, np);
  ep = ep - i32(np);
  let sp = (bx ^ by) & 0x80000000u;
  var m = p;
  var e = ep;
  var s = sp;
  if (az != 0u) {
    var q = vec2u(0u, mz);
    let nz = leading_zeros(q) - 2u;
    q = shift_left(q, nz);
    var ez = i32(max(az >> 23u, 1u)) - 150 - i32(nz);
    let sz = bz & 0x80000000u;
    if (ep >= ez) { q = shift_right(q, u32(min(ep - ez, 64))); e = ep; }
    else { p = shift_right(p, u32(min(ez - ep, 64))); e = ez; }
    if (sp == sz) {
      let y0 = p.y + q.y;
      m = vec2u(p.x + q.x + select(0u, 1u, y0 < p.y), y0);
    } else {
      let bigger = p.x > q.x || (p.x == q.x && p.y >= q.y);
      let a = select(q, p, bigger);
      let b = select(p, q, bigger);
      s = select(sz, sp, bigger);
      m = vec2u(a.x - b.x - select(0u, 1u, a.y < b.y), a.y - b.y);
      if (m.x == 0u && m.y == 0u) { return 0.0; }
    }
  }
  let n = leading_zeros(m);
  // To 24 digits with the leading one at bit 63, or to as many as a subnormal number has.
  m = shift_left(m, n);
  e = e - i32(n) + 63;
  var drop = 40u;
  if (e < -126) { drop = u32(-86 - e); }
  if (drop > 64u) { return bitcast<f32>(s | zero_bits); }
  let kept = shift_right(m, drop - 2u);
  var digits = kept.y >> 2u;
  let rest = kept.y & 3u;
  if (rest > 2u || (rest == 2u && (digits & 1u) == 1u)) { digits = digits + 1u; }
  if (e > 127) { return bitcast<f32>(s | 0x7f800000u | zero_bits); }
  // Adding lets a carry of the rounding run into the exponent.
  if (e < -126) { return bitcast<f32>(s | digits | zero_bits); }
  return bitcast<f32>((s | zero_bits) + (u32(e + 126) << 23u) + digits);
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

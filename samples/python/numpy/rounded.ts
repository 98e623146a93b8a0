/**
 * exp and log rounded correctly. `Math.exp` and `Math.log` may be off by a unit in the last place, differently in each
 * engine, and NumPy's numbers are to come out bit for bit everywhere. Slow; meant for a few hundred values.
 */

/** Fixed point with this many bits after the point. */
const BITS = 128n;
const ONE = 1n << BITS;
const LN2 = 2n * atanh(ONE / 3n);

/** e^x for |x| < 64. */
export function roundedExp(x: number): number {
  // e^x = (e^(x/2^16))^(2^16): the squarings cost 16 of the 128 bits.
  const reduced = toFixed(x) >> 16n;
  let sum = ONE;
  let term = ONE;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    term = (term * reduced) / (n << BITS);
    sum += term;
  }
  for (let i = 0; i < 16; i++) sum = (sum * sum) >> BITS;
  return fromFixed(sum);
}

/** The natural logarithm for 2⁻⁶⁰ < x < 2⁶⁰. */
export function roundedLog(x: number): number {
  let exponent = 0n;
  let mantissa = toFixed(x);
  while (mantissa > (ONE * 3n) / 2n) {
    mantissa >>= 1n;
    exponent++;
  }
  while (mantissa < (ONE * 3n) / 4n) {
    mantissa <<= 1n;
    exponent--;
  }
  return fromFixed(exponent * LN2 + 2n * atanh(((mantissa - ONE) << BITS) / (mantissa + ONE)));
}

/** artanh for |z| ≤ 1/3, by its series. */
function atanh(z: bigint): bigint {
  const square = (z * z) >> BITS;
  let sum = 0n;
  let power = z;
  for (let n = 1n; power !== 0n && power !== -1n; n += 2n) {
    sum += power / n;
    power = (power * square) >> BITS;
  }
  return sum;
}

function toFixed(x: number): bigint {
  return BigInt(x * 2 ** Number(BITS));
}

/** The nearest double: the conversion of a bigint rounds to even, and the scaling is exact. */
function fromFixed(x: bigint): number {
  return Number(x) * 2 ** -Number(BITS);
}

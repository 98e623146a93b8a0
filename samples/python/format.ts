/** Python's number formatting. */

const view = new DataView(new ArrayBuffer(8));

/**
 * `f"{x:.{digits}f}"`: rounded from the exact value of the double, halves to even. `toFixed` rounds halves up: 0.625
 * with two digits is 0.62 in Python and 0.63 there.
 */
export function formatFixed(x: number, digits: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  const negative = x < 0 || Object.is(x, -0);
  const { mantissa, exponent } = parts(Math.abs(x));
  // |x| · 10^digits = numerator / denominator
  const numerator = mantissa * 10n ** BigInt(digits) * (exponent > 0 ? 2n ** BigInt(exponent) : 1n);
  const denominator = exponent < 0 ? 2n ** BigInt(-exponent) : 1n;
  let quotient = numerator / denominator;
  const twice = 2n * (numerator % denominator);
  if (twice > denominator || (twice === denominator && quotient % 2n === 1n)) quotient += 1n;
  const text = quotient.toString().padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const sign = negative ? "-" : "";
  return digits === 0 ? `${sign}${whole}` : `${sign}${whole}.${text.slice(-digits)}`;
}

/** x = mantissa · 2^exponent, exactly. */
function parts(x: number): { mantissa: bigint; exponent: number } {
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const fraction = bits & ((1n << 52n) - 1n);
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

/**
 * `f"{x:.{precision}g}"`: significant digits, with an exponent where it is large or small. `alternate` is `#`: it keeps
 * trailing zeros and the point.
 */
export function formatGeneral(
  x: number,
  precision: number,
  { alternate = false }: { alternate?: boolean } = {},
): string {
  if (!Number.isFinite(x)) return formatFixed(x, 0);
  const [mantissa, exponentText] = x.toExponential(precision - 1).split("e");
  const exponent = Number(exponentText);
  const trimmed = (text: string): string =>
    alternate || !text.includes(".") ? text : text.replace(/\.?0+$/, "");
  if (exponent < -4 || exponent >= precision) {
    const sign = exponent < 0 ? "-" : "+";
    return `${trimmed(mantissa!)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const decimals = precision - 1 - exponent;
  const text = formatFixed(x, decimals);
  return alternate && decimals === 0 ? `${text}.` : trimmed(text);
}

/** `text.center(width)`: an odd space goes to the left where the width is odd. */
export function center(text: string, width: number): string {
  const space = Math.max(0, width - text.length);
  const left = (space >> 1) + (space & width & 1);
  return " ".repeat(left) + text + " ".repeat(space - left);
}

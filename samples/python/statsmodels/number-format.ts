/** Python's number formats. */

export interface GeneralOptions {
  /** Least width of the text, filled with spaces on the left. */
  readonly width?: number;
  /** `#`: keeps trailing zeros and the point. */
  readonly alternate?: boolean;
}

/** `f"{x:#8.3f}"` */
export function formatFixed(x: number, decimals: number, width = 0): string {
  const text = special(x) ?? (Object.is(x, -0) ? `-${(0).toFixed(decimals)}` : x.toFixed(decimals));
  return text.padStart(width);
}

/** `f"{x:9.3g}"` or `f"{x:#9.3g}"`: `precision` significant digits, with an exponent where it is large or small. */
export function formatGeneral(x: number, precision: number, options: GeneralOptions = {}): string {
  const { width = 0, alternate = false } = options;
  return (special(x) ?? general(x, precision, alternate)).padStart(width);
}

function general(x: number, precision: number, alternate: boolean): string {
  const [mantissa, exponentText] = x.toExponential(precision - 1).split("e");
  const exponent = Number(exponentText);
  const trimmed = (text: string): string =>
    alternate || !text.includes(".") ? text : text.replace(/\.?0+$/, "");
  if (exponent < -4 || exponent >= precision) {
    const sign = exponent < 0 ? "-" : "+";
    return `${trimmed(mantissa!)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const decimals = precision - 1 - exponent;
  const text = x.toFixed(decimals);
  return alternate && decimals === 0 ? `${text}.` : trimmed(text);
}

function special(x: number): string | null {
  if (Number.isNaN(x)) return "nan";
  if (Number.isFinite(x)) return null;
  return x > 0 ? "inf" : "-inf";
}

/** `text.center(width)`: an odd space goes to the left where the width is odd. */
export function center(text: string, width: number): string {
  const space = Math.max(0, width - text.length);
  const left = (space >> 1) + (space & width & 1);
  return " ".repeat(left) + text + " ".repeat(space - left);
}

/** Numbers as people read them. */

const BYTES = ["B", "KB", "MB", "GB"];

/** `1.5 KB`: powers of 1024. */
export function bytes(n: number): string {
  let unit = 0;
  while (n >= 1024 && unit < BYTES.length - 1) {
    n /= 1024;
    unit++;
  }
  return `${Number.isInteger(n) ? n : n.toFixed(n < 10 ? 2 : 1)} ${BYTES[unit]}`;
}

/** `1.23 M`: powers of 1000. */
export function count(n: number): string {
  const units = ["", " k", " M", " G", " T"];
  let unit = 0;
  while (Math.abs(n) >= 1000 && unit < units.length - 1) {
    n /= 1000;
    unit++;
  }
  // Without zeros at the end.
  return `${Number(n.toPrecision(3))}${units[unit]}`;
}

export function time(milliseconds: number): string {
  if (milliseconds === 0) return "0";
  if (milliseconds < 0.001) return `${(milliseconds * 1e6).toFixed(0)} ns`;
  if (milliseconds < 1) return `${(milliseconds * 1000).toPrecision(3)} µs`;
  return milliseconds < 1000 ? `${milliseconds.toPrecision(3)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

export function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

export function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

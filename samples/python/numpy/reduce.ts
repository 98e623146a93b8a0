/** NumPy's reductions of plain lists of doubles, which the ports of statistics packages are written with. */

export type Vector = ArrayLike<number>;

export function sum(x: Vector): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) total += x[i]!;
  return total;
}

export function mean(x: Vector): number {
  return sum(x) / x.length;
}

/** `np.var(x, ddof=…)` */
export function variance(x: Vector, ddof = 0): number {
  const center = mean(x);
  let total = 0;
  for (let i = 0; i < x.length; i++) total += (x[i]! - center) ** 2;
  return total / (x.length - ddof);
}

/** `np.std(x, ddof=…)` */
export function std(x: Vector, ddof = 0): number {
  return Math.sqrt(variance(x, ddof));
}

/** A sorted copy. */
export function sorted(x: Vector): Float64Array {
  return Float64Array.from(x).sort();
}

/** `np.quantile(x, q)`: linear between the order statistics (R's type 7). */
export function quantile(x: Vector, q: number): number {
  const order = sorted(x);
  const position = q * (order.length - 1);
  const below = Math.min(Math.floor(position), order.length - 1);
  const above = Math.min(below + 1, order.length - 1);
  return order[below]! + (order[above]! - order[below]!) * (position - below);
}

export function median(x: Vector): number {
  const order = sorted(x);
  const middle = order.length >> 1;
  return order.length % 2 === 1 ? order[middle]! : (order[middle - 1]! + order[middle]!) / 2;
}

/** `np.round(x, decimals)`: half to even. */
export function round(x: number, decimals = 0): number {
  const scale = 10 ** decimals;
  const scaled = x * scale;
  const below = Math.floor(scaled);
  const rest = scaled - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 !== 0);
  const rounded = (up ? below + 1 : below) / scale;
  return rounded === 0 && x < 0 ? -0 : rounded;
}

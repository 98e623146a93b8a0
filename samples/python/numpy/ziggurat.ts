/**
 * `Generator.standard_normal`: the ziggurat method (G. Marsaglia and W. W. Tsang, 2000) with 256 layers, as in NumPy's
 * distributions.c.
 */
import type { Pcg64 } from "./pcg64.ts";
import { roundedExp, roundedLog } from "./rounded.ts";

/** Where the tail begins, and the area of each layer. */
const R = 3.6541528853610088;
const INVERSE_R = 0.27366123732975828;
const AREA = 0.0049286732339746519;
const LAYERS = 256;

interface Tables {
  /** Below this a 52-bit number lies in the layer whatever its height. */
  readonly k: readonly bigint[];
  /** Width of the layer per unit of the 52-bit number. */
  readonly w: readonly number[];
  /** The density, unnormalised, at the edge of the layer. */
  readonly f: readonly number[];
}

let tables: Tables | null = null;

/**
 * NumPy ships these tables as constants. They come from the recursion below in doubles, with exp and log of the C
 * library of their author, which round correctly here but for one value.
 */
function makeTables(): Tables {
  const density = (x: number): number => roundedExp(-0.5 * x * x);
  const edges: number[] = new Array(LAYERS).fill(0);
  const f: number[] = new Array(LAYERS).fill(1);
  edges[LAYERS - 1] = R;
  for (let i = LAYERS - 1; i > 0; i--) {
    f[i] = density(edges[i]!);
    if (i === 38) f[i]! += 2 ** -53;
    if (i > 1) edges[i - 1] = Math.sqrt(-2 * roundedLog(f[i]! + AREA / edges[i]!));
  }
  const scale = 2 ** 52;
  const tail = density(R);
  const k = edges.map((edge, i) => {
    const ratio = i === 0 ? (R * tail) / AREA : edges[i - 1]! / edge;
    // Rounds half to even, as np.round does: between 2⁵² and 2⁵³ doubles are integers.
    return BigInt(ratio * scale + scale - scale);
  });
  const w = edges.map((edge, i) => (i === 0 ? AREA / tail : edge) / scale);
  return { k, w, f };
}

/** One standard normal number. */
export function standardNormal(bits: Pcg64): number {
  tables ??= makeTables();
  const { k, w, f } = tables;
  for (;;) {
    const word = bits.nextUint64();
    const layer = Number(word & 0xffn);
    const sign = (word >> 8n) & 1n;
    const magnitude = (word >> 9n) & 0x000fffffffffffffn;
    const x = Number(magnitude) * w[layer]! * (sign === 1n ? -1 : 1);
    if (magnitude < k[layer]!) return x;
    if (layer === 0) return tail(bits, (magnitude >> 8n) & 1n);
    if ((f[layer - 1]! - f[layer]!) * bits.nextDouble() + f[layer]! < Math.exp(-0.5 * x * x)) return x;
  }
}

function tail(bits: Pcg64, sign: bigint): number {
  for (;;) {
    // log1p of JavaScript engines and of the C library are both the one of fdlibm.
    const x = -INVERSE_R * Math.log1p(-bits.nextDouble());
    const y = -Math.log1p(-bits.nextDouble());
    if (y + y > x * x) return sign === 1n ? -(R + x) : R + x;
  }
}

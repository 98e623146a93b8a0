/** SHA-1 (FIPS 180-4), synchronous in every environment, which Web Crypto is not. For names only: no secrets. */

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

/** The first 32 bits of the SHA-1 digest, as an unsigned integer. */
export function sha1Head(message: Uint8Array): number {
  // The message, a one bit, zeros, and its length in bits, in blocks of 64 bytes.
  const padded = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor((message.length * 8) / 2 ** 32));
  view.setUint32(padded.length - 4, (message.length * 8) >>> 0);

  const h = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  const w = new Int32Array(80);
  for (let block = 0; block < padded.length; block += 64) {
    for (let t = 0; t < 16; t++) w[t] = view.getInt32(block + 4 * t);
    for (let t = 16; t < 80; t++) w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    let [a, b, c, d, e] = h;
    for (let t = 0; t < 80; t++) {
      const next =
        (rotate(a, 5) + roundFunction(t, b, c, d) + e + ROUND_CONSTANTS[Math.floor(t / 20)] + w[t]) | 0;
      [a, b, c, d, e] = [next, a, rotate(b, 30), c, d];
    }
    for (const [i, x] of [a, b, c, d, e].entries()) h[i] = (h[i] + x) | 0;
  }
  return h[0] >>> 0;
}

/** FIPS 180-4, 4.2.1. */
const ROUND_CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];

function roundFunction(t: number, b: number, c: number, d: number): number {
  if (t < 20) return (b & c) | (~b & d);
  if (t >= 40 && t < 60) return (b & c) | (b & d) | (c & d);
  return b ^ c ^ d;
}

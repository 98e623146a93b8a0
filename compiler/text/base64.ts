/** Base64 (RFC 4648, with padding) of constant data, the same in every JavaScript engine. */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PAD = 61;

/** Character codes of the digits, and the digits of character codes (-1: none). */
const CODES = Uint8Array.from(ALPHABET, (c) => c.charCodeAt(0));
const DIGITS = new Int8Array(128).fill(-1);
for (const [digit, code] of CODES.entries()) DIGITS[code] = digit;

export function encodeBase64(bytes: Uint8Array): string {
  const codes = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  let at = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const word = (bytes[i] << 16) | (left > 1 ? bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
    codes[at++] = CODES[word >> 18];
    codes[at++] = CODES[(word >> 12) & 63];
    codes[at++] = left > 1 ? CODES[(word >> 6) & 63] : PAD;
    codes[at++] = left > 2 ? CODES[word & 63] : PAD;
  }
  return new TextDecoder().decode(codes);
}

/** The bytes of canonical base64, or null where the text is none. */
export function decodeBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let at = 0;
  let word = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const digit = i >= digits ? 0 : code < 128 ? DIGITS[code] : -1;
    if (digit < 0) return null;
    word = (word << 6) | digit;
    if ((i & 3) !== 3) continue;
    // Bits below the padding must be zero, so that one value has one text.
    const unused = i + 1 === text.length ? padding : 0;
    if ((word & (2 ** (8 * unused) - 1)) !== 0) return null;
    for (let shift = 16; shift >= 8 * unused; shift -= 8) bytes[at++] = (word >> shift) & 255;
    word = 0;
  }
  return bytes;
}

/** CRC-32 as zlib, gzip and PNG have it (ISO 3309, polynomial 0x04c11db7 reflected): tells whether bytes were altered. */

/** Declared table: the remainder of each byte, of that byte followed by one zero byte, by two and by three. */
const TABLES = Array.from({ length: 4 }, () => new Int32Array(256));

for (let i = 0; i < 256; i++) {
  let c = i;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  TABLES[0][i] = c;
}
for (let t = 1; t < 4; t++) {
  for (let i = 0; i < 256; i++) {
    const c = TABLES[t - 1][i];
    TABLES[t][i] = (c >>> 8) ^ TABLES[0][c & 255];
  }
}

/** The checksum of some bytes, four at a time. */
export function crc32(bytes: Uint8Array): number {
  const [one, two, three, four] = TABLES;
  let c = -1;
  let i = 0;
  for (const end = bytes.length - 3; i < end; i += 4) {
    c ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    c = four[c & 255] ^ three[(c >>> 8) & 255] ^ two[(c >>> 16) & 255] ^ one[c >>> 24];
  }
  for (; i < bytes.length; i++) c = (c >>> 8) ^ one[(c ^ bytes[i]) & 255];
  return ~c >>> 0;
}

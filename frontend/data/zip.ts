/** Zip archives (PKWARE's APPNOTE 6.3), as .npz files are: entries stored or deflated, also of 64-bit sizes. */
import { WeftTypeError } from "../core/index.ts";
import { ByteReader, formatError, quoted } from "./bytes.ts";
import { crc32, deflateRaw, inflateRaw } from "./compression.ts";

const FORMAT = "zip archive";
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const END64_LOCATOR = 0x07064b50;
const ENTRIES_AT_MOST = 1 << 20;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly compressed: number;
  readonly size: number;
  /** Of the local header. */
  readonly offset: number;
}

/**
 * The entries of an archive by name, in its order. Throws WeftValueError for what is no archive, is cut off, has
 * contradictory headers or wrong checksums, is encrypted or compressed otherwise.
 */
export async function readZip(bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const used: { from: number; to: number; name: string }[] = [];
  for (const entry of centralDirectory(bytes)) {
    if (files.has(entry.name)) {
      throw formatError(FORMAT, entry.offset, `there are two entries ${quoted(entry.name)}`);
    }
    const { packed, at } = localData(bytes, entry);
    // Entries that share bytes are how small archives claim to hold petabytes.
    used.push({ from: entry.offset, to: at + packed.length, name: entry.name });
    files.set(entry.name, await contents(entry, packed, at));
  }
  used.sort((a, b) => a.from - b.from);
  for (let i = 1; i < used.length; i++) {
    if (used[i].from < used[i - 1].to) {
      throw formatError(
        FORMAT,
        used[i].from,
        `entries ${quoted(used[i - 1].name)} and ${quoted(used[i].name)} overlap`,
      );
    }
  }
  return files;
}

async function contents(entry: Entry, packed: Uint8Array, at: number): Promise<Uint8Array> {
  const fail = (problem: string) => formatError(FORMAT, at, `entry ${quoted(entry.name)}: ${problem}`);
  let data = packed;
  if (entry.method === 8) data = await inflateRaw(packed, entry.size, fail);
  else if (entry.method !== 0)
    throw fail(`compression method ${entry.method} is neither stored nor deflated`);
  if (data.length !== entry.size) {
    throw fail(`it has ${data.length} bytes, its header says ${entry.size}`);
  }
  if (crc32(data) !== entry.crc) throw fail("the checksum is wrong: the data are damaged");
  return data;
}

/** Where the list of entries is, from the record at the end. */
function findDirectory(bytes: Uint8Array): { count: number; offset: number; size: number; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The record is followed by a comment of at most 65535 bytes.
  const first = Math.max(bytes.length - 22 - 65535, 0);
  for (let at = bytes.length - 22; at >= first; at--) {
    if (view.getUint32(at, true) !== END || at + 22 + view.getUint16(at + 20, true) !== bytes.length)
      continue;
    const reader = new ByteReader(FORMAT, bytes, at + 4);
    const disk = reader.u16("disk number");
    reader.take(4, "entries on disk");
    if (disk !== 0 && disk !== 0xffff) throw reader.error("archives of several parts are not read");
    const count = reader.u16("number of entries");
    const size = reader.u32("size of the directory");
    const offset = reader.u32("offset of the directory");
    const located = at >= 20 && view.getUint32(at - 20, true) === END64_LOCATOR;
    if (!located) return { count, size, offset, end: at };
    const locator = new ByteReader(FORMAT, bytes, at - 12);
    const end64 = locator.u64("offset of the 64-bit record");
    const record = new ByteReader(FORMAT, bytes, Math.min(end64, bytes.length));
    if (record.u32("the 64-bit record") !== END64) throw record.error("there is no 64-bit end record", -4);
    record.take(28, "the 64-bit record");
    return {
      count: record.u64("number of entries"),
      size: record.u64("size of the directory"),
      offset: record.u64("offset of the directory"),
      end: end64,
    };
  }
  throw formatError(FORMAT, bytes.length, "there is no end record: it is no zip archive, or it is cut off");
}

function centralDirectory(bytes: Uint8Array): Entry[] {
  const { count, offset, size, end } = findDirectory(bytes);
  if (offset + size > end) {
    throw formatError(FORMAT, end, `the directory, ${size} bytes at ${offset}, goes beyond the end record`);
  }
  // An entry takes 46 bytes at least.
  if (count * 46 > size || count > ENTRIES_AT_MOST) {
    throw formatError(FORMAT, end, `${count} entries do not fit a directory of ${size} bytes`);
  }
  const reader = new ByteReader(FORMAT, bytes.subarray(0, offset + size), offset);
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) entries.push(centralEntry(reader));
  if (reader.remaining > 0)
    throw reader.error(`${reader.remaining} bytes follow the last entry of the directory`);
  return entries;
}

function centralEntry(reader: ByteReader): Entry {
  if (reader.u32("an entry") !== CENTRAL)
    throw reader.error("here an entry of the directory should begin", -4);
  reader.take(4, "versions");
  const flags = reader.u16("flags");
  const method = reader.u16("compression method");
  reader.take(4, "time");
  const crc = reader.u32("checksum");
  let compressed = reader.u32("compressed size");
  let size = reader.u32("size");
  const lengths = [reader.u16("name length"), reader.u16("extra length"), reader.u16("comment length")];
  reader.take(8, "attributes");
  let offset = reader.u32("offset");
  const name = new TextDecoder().decode(reader.take(lengths[0], "the name"));
  if ((flags & 1) !== 0) throw reader.error(`entry ${quoted(name)} is encrypted`);
  const extra = new ByteReader(FORMAT, reader.bytes.subarray(0, reader.offset + lengths[1]), reader.offset);
  reader.take(lengths[1], "extra fields");
  reader.take(lengths[2], "the comment");
  while (extra.remaining >= 4) {
    const tag = extra.u16("extra field");
    const length = extra.u16("extra field");
    const field = new ByteReader(
      FORMAT,
      extra.bytes.subarray(0, Math.min(extra.offset + length, extra.bytes.length)),
      extra.offset,
    );
    extra.take(length, "extra field");
    if (tag !== 1) continue;
    // Sizes that do not fit 32 bits stand here, in this order.
    if (size === 0xffffffff) size = field.u64("size");
    if (compressed === 0xffffffff) compressed = field.u64("compressed size");
    if (offset === 0xffffffff) offset = field.u64("offset");
  }
  return { name, method, crc, compressed, size, offset };
}

/** The packed bytes of an entry, behind its own header. */
function localData(bytes: Uint8Array, entry: Entry): { packed: Uint8Array; at: number } {
  const reader = new ByteReader(FORMAT, bytes, Math.min(entry.offset, bytes.length));
  const name = quoted(entry.name);
  if (reader.u32(`the header of entry ${name}`) !== LOCAL) {
    throw reader.error(`here the header of entry ${name} should be`, -4);
  }
  reader.take(22, `the header of entry ${name}`);
  const nameLength = reader.u16(`the header of entry ${name}`);
  const extraLength = reader.u16(`the header of entry ${name}`);
  reader.take(nameLength + extraLength, `the header of entry ${name}`);
  const at = reader.offset;
  return { packed: reader.take(entry.compressed, `the data of entry ${name}`), at };
}

/** The bytes of an archive of these files, stored or deflated, of the date 1980-01-01: equal files, equal bytes. */
export async function writeZip(
  files: ReadonlyMap<string, Uint8Array>,
  compressed: boolean,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [fileName, data] of files) {
    const name = new TextEncoder().encode(fileName);
    if (name.length > 65535)
      throw new WeftTypeError(`the name ${quoted(fileName)} is too long for an archive`);
    const packed = compressed ? await deflateRaw(data) : data;
    const header = record(46, (view) => {
      view.setUint32(0, CENTRAL, true);
      view.setUint16(4, 20, true); // made by and needs version 2.0
      view.setUint16(6, 20, true);
      view.setUint16(8, 0x800, true); // names are UTF-8
      view.setUint16(10, compressed ? 8 : 0, true);
      view.setUint16(14, 0x21, true); // 1980-01-01
      view.setUint32(16, crc32(data), true);
      view.setUint32(20, packed.length, true);
      view.setUint32(24, data.length, true);
      view.setUint16(28, name.length, true);
      view.setUint32(42, offset, true);
    });
    // The local header has the same fields without the first and the last ones.
    const local = record(30, (view) => {
      view.setUint32(0, LOCAL, true);
      new Uint8Array(view.buffer).set(header.subarray(6, 32), 4);
    });
    parts.push(local, name, packed);
    directory.push(header, name);
    offset += local.length + name.length + packed.length;
    if (offset > 0xffffffff) throw new WeftTypeError("archives beyond 4 GiB are not written");
  }
  if (files.size > 65535) throw new WeftTypeError("archives of more than 65535 entries are not written");
  const size = directory.reduce((n, part) => n + part.length, 0);
  const end = record(22, (view) => {
    view.setUint32(0, END, true);
    view.setUint16(8, files.size, true);
    view.setUint16(10, files.size, true);
    view.setUint32(12, size, true);
    view.setUint32(16, offset, true);
  });
  return joined([...parts, ...directory, end]);
}

function record(length: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  fill(new DataView(bytes.buffer));
  return bytes;
}

/** Parts one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

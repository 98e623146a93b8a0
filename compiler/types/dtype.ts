/**
 * Element types of tensors: their width, family and short spelling in the text form.
 *
 * The names are those of NumPy and JAX; the short spellings those of StableHLO (with `i`/`u` for integers).
 */
export const DTYPES = [
  "bool",
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "float16",
  "float32",
  "float64",
] as const;

/** The element types of arrays, under NumPy's names. */
export type DType = (typeof DTYPES)[number];

export type DTypeKind = "bool" | "int" | "uint" | "float";

export interface DTypeInfo {
  readonly kind: DTypeKind;
  /** Bytes of one element in memory. */
  readonly bytes: number;
  readonly bits: number;
  /** Spelling in the text form: `f32`, `i8`, `u16`, `bool`. */
  readonly short: string;
  /** Least and greatest finite value. */
  readonly min: number;
  readonly max: number;
}

const FLOAT32_MAX = 3.4028234663852886e38;

// A function's result, as bundlers leave that out where it isn't used.
export const DTYPE_INFO: Readonly<Record<DType, DTypeInfo>> = /* @__PURE__ */ (() => ({
  bool: { kind: "bool", bytes: 1, bits: 8, short: "bool", min: 0, max: 1 },
  int8: { kind: "int", bytes: 1, bits: 8, short: "i8", min: -128, max: 127 },
  uint8: { kind: "uint", bytes: 1, bits: 8, short: "u8", min: 0, max: 255 },
  int16: { kind: "int", bytes: 2, bits: 16, short: "i16", min: -32768, max: 32767 },
  uint16: { kind: "uint", bytes: 2, bits: 16, short: "u16", min: 0, max: 65535 },
  int32: { kind: "int", bytes: 4, bits: 32, short: "i32", min: -2147483648, max: 2147483647 },
  uint32: { kind: "uint", bytes: 4, bits: 32, short: "u32", min: 0, max: 4294967295 },
  float16: { kind: "float", bytes: 2, bits: 16, short: "f16", min: -65504, max: 65504 },
  float32: { kind: "float", bytes: 4, bits: 32, short: "f32", min: -FLOAT32_MAX, max: FLOAT32_MAX },
  float64: { kind: "float", bytes: 8, bits: 64, short: "f64", min: -Number.MAX_VALUE, max: Number.MAX_VALUE },
}))();

const BY_SHORT: ReadonlyMap<string, DType> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ DTYPES.map((d) => [DTYPE_INFO[d].short, d]),
);

/** Bytes of one element, by the name alone: loaders of compiled functions have no room for the table. */
export function bytesOfDType(dtype: DType): number {
  return dtype === "bool" ? 1 : Number(/\d+/.exec(dtype)) / 8;
}

export function isDType(name: string): name is DType {
  return Object.hasOwn(DTYPE_INFO, name);
}

/** The dtype of a short spelling (`f32` → `float32`), or undefined. */
export function dtypeFromShort(short: string): DType | undefined {
  return BY_SHORT.get(short);
}

export function isFloating(dtype: DType): boolean {
  return DTYPE_INFO[dtype].kind === "float";
}

/** Signed or unsigned integer; `bool` is not an integer, as in NumPy. */
export function isInteger(dtype: DType): boolean {
  const kind = DTYPE_INFO[dtype].kind;
  return kind === "int" || kind === "uint";
}

export function isSigned(dtype: DType): boolean {
  const kind = DTYPE_INFO[dtype].kind;
  return kind === "int" || kind === "float";
}

/**
 * The dtype in which scalar code computes values of `dtype`. float16 is a storage format: a load widens it to
 * float32 and a store rounds it back, as XLA does on CPUs without half arithmetic.
 */
export function computeDType(dtype: DType): DType {
  return dtype === "float16" ? "float32" : dtype;
}

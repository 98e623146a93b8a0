/** The typed array that holds a dtype: float16 as its bits in a Uint16Array, bool as 0 and 1 in a Uint8Array. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

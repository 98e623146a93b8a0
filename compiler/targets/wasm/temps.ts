/** Operands of the stack in locals. */
import type { FunctionEncoder, LocalIndex } from "./encoder.ts";
import type { ValueType } from "./opcodes.ts";

/** Takes as many values off the stack as there are types, and runs `body` with them in locals, the lowest one first. */
export function withTemps(
  f: FunctionEncoder,
  types: readonly ValueType[],
  body: (...temps: LocalIndex[]) => void,
): void {
  const temps = types.map((type) => f.temp(type));
  for (let i = temps.length - 1; i >= 0; i--) f.set(temps[i]);
  body(...temps);
  f.release(...temps);
}

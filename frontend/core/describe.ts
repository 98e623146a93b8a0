/** Users' values in error messages. */
import { WeftTypeError } from "../../compiler/types/errors.ts";

/** A user's value in an error message. */
export function describeValue(value: unknown): string {
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value === "string") return `string ${JSON.stringify(value)}`;
  if (value === undefined || value === null) return `${value}`;
  if (typeof value === "object") return `object of class ${value.constructor?.name ?? "Object"}`;
  return `${typeof value} ${String(value)}`;
}

/** The error for an operand that is neither an array nor a number. */
export function notAnArray(value: unknown): WeftTypeError {
  return new WeftTypeError(
    `${describeValue(value)} is not a valid array type: operations take arrays and numbers; make an array with np.array(…)`,
  );
}

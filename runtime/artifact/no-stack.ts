/**
 * In place of compiler/types/stack.ts in the loaders: bundled into a page they cannot tell the user's lines from their
 * own, so their errors name none.
 */
export const ERROR_DEPTH = 0;

export function captureSource(): null {
  return null;
}

/** What names mean at a place of a kernel's text. */
import type { Axis, BufferParam, Expr, Local } from "../kernel/expr.ts";
import type { Cursor, Token } from "./cursor.ts";
import { suggestion } from "./parse-error.ts";

type Declared =
  | { readonly kind: "buffer"; readonly buffer: BufferParam }
  | { readonly kind: "local"; readonly local: Local };

export class KernelScope {
  readonly #values = new Map<string, Declared>();
  /** Locals of the innermost open block. */
  #block: string[] = [];
  readonly #openAxes = new Map<string, Axis>();
  /** Axes by name, closed ones too: a later loop over the same name, kind and extent is the same axis. */
  readonly #axes = new Map<string, Axis>();
  /** Locals by name, those of closed blocks too: a later one of the same name and dtype is the same local. */
  readonly #locals = new Map<string, Local>();
  readonly #bindings = new Map<string, Expr>();

  constructor(private readonly cursor: Cursor) {}

  /** Begins a block; give what it returns to `close`. */
  open(): string[] {
    const outer = this.#block;
    this.#block = [];
    return outer;
  }

  close(outer: string[]): void {
    for (const name of this.#block) this.#values.delete(name);
    this.#block = outer;
  }

  declareBuffer(token: Token, buffer: BufferParam): void {
    this.#declare(token, { kind: "buffer", buffer });
  }

  declareLocal(token: Token, wanted: Local): Local {
    const known = this.#locals.get(token.text);
    const local = known?.dtype === wanted.dtype ? known : wanted;
    this.#declare(token, { kind: "local", local });
    this.#locals.set(token.text, local);
    this.#block.push(token.text);
    return local;
  }

  #declare(token: Token, declared: Declared): void {
    if (this.#values.has(token.text)) this.cursor.fail(`%${token.text} is declared twice`, token);
    this.#values.set(token.text, declared);
  }

  buffer(token: Token): BufferParam {
    const found = this.#find(token);
    if (found.kind === "buffer") return found.buffer;
    return this.cursor.fail(`%${token.text} is a local, not a buffer`, token);
  }

  local(token: Token): Local {
    const found = this.#find(token);
    if (found.kind === "local") return found.local;
    return this.cursor.fail(
      `%${token.text} is a buffer; read its elements with load %${token.text}[…]`,
      token,
    );
  }

  #find(token: Token): Declared {
    const found = this.#values.get(token.text);
    if (found !== undefined) return found;
    const known = suggestion(token.text, this.#values.keys());
    return this.cursor.fail(`%${token.text} is not declared here${known}`, token);
  }

  enterAxis(token: Token, wanted: Axis): Axis {
    if (this.#openAxes.has(token.text)) this.cursor.fail(`axis ${token.text} is looped over already`, token);
    const known = this.#axes.get(token.text);
    const same = known !== undefined && known.extent === wanted.extent && known.kind === wanted.kind;
    const axis = same ? known : wanted;
    this.#axes.set(token.text, axis);
    this.#openAxes.set(token.text, axis);
    return axis;
  }

  leaveAxis(token: Token): void {
    this.#openAxes.delete(token.text);
  }

  axis(token: Token): Axis {
    const axis = this.#openAxes.get(token.text);
    if (axis !== undefined) return axis;
    const known = suggestion(token.text, this.#openAxes.keys());
    return this.cursor.fail(`${token.text} is no axis of an enclosing loop${known}`, token);
  }

  bind(token: Token, value: Expr): void {
    if (this.#bindings.has(token.text)) this.cursor.fail(`$${token.text} is bound twice`, token);
    this.#bindings.set(token.text, value);
  }

  binding(token: Token): Expr {
    const value = this.#bindings.get(token.text);
    if (value !== undefined) return value;
    return this.cursor.fail(
      `$${token.text} is not bound; bindings (with $${token.text} = …) hold for the next statement only`,
      token,
    );
  }

  clearBindings(): void {
    this.#bindings.clear();
  }
}

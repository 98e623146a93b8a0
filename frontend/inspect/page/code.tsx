/** Texts of the compiler, in which values are links. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useLinks, usePage } from "./context.ts";

/** Numbers of values by the names that a text uses. */
export type Names = (name: string) => number | undefined;

const TOKEN = /(%[\p{L}\p{N}_]+)|(\/\/.*$)/gu;

/** A line with its values as links, and its comment set apart. */
export function CodeLine({ text, names }: { readonly text: string; readonly names: Names }): JSX.Element {
  const { route } = usePage();
  const { follow } = useLinks();
  const parts: ComponentChildren[] = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, name, comment] = match;
    if (match.index > at) parts.push(text.slice(at, match.index));
    at = match.index + whole.length;
    const value = name === undefined ? undefined : names(name);
    if (comment !== undefined) parts.push(<span class="comment">{comment}</span>);
    else if (value === undefined) parts.push(whole);
    else {
      const followed = value === route.value;
      parts.push(
        <a class={followed ? "value followed" : "value"} href={follow(value)}>
          {whole}
        </a>,
      );
    }
  }
  parts.push(text.slice(at));
  return <>{parts}</>;
}

export interface CodeProps {
  readonly lines: readonly string[];
  readonly names: Names;
  /** Numbers lines from 1, and marks one. */
  readonly marked?: number | null;
  readonly numbered?: boolean;
}

export function Code({ lines, names, marked = null, numbered = false }: CodeProps): JSX.Element {
  const mark = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const line = mark.current;
    const box = line?.parentElement;
    if (line && box) box.scrollTop = line.offsetTop - box.clientHeight / 2;
  }, [marked, lines]);
  return (
    <pre class="code">
      {lines.map((line, i) => (
        <div key={i} ref={i + 1 === marked ? mark : null} class={i + 1 === marked ? "line marked" : "line"}>
          {numbered && <span class="number">{i + 1}</span>}
          <CodeLine text={line} names={names} />
          {"\n"}
        </div>
      ))}
    </pre>
  );
}

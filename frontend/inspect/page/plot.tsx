/** A plot of Observable Plot within the page. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Draws `make(width)` anew where the width or what it is drawn of changes. */
export function PlotBox({
  make,
  label,
}: {
  readonly make: (width: number) => Element;
  readonly label: string;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (width > 0) box.current?.replaceChildren(make(width));
  }, [make, width]);
  return <div class="plot" ref={box} role="img" aria-label={label} />;
}

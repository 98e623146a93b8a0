/** Text in lines of at most `width` characters, broken at spaces; a word that is longer has a line of its own. */
export function wrapText(text: string, width = 88): string {
  const breakLine = (line: string): string => {
    const lines: string[] = [];
    let current = "";
    for (const word of line.split(" ")) {
      if (current !== "" && current.length + 1 + word.length > width) {
        lines.push(current);
        current = word;
      } else current = current === "" ? word : `${current} ${word}`;
    }
    return [...lines, current].join("\n");
  };
  return text.split("\n").map(breakLine).join("\n");
}

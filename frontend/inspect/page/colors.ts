/** Colours of kernels: each hue as far from the others as the golden angle brings it; drawn thin enough for both themes. */
export function colorOf(kernel: number): string {
  return `hsl(${Math.round((kernel * 137.508 + 200) % 360)}, 65%, 55%)`;
}

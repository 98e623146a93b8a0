/** Paths of the user's files as dumps and reports show them. */

/** The path relative to `folder` where it lies within. */
export function relativeFile(file: string, folder: string): string {
  const root = folder.endsWith("/") ? folder : `${folder}/`;
  return file.startsWith(root) ? file.slice(root.length) : file;
}

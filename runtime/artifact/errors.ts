/** An artifact that was refused, and why: it was not run. */
export class ArtifactError extends Error {
  override name = "ArtifactError";
}

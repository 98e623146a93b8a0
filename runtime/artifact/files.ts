/** The files of an artifact that a target needs, each checked before anything is made of it. */
import { ARTIFACT_VERSION, type ArtifactSection, type Manifest } from "../../compiler/program/artifact.ts";
import { ArtifactError } from "./errors.ts";
import { type FileSource, readSource } from "./fetch.ts";
import { checkedSection } from "./sections.ts";

/** Where the files of a compiled function are, by name. */
export type Files = Readonly<Record<string, FileSource>>;

/** Where a file is, in place of the folder of the module: a URL, or its bytes. */
export type Locate = (file: string) => FileSource | undefined;

/** The sections of these names, and the weights. Throws ArtifactError where this loader is not of the manifest's version. */
export function wantedSections(
  { name, version, sections, weights }: Manifest,
  names: readonly (string | undefined)[],
): ArtifactSection[] {
  if (version !== ARTIFACT_VERSION) {
    throw new ArtifactError(`${name} has format version ${version}, its loader reads ${ARTIFACT_VERSION}`);
  }
  return sections.filter((section) => section.name === weights || names.includes(section.name));
}

/** Reads them. Rejects with ArtifactError where one is not what the manifest says. */
export async function readSections(
  manifest: Manifest,
  names: readonly (string | undefined)[],
  files: Files,
  locate?: Locate,
): Promise<Map<string, Uint8Array>> {
  const read = async (section: ArtifactSection): Promise<[string, Uint8Array]> => {
    const source = locate?.(section.name) ?? files[section.name];
    return [section.name, checkedSection(section, await readSource(source))];
  };
  return new Map(await Promise.all(wantedSections(manifest, names).map(read)));
}

// What the API reference leaves out, and what it insists on.

import { Converter, ReflectionKind } from "typedoc";

/** What a docstring is owed to where it is exported. */
const EXPORTED =
  ReflectionKind.Function |
  ReflectionKind.Class |
  ReflectionKind.Interface |
  ReflectionKind.TypeAlias |
  ReflectionKind.Variable;

const MODULES = ReflectionKind.Module | ReflectionKind.Namespace;

/** @param {import("typedoc").Application} app */
export function load(app) {
  // Modules are called as they are imported.
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      const [layer, name] = module.name.split("/");
      module.name = layer === "frontend" ? ["weft", name].filter(Boolean).join("/") : `weft/${layer}`;
    }
  });
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    // Members of a class stand with the class that declares them, not with all that extend it.
    for (const member of project.getReflectionsByKind(ReflectionKind.ClassMember)) {
      const { parent, inheritedFrom } = /** @type {import("typedoc").DeclarationReflection} */ (member);
      if (inheritedFrom !== undefined && parent?.kindOf(ReflectionKind.Class))
        project.removeReflection(member);
    }
  });
  app.converter.on(Converter.EVENT_END, ({ project }) => {
    const bare = project
      .getReflectionsByKind(EXPORTED)
      .filter((each) => each.parent?.kindOf(MODULES) && !hasComment(each));
    for (const each of bare) app.logger.error(`${each.getFullName()} has no docstring`);
  });
}

/** @param {import("typedoc").Reflection} reflection */
function hasComment(reflection) {
  const { signatures = [] } = /** @type {import("typedoc").DeclarationReflection} */ (reflection);
  return [reflection, ...signatures].some((each) => each.hasComment());
}

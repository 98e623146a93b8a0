/**
 * `weft completion SHELL`: a script that completes commands, options and their choices, and files everywhere else. It is
 * made of the commands as they are declared, and asks nothing at run time. (Packages that make such scripts for
 * commander complete no files, which is what most arguments here are.)
 */
import type { Command, Option } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof SHELLS)[number];

/** Where each shell's script goes, for `--help`. */
export const COMPLETION_HELP = `
bash: eval "$(weft completion bash)" in ~/.bashrc
zsh:  eval "$(weft completion zsh)" in ~/.zshrc, after compinit
fish: weft completion fish > ~/.config/fish/completions/weft.fish
`;

/** The commands, their options, and what either may be: for what completes in another way. */
export function completionData(weft: Command): object {
  const options = (list: readonly Option[]): object[] =>
    list.map((option) => ({
      name: option.long,
      description: option.description,
      value: takesValue(option),
      choices: option.argChoices ?? [],
    }));
  return {
    options: options(weft.createHelp().visibleOptions(weft)),
    commands: commandsOf(weft).map((command) => ({ ...command, options: options(command.options) })),
  };
}

function commandsOf(weft: Command): Described[] {
  return weft
    .createHelp()
    .visibleCommands(weft)
    .map((command) => ({
      name: command.name(),
      description: command.description(),
      options: command.createHelp().visibleOptions(command),
      choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    }));
}

export function completionScript(weft: Command, shell: Shell): string {
  const commands = commandsOf(weft);
  const own = weft.createHelp().visibleOptions(weft);
  switch (shell) {
    case "bash":
      return bashScript(commands, own);
    case "zsh":
      return zshScript(commands, own);
    case "fish":
      return fishScript(commands, own);
    default:
      return shell satisfies never;
  }
}

interface Described {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Option[];
  /** What its arguments may be, where that is a list. */
  readonly choices: readonly string[];
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function bashScript(commands: readonly Described[], own: readonly Option[]): string {
  const names = [...commands.map(({ name }) => name), ...own.map(({ long }) => long ?? "")].join(" ");
  const words: string[] = [];
  const values: string[] = [];
  for (const { name, options, choices } of commands) {
    words.push(
      `    ${name}) words="${options.map(({ long }) => long).join(" ")}" args="${choices.join(" ")}" ;;`,
    );
    for (const option of options) {
      if (!takesValue(option)) continue;
      // Without choices it is a file or free text: left to the shell.
      const list = option.argChoices?.join(" ") ?? "";
      const reply = list === "" ? "" : ` COMPREPLY=($(compgen -W "${list}" -- "$cur"));`;
      values.push(`    "${name} ${option.long}")${reply} return ;;`);
    }
  }
  return [
    "_weft() {",
    `  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" words="" args=""`,
    "  COMPREPLY=()",
    "  if [[ $COMP_CWORD -eq 1 ]]; then",
    `    COMPREPLY=($(compgen -W "${names}" -- "$cur"))`,
    "    return",
    "  fi",
    `  case "\${COMP_WORDS[1]} $prev" in`,
    ...values,
    "  esac",
    `  case "\${COMP_WORDS[1]}" in`,
    ...words,
    "  esac",
    '  if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W "$words" -- "$cur"));',
    '  elif [[ -n "$args" ]]; then COMPREPLY=($(compgen -W "$args" -- "$cur")); fi',
    "}",
    "complete -o default -F _weft weft",
    "",
  ].join("\n");
}

/** A string between single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function zshScript(commands: readonly Described[], own: readonly Option[]): string {
  const specs = (options: readonly Option[]): string[] =>
    options.map((option) => {
      const description = option.description.replace(/[[\]\\:]/g, "\\$&");
      const { argChoices } = option;
      const action = argChoices === undefined ? "_files" : `(${argChoices.join(" ")})`;
      const value = takesValue(option) ? `:${option.attributeName()}:${action}` : "";
      return quoted(`${option.long}[${description}]${value}`);
    });
  const cases = commands.map(({ name, options, choices }) => {
    const rest = quoted(choices.length > 0 ? `*:argument:(${choices.join(" ")})` : "*:file:_files");
    return `    ${name}) _arguments ${[...specs(options), rest].join(" ")} ;;`;
  });
  const list = commands.map(({ name, description }) => quoted(`${name}:${description}`));
  return [
    "#compdef weft",
    "_weft() {",
    "  local -a commands",
    `  commands=(${list.join(" ")})`,
    "  if (( CURRENT == 2 )); then",
    "    _describe command commands",
    `    _arguments ${specs(own).join(" ")}`,
    "    return",
    "  fi",
    '  local command="$words[2]"',
    "  shift words; (( CURRENT-- ))",
    '  case "$command" in',
    ...cases,
    "  esac",
    "}",
    "compdef _weft weft",
    "",
  ].join("\n");
}

function fishScript(commands: readonly Described[], own: readonly Option[]): string {
  const line = (condition: string, option: Option): string => {
    const { argChoices } = option;
    const choices = argChoices === undefined ? " -r" : ` -x -a ${quoted(argChoices.join(" "))}`;
    const value = takesValue(option) ? choices : "";
    const name = (option.long ?? "").replace(/^--/, "");
    return `complete -c weft -n ${quoted(condition)} -l ${name}${value} -d ${quoted(option.description)}`;
  };
  const lines = own.map((option) => line("__fish_use_subcommand", option));
  for (const { name, description, options, choices } of commands) {
    lines.push(`complete -c weft -n __fish_use_subcommand -f -a ${name} -d ${quoted(description)}`);
    const inside = `__fish_seen_subcommand_from ${name}`;
    if (choices.length > 0)
      lines.push(`complete -c weft -n ${quoted(inside)} -f -a ${quoted(choices.join(" "))}`);
    for (const option of options) lines.push(line(inside, option));
  }
  return `${lines.join("\n")}\n`;
}

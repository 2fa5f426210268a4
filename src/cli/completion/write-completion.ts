// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the shells'
import type { CommandWords, OptionWords, PlaceKind } from './command-words.js';

/** Shells that a completion can be written for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Writes the completion of a program for a shell: a script that the shell reads, without its last line feed. */
export function writeCompletion(shell: Shell, commands: readonly CommandWords[]): string {
  return { bash, zsh, fish }[shell](commands).join('\n');
}

/** Words in single quotes, in which a shell takes everything as it is but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** All commands that stand below another one, as patterns of a `case`. */
function pathPatterns(commands: readonly CommandWords[]): string {
  return commands
    .slice(1)
    .map(({ path }) => quoted(path))
    .join('|');
}

/** Branches of a `case` over a command and the word before the cursor: what follows an option. */
function valueBranches(
  commands: readonly CommandWords[],
  branch: (kind: PlaceKind) => string,
  indent: string,
): string[] {
  return commands.flatMap(({ path, options }) => {
    const kinds = new Map<string, string[]>();
    for (const { flags, value } of options) {
      if (value === undefined) continue;
      const action = branch(value);
      kinds.set(action, [...(kinds.get(action) ?? []), ...flags.map((flag) => quoted(`${path} ${flag}`))]);
    }
    return [...kinds].map(([action, patterns]) => `${indent}${patterns.join('|')}) ${action} ;;`);
  });
}

function bash(commands: readonly CommandWords[]): string[] {
  const value = (kind: PlaceKind) => {
    if (kind === 'path') return 'return';
    if (kind === 'anything') return 'compopt +o default 2>/dev/null; return';
    return `words=${quoted(kind.words.join(' '))}; cur_options=`;
  };
  return [
    '# Completion of dicm for bash, written by: dicm completion bash',
    '_dicm() {',
    '  local command=dicm words= cur_options= paths= word previous i',
    '  local cur="${COMP_WORDS[COMP_CWORD]}"',
    '  COMPREPLY=()',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    '    word="${COMP_WORDS[i]}"',
    '    [[ $word == -- ]] && return',
    '    case "$command $word" in',
    `      ${pathPatterns(commands)}) command="$command $word" ;;`,
    '    esac',
    '  done',
    '  previous="${COMP_WORDS[COMP_CWORD - 1]}"',
    '  # --option=value comes as three words.',
    '  if [[ $cur == = ]]; then',
    '    cur=',
    '  elif [[ $previous == = ]]; then',
    '    previous="${COMP_WORDS[COMP_CWORD - 2]}"',
    '  fi',
    '  case "$command $previous" in',
    ...valueBranches(commands, value, '    '),
    '    *)',
    '      case "$command" in',
    ...commands.map(({ path, commands: below, options, argument }) => {
      const names = below.map(({ name }) => name);
      const words = typeof argument === 'object' ? [...names, ...argument.words] : names;
      const flags = options.flatMap((option) => option.flags);
      const parts = [
        `words=${quoted(words.join(' '))}`,
        `cur_options=${quoted(flags.join(' '))}`,
        ...(argument === 'path' ? ['paths=yes'] : []),
      ];
      return `        ${quoted(path)}) ${parts.join('; ')} ;;`;
    }),
    '      esac',
    '      ;;',
    '  esac',
    '  if [[ $cur == -* ]]; then words=$cur_options; paths=; fi',
    '  # Without an answer the shell completes names of files.',
    '  if [[ -n $paths && -z $words ]]; then return; fi',
    "  local IFS=$'\\n'",
    '  COMPREPLY=($(IFS=" "; compgen -W "$words" -- "$cur"))',
    '  if [[ -n $paths ]]; then',
    '    compopt -o filenames 2>/dev/null',
    '    COMPREPLY+=($(compgen -f -- "$cur"))',
    '  else',
    '    compopt +o default 2>/dev/null',
    '  fi',
    '}',
    'complete -o default -F _dicm dicm',
  ];
}

function zsh(commands: readonly CommandWords[]): string[] {
  const value = (kind: PlaceKind) => {
    if (kind === 'path') return '_files; return';
    if (kind === 'anything') return '_message value; return';
    return `compadd -- ${kind.words.map(quoted).join(' ')}; return`;
  };
  // In a list for _describe a colon ends the word.
  const item = (word: string, description: string) =>
    quoted(`${word.replaceAll(':', '\\:')}:${description.replaceAll(':', '\\:')}`);
  const flags = ({ flags: all, description }: OptionWords) => all.map((flag) => item(flag, description));
  return [
    '#compdef dicm',
    '# Completion of dicm for zsh, written by: dicm completion zsh',
    '_dicm() {',
    '  local command=dicm argument= word i',
    '  local -a below options',
    '  for ((i = 2; i < CURRENT; i++)); do',
    '    word="${words[i]}"',
    '    if [[ "$word" == -- ]]; then _files; return; fi',
    '    case "$command $word" in',
    `      ${pathPatterns(commands)}) command="$command $word" ;;`,
    '    esac',
    '  done',
    '  # --option=value is one word.',
    '  word="${words[CURRENT-1]}"',
    '  if compset -P 1 "--*="; then word="${IPREFIX%=}"; fi',
    '  case "$command $word" in',
    ...valueBranches(commands, value, '    '),
    '  esac',
    '  case "$command" in',
    ...commands.map(({ path, commands: below, options, argument }) => {
      const parts = [
        `below=(${below.map(({ name, description }) => item(name, description)).join(' ')})`,
        `options=(${options.flatMap(flags).join(' ')})`,
        ...(argument === 'path' ? ['argument=path'] : []),
        ...(typeof argument === 'object' ? [`below+=(${argument.words.map(quoted).join(' ')})`] : []),
      ];
      return `    ${quoted(path)}) ${parts.join('; ')} ;;`;
    }),
    '  esac',
    '  if [[ "$PREFIX" == -* ]]; then _describe -o option options; return; fi',
    '  (( ${#below} )) && _describe command below',
    '  [[ -n "$argument" ]] && _files',
    '}',
    'if [[ "${funcstack[1]}" == _dicm ]]; then _dicm "$@"; else compdef _dicm dicm; fi',
  ];
}

function fish(commands: readonly CommandWords[]): string[] {
  // In single quotes fish knows two escapes.
  const text = (words: string) => `'${words.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const complete = (path: string, rest: string) => `complete -c dicm -n ${text(`__dicm_at ${path}`)} ${rest}`;
  const option = ({ flags, description, value }: OptionWords) => {
    const names = flags.map((flag) =>
      flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
    );
    const after = { none: '', path: ' -r -F', anything: ' -x' };
    const takes =
      typeof value === 'object' ? ` -x -a ${text(value.words.join(' '))}` : after[value ?? 'none'];
    return `${names.join(' ')}${takes} -d ${text(description)}`;
  };
  return [
    '# Completion of dicm for fish, written by: dicm completion fish',
    'function __dicm_at',
    '    set -l at dicm',
    '    set -l typed (commandline -opc)',
    '    set -e typed[1]',
    '    for word in $typed',
    '        switch "$at $word"',
    `            case ${commands
      .slice(1)
      .map(({ path }) => text(path))
      .join(' ')}`,
    '                set at "$at $word"',
    '        end',
    '    end',
    '    test "$at" = "$argv"',
    'end',
    'complete -c dicm -e',
    ...commands.flatMap(({ path, commands: below, options, argument }) => [
      ...(argument === 'path' ? [] : [complete(path, '-f')]),
      ...below.map(({ name, description }) => complete(path, `-a ${name} -d ${text(description)}`)),
      ...(typeof argument === 'object' ? [complete(path, `-a ${text(argument.words.join(' '))}`)] : []),
      ...options.map((one) => complete(path, option(one))),
    ]),
  ];
}

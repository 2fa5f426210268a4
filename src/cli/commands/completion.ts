// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the shells'
import { Argument, type Command } from 'commander';
import { commandWords } from '../completion/command-words.js';
import { SHELLS, type Shell, writeCompletion } from '../completion/write-completion.js';
import type { RunAction } from '../context.js';
import { EXIT } from '../exit-codes.js';

/** Adds `dicm completion`. */
export function addCompletion(program: Command, run: RunAction) {
  program
    .command('completion')
    .summary('write what makes a shell complete commands, options and files')
    .description(
      'Write what makes a shell complete commands, options and files, for it to read:\n' +
        '  bash  source <(dicm completion bash)                 in ~/.bashrc\n' +
        '  zsh   dicm completion zsh > "${fpath[1]}/_dicm"      once\n' +
        '  fish  dicm completion fish > ~/.config/fish/completions/dicm.fish',
    )
    .addArgument(new Argument('<shell>', 'shell to write for').choices(SHELLS))
    .action((shell: Shell) =>
      run(async ({ reporter }) => {
        reporter.text(writeCompletion(shell, commandWords(program)));
        return EXIT.ok;
      }),
    );
}

import { Argument } from 'commander';
import type { CommandSpec } from '../command.ts';

export const command: CommandSpec = {
  needsNoHub: true,
  configure: (line) =>
    line
      .description(
        'Prints a script that makes a shell complete commands and options, and the names of servers and tools of the hub that runs.',
      )
      .addArgument(new Argument('<shell>', 'one of bash, zsh, fish').choices(['bash', 'zsh', 'fish'])),
  examples: [
    'source <(mcp-hub completion bash)   # in ~/.bashrc',
    'source <(mcp-hub completion zsh)    # in ~/.zshrc, after compinit',
    'mcp-hub completion fish | source    # in ~/.config/fish/config.fish',
  ],
  async run([shell = ''], _options, io) {
    const script = SCRIPTS[shell] ?? '';
    if (io.isJson) io.printJson({ shell, script });
    else io.print(script);
  },
};

export const BASH = `# Completion of mcp-hub for bash.
_mcp_hub() {
  local IFS=$'\\n' word="\${COMP_LINE:0:$COMP_POINT}"
  local -a words
  # Bash cuts words at ":" and "=" too; the hub wants them whole.
  IFS=$' \\t\\n' read -r -a words <<< "$word"
  [[ "$word" == *[[:space:]] ]] && words+=("")
  local last="\${words[\${#words[@]}-1]}"
  COMPREPLY=($(mcp-hub __complete -- "\${words[@]:1}" 2>/dev/null))
  [[ \${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- "$last"))
  local cut="\${last%"\${last##*[:=]}"}"
  [[ -n "$cut" ]] && COMPREPLY=("\${COMPREPLY[@]#"$cut"}")
}
complete -o filenames -F _mcp_hub mcp-hub
`;

const ZSH = `#compdef mcp-hub
# Completion of mcp-hub for zsh.
_mcp_hub() {
  local -a found
  found=("\${(@f)$(mcp-hub __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=("\${(@)found:#}")
  if (( \${#found} )); then compadd -- "\${found[@]}"; else _files; fi
}
# As a file of fpath this is the body of the function that completes; else it is sourced.
if [[ "$funcstack[1]" = _mcp[-_]hub ]]; then _mcp_hub; else compdef _mcp_hub mcp-hub; fi
`;

const FISH = `# Completion of mcp-hub for fish.
function __mcp_hub_complete
    set -l words (commandline -opc)
    set -l last (commandline -ct)
    mcp-hub __complete -- $words[2..-1] "$last" 2>/dev/null
end
complete -c mcp-hub -f -a '(__mcp_hub_complete)'
complete -c mcp-hub -n '__fish_seen_subcommand_from serve stdio add import' -F
`;

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

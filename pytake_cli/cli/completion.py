"""Completion for shells: prints the script, or with --install puts it where the shell looks, after asking."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from pytake_cli.cli.confirm import ordinary
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, done, say
from pytake_cli.locale import _

Shell = Literal["bash", "zsh", "fish", "powershell"]

SCRIPTS: dict[str, str] = {
    "bash": """\
_pytake() {
    local IFS=$'\\n' line=${COMP_LINE:0:COMP_POINT} next word part cut quoted
    local -a words=()
    # bash breaks words at = and : too, and tag=vip and contact:4 are one
    for part in "${COMP_WORDS[@]:0:COMP_CWORD}" ""; do
        next=${line#"${line%%[![:space:]]*}"}
        part=${part:-$next}
        if (( ${#words[@]} == 0 )) || [[ $next != "$line" ]]; then words+=("$part"); else
            words[${#words[@]}-1]+=$part
        fi
        line=${next#"$part"}
    done
    word=${words[${#words[@]}-1]} cut= quoted=
    case $word in [\\"\\']*) quoted=1 ;; *[=:]*) cut=${word%"${word##*[=:]}"} ;; esac
    COMPREPLY=()
    while read -r line; do
        line=${line%%$'\\t'*} line=${line#"$cut"}
        [[ $quoted ]] || printf -v line %q "$line"
        COMPREPLY+=("$line")
    done < <(pytake __complete "${words[@]:1}" 2>/dev/null)
}
complete -o default -o nosort -F _pytake pytake 2>/dev/null || complete -o default -F _pytake pytake
""",
    "zsh": """\
#compdef pytake
_pytake() {
    local -a found
    local value about
    while IFS=$'\\t' read -r value about; do
        found+=("${value//:/\\\\:}${about:+:$about}")
    done < <(pytake __complete "${words[@]:1:$((CURRENT-1))}" 2>/dev/null)
    if (( ${#found} )); then _describe 'pytake' found; else _files; fi
}
if [ "$funcstack[1]" = "_pytake" ]; then _pytake "$@"; else compdef _pytake pytake; fi
""",
    "fish": """\
function __pytake_complete
    set -l words (commandline -opc) (commandline -ct)
    set -g __pytake_found (pytake __complete $words[2..-1] 2>/dev/null)
    count $__pytake_found >/dev/null
end
complete -c pytake -f -n __pytake_complete -a '$__pytake_found'
""",
    "powershell": """\
Register-ArgumentCompleter -Native -CommandName pytake -ScriptBlock {
    param($word, $ast, $cursor)
    $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
    if ($word -eq '') { $words += '""' }
    pytake __complete @words 2>$null | ForEach-Object {
        $value, $about = $_ -split "`t", 2
        if (-not $about) { $about = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $about)
    }
}
""",
}


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")],
    install: Annotated[bool, typer.Option("--install", help="Puts it where the shell looks, after asking.")] = False,
) -> None:
    """Prints the completion script of a shell.

    $ pytake completion bash --install
    $ source <(pytake completion zsh)  # only for this session
    """
    script = SCRIPTS[shell]
    if not install:
        data(script)
        return
    path, line = place(shell)
    say(_("{path} will have:").format(path=path))
    say(script if line is None else line)
    if context().dry_run or not ordinary(_("Write {path}?").format(path=path)):
        return
    _write(path, script, line)
    done(_("completion is in {path}; it works in the next shell").format(path=path))


def place(shell: str) -> tuple[Path, str | None]:
    """Where the shell looks: a file of its own, or a line in one of the person's."""
    home = Path.home()
    data_home = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
    config_home = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    match shell:
        case "bash":
            return data_home / "bash-completion/completions/pytake", None
        case "fish":
            return config_home / "fish/completions/pytake.fish", None
        case "zsh":
            return Path(os.environ.get("ZDOTDIR") or home) / ".zshrc", "source <(pytake completion zsh)"
        case _:
            profile = config_home / "powershell" if os.name != "nt" else home / "Documents/PowerShell"
            return (
                profile / "Microsoft.PowerShell_profile.ps1",
                "pytake completion powershell | Out-String | Invoke-Expression",
            )


def _write(path: Path, script: str, line: str | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if line is None:
        path.write_text(script, encoding="utf-8")
        return
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if line not in before.splitlines():
        path.write_text(before + ("" if before.endswith("\n") or not before else "\n") + line + "\n", encoding="utf-8")

"""`sipcli completion`: print what a shell needs to complete sipcli's commands and options."""

import click
from click.shell_completion import get_completion_class

from sipcli.cli.command_help import Command
from sipcli.cli.shared_options import common_options

_VARIABLE = "_SIPCLI_COMPLETE"
"""The environment variable that click derives from the program's name."""


@click.command(
    cls=Command,
    examples=(
        ('eval "$(sipcli completion bash)"', "For bash, in ~/.bashrc:"),
        ('eval "$(sipcli completion zsh)"', "For zsh, in ~/.zshrc, after compinit:"),
        ("sipcli completion fish | source", "For fish, in ~/.config/fish/config.fish:"),
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="SHELL")
@common_options
def completion(shell: str) -> None:
    """Print a completion script for SHELL: bash, zsh or fish."""
    kind = get_completion_class(shell)
    assert kind is not None, shell
    root = click.get_current_context().find_root()
    click.echo(kind(root.command, {}, "sipcli", _VARIABLE).source(), nl=False)

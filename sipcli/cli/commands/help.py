"""`sipcli help`: the help of a command, and all settings."""

from typing import Final

import click

from sipcli.cli.command_help import Command
from sipcli.cli.shared_options import common_options

_SETTINGS: Final = "settings"


def _complete(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    root = context.find_root()
    assert isinstance(root.command, click.Group)
    topics = [*root.command.list_commands(root), _SETTINGS]
    return [topic for topic in topics if topic.startswith(typed)]


@click.command(
    cls=Command,
    examples=(
        ("sipcli help call", "The help of a command, as `sipcli call -h` shows it:"),
        ("sipcli help settings", "Every setting: key, option, environment variable, default:"),
    ),
)
@click.argument("topic", nargs=-1, metavar="[COMMAND | settings]", shell_complete=_complete)
@common_options
def help(topic: tuple[str, ...]) -> None:
    """Show the help of sipcli, of a command, or all settings."""
    context = click.get_current_context().find_root()
    if topic == (_SETTINGS,):
        from sipcli.cli.settings_help import settings_help  # late: it brings all keys

        formatter = context.make_formatter()
        settings_help(formatter)
        click.echo(formatter.getvalue().rstrip("\n"))
        return
    words = list(topic)
    while words:
        group = context.command
        if not isinstance(group, click.Group):
            raise click.UsageError(f"`{context.command_path}` has no command {words[0]!r}")
        name, command, words = group.resolve_command(context, words)
        assert command is not None, name
        context = click.Context(command, info_name=name, parent=context)
    click.echo(context.get_help())

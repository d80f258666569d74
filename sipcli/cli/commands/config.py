"""`sipcli config`: show, check and locate the settings, and print an example."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import click

from sipcli.cli.command_help import Command, CommandGroup
from sipcli.cli.context import current_screen
from sipcli.cli.options import Invocation, settings_options
from sipcli.cli.output.screen import Screen
from sipcli.cli.shared_options import common, common_options
from sipcli.config.example import example as example_text
from sipcli.config.format import toml_text
from sipcli.config.instance_id import kept_instance_id
from sipcli.config.keys import Key, Section
from sipcli.config.load import Loaded
from sipcli.config.paths import (
    CONFIG_VARIABLE,
    NoHome,
    config_file,
    named_config_file,
    state_folder,
)
from sipcli.config.resolve import check_files
from sipcli.config.settings import KEYS
from sipcli.config.sources import DEFAULT, Origin, SettingSource
from sipcli.errors import ConfigError
from sipcli.text import one_line

_NAME_WIDTH: Final = max(len(key.name) for key in KEYS)
_PAIR_WIDTH: Final = _NAME_WIDTH + 34
"""Columns before the comment with the source, unless a value is longer."""


@click.group(cls=CommandGroup, invoke_without_command=True)
@common_options
@click.pass_context
def config(context: click.Context) -> None:
    """Show, check and locate the configuration."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@config.command(cls=Command)
@settings_options(shown=())
def show(invocation: Invocation) -> None:
    """Show the settings in force and where each comes from.

    Secrets are hidden. Every setting is accepted as an option (`sipcli help settings`), to show
    what the commands that connect would use.
    """
    loaded = invocation.load()
    rows = [(key, *in_force(key, loaded)) for key in KEYS]
    screen = current_screen()
    _warn(screen, loaded)
    screen.record("config", _as_fields(loaded, rows))
    for line in _as_lines(loaded, rows):
        screen.say(line)


@config.command(cls=Command)
@settings_options(shown=())
def check(invocation: Invocation) -> None:
    """Check all settings and the files they name.

    Connects to nothing. Reports each mistake with its file and line, option or variable,
    and exits with 2.
    """
    from sipcli.net.link_options import LinkOptions  # late: it brings asyncio and ssl

    screen = current_screen()
    try:
        loaded = invocation.load()
        check_files(loaded)
        try:
            LinkOptions.from_settings(loaded.settings)
        except ConfigError as error:
            raise loaded.placed(error) from error
    except ConfigError as error:
        screen.record("check", _result(ok=False, detail=error.text, hint=None))
        raise
    _warn(screen, loaded)
    hint = None
    if not loaded.settings.ws_servers:
        hint = "ws_servers is not set; commands that connect need it"
    screen.record("check", _result(ok=True, detail=described(loaded), hint=hint))
    screen.say(f"ok: {described(loaded)}")
    if hint is not None:
        screen.say(hint)


@config.command(cls=Command)
@common_options
def path() -> None:
    """Show where sipcli keeps its files."""
    option = common().config
    named = named_config_file(option, os.environ)
    places = {"config": named or _place(config_file), "state": _place(state_folder)}
    screen = current_screen()
    screen.record(
        "config",
        {
            name: {"path": str(place) if place else None, "exists": _exists(place)}
            for name, place in places.items()
        },
    )
    how = "named by --config" if option else f"named by {CONFIG_VARIABLE}" if named else ""
    for name, place in places.items():
        if place is None:
            screen.say(f"{name:6}  none  ({NoHome()})")
            continue
        notes = ["" if _exists(place) else "does not exist", how if name == "config" else ""]
        note = ", ".join(note for note in notes if note)
        screen.say(f"{name:6}  {one_line(str(place))}" + (f"  ({note})" if note else ""))


@config.command(cls=Command)
@common_options
def example() -> None:
    """Print an example file with every key.

    Each key is commented out and comes with its description and default.
    """
    screen = current_screen()
    text = example_text()
    screen.record("config", {"text": text})
    screen.say(text.removesuffix("\n"))


def in_force(key: Key, loaded: Loaded) -> tuple[object, Origin]:
    """Return the value to show for a key and its source. An instance id that was drawn only for
    this run is left out.
    """
    origin = loaded.origins[key.name]
    if key.name == "instance_id" and origin is DEFAULT:
        folder = _place(state_folder)
        kept = kept_instance_id(loaded.settings.uri, folder) if folder else None
        return (key.plain(kept), Origin(SettingSource.STATE)) if kept else (None, DEFAULT)
    return key.shown(loaded.settings), origin


def _as_lines(loaded: Loaded, rows: list[tuple[Key, object, Origin]]) -> Iterator[str]:
    """Yield the settings as TOML, with their sources as comments."""
    yield f"# {described(loaded)}"
    for section in Section:
        yield f"\n# {section}"
        for key, value, origin in rows:
            if key.section is not section:
                continue
            if value is None:
                yield f"{'# ' + key.name:{_PAIR_WIDTH}}  # {key.derived or 'not set'}"
            else:
                pair = f"{key.name:{_NAME_WIDTH}} = {toml_text(value)}"
                yield f"{pair:{_PAIR_WIDTH}}  # {origin}"


def _as_fields(loaded: Loaded, rows: list[tuple[Key, object, Origin]]) -> dict[str, object]:
    settings = {
        key.name: {"value": value, "source": str(origin.source), "place": origin.place or None}
        for key, value, origin in rows
    }
    file = str(loaded.file) if loaded.file else None
    return {"file": file, "profile": loaded.profile, "settings": settings}


def _result(*, ok: bool, detail: str, hint: str | None) -> dict[str, object]:
    return {"name": "configuration", "ok": ok, "detail": detail, "hint": hint}


def described(loaded: Loaded) -> str:
    """Return the file and profile of the settings, in words."""
    file = one_line(str(loaded.file)) if loaded.file else "no configuration file"
    return f"{file}, profile {one_line(loaded.profile)}" if loaded.profile else file


def _place(find: Callable[[], Path]) -> Path | None:
    """Return the path; None if there is no home directory to put it in."""
    try:
        return find()
    except NoHome:
        return None


def _exists(place: Path | None) -> bool:
    try:
        return place is not None and place.exists()
    except OSError:
        return False


def _warn(screen: Screen, loaded: Loaded) -> None:
    for warning in loaded.warnings:
        screen.warning(warning)

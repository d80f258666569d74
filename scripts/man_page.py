"""Writes the manual page, docs/sipcli.1, to stdout. Its texts are those of the help.

The macros are those of man(7). Each hyphen is written as a minus, since readers copy and search
options. The page has no date, so that it changes only with the texts.
"""

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator

import click

from sipcli import __version__
from sipcli.cli.command_help import Command, Group, GroupedOption
from sipcli.cli.main import main
from sipcli.cli.settings_help import INTRODUCTION, default_of, usage_of
from sipcli.config.keys import Section
from sipcli.config.settings import KEYS
from sipcli.errors import EXIT_CODES

_WIDTH = 80
"""Columns of the source, as mandoc's lint likes it."""
SHARED = (Group.COMMON, Group.EXPECTATIONS)
"""Groups of options that have a section of their own."""


def page() -> str:
    """Return the page."""
    commands = list(_commands(main, click.Context(main, info_name="sipcli")))
    (call,) = [context for context in commands if context.info_name == "call"]
    purpose, *more = _paragraphs(main.help or "")
    lines = [
        f'.TH SIPCLI 1 "" "sipcli {_text(__version__)}" "User Commands"',
        ".nh",
        ".ad l",
        *_section("Name", rf"sipcli \- {purpose[0].lower() + purpose[1:].rstrip('.')}"),
        *_section("Synopsis", r".B sipcli", r"[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGS\fR]"),
        *_section("Description", *_prose(more)),
        *_section("Commands", *(line for each in commands for line in _command(each))),
        *_section("Expectations", *_prose(["`sipcli call` and `sipcli listen` take these:"])),
        *_options(call, {Group.EXPECTATIONS}),
        *_section("Common options", *_prose(["Before or after the name of a command:"])),
        *_options(call, {Group.COMMON}),
        *_section("Settings", *_prose([INTRODUCTION]), *_settings()),
        *_section("Exit status", *_tagged((str(code), text) for code, text in EXIT_CODES.items())),
        *_section("Environment", *_tagged(_ENVIRONMENT)),
        *_section("Files", *_prose([_FILES])),
        *_section("Examples", *(line for each in commands for line in _examples(each.command))),
    ]
    return "".join(f"{piece}\n" for line in lines for piece in _wrapped(line))


_FILES = (
    "`sipcli config path` shows where the configuration belongs. `sipcli config example` prints "
    "one to start from."
)
_ENVIRONMENT = (
    ("SIPCLI_CONFIG", "The configuration file, as --config."),
    ("SIPCLI_PROFILE", "The profile of the configuration to use, as --profile."),
    ("SIPCLI_...", "A setting; see above."),
    (
        "SSLKEYLOGFILE",
        "A file to append the keys of TLS and DTLS to, so that Wireshark can decrypt a capture.",
    ),
    ("COLUMNS", "The width of the help, at most 100."),
)


def _commands(group: click.Group, parent: click.Context) -> Iterator[click.Context]:
    """Yield a context for each command that does something, in the order of the help."""
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=parent)
        if isinstance(command, click.Group):
            yield from _commands(command, context)
        else:
            yield context


def _command(context: click.Context) -> Iterator[str]:
    usage = " ".join(context.command.collect_usage_pieces(context))
    yield f'.SS "{_text(f"{context.command_path} {usage}")}"'
    yield from _prose(_paragraphs(context.command.help or ""))
    yield from _options(context, {group for group in Group if group not in SHARED})


def _options(context: click.Context, groups: set[Group]) -> Iterator[str]:
    """Yield the options of a command in some groups, but for the settings, which have their own
    section.
    """
    settings = {key.option for key in KEYS}
    for option in context.command.get_params(context):
        if not isinstance(option, GroupedOption) or option.group not in groups:
            continue
        record = option.get_help_record(context)
        if record is not None and option.opts[0] not in settings:
            yield from _tagged([record])


def _settings() -> Iterator[str]:
    for section in Section:
        yield f'.SS "{_text(section)}"'
        for key in KEYS:
            if key.section is section:
                yield from _tagged([(f"{key.name} = {default_of(key)}", "")])
                yield f"{_text(usage_of(key))}"
                yield ".br"
                yield _text(key.variable)
                yield ".br"
                yield _text(key.doc)
                for form in key.kind.forms:
                    yield ".RS"
                    yield from _tagged([form])
                    yield ".RE"


def _examples(command: click.Command) -> Iterator[str]:
    if isinstance(command, Command):
        for line, what in command.examples:
            yield from (".TP 2", _text(what), ".nf", rf"\fB{_text(line)}\fR", ".fi")


def _section(heading: str, *lines: str) -> Iterator[str]:
    yield f'.SH "{heading.upper()}"'
    yield from lines


def _tagged(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, text in rows:
        yield ".TP"
        yield rf"\fB{_text(name)}\fR"
        if text:
            yield _text(" ".join(text.split()))


def _prose(paragraphs: Iterable[str]) -> Iterator[str]:
    for number, paragraph in enumerate(paragraphs):
        if number:
            yield ".PP"
        yield _text(paragraph)


def _paragraphs(text: str) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text.strip())]


def _wrapped(line: str) -> list[str]:
    """Return a line of the source in pieces of at most 79 characters; a request is one piece."""
    if line.startswith((".", r"\fB")) or len(line) < _WIDTH:
        return [line]
    pieces = textwrap.wrap(line, _WIDTH - 3, break_long_words=False, break_on_hyphens=False)
    return [rf"\&{piece}" if piece.startswith((".", "'")) else piece for piece in pieces]


def _text(text: str) -> str:
    """Return text as roff has it: no escapes by accident, and no line that looks like a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return rf"\&{text}" if text.startswith((".", "'")) else text


if __name__ == "__main__":
    sys.stdout.write(page())

"""What `-h` shows of a command: what it needs, in groups, as wide as the terminal."""

import re
import shlex
from typing import Final

import click
import pytest

from sipcli.catalog.audio_spec import SINKS, SOURCES
from sipcli.cli.command_help import Command, GroupedOption
from sipcli.cli.main import COMMANDS, main
from sipcli.cli.script.call_commands import WORDS
from sipcli.config.keys import Section
from sipcli.config.settings import BY_NAME, KEYS
from sipcli.errors import EXIT_CODES
from tests.cli.program import Sipcli

TOPICS: Final = [[name] for name in COMMANDS] + [["config", "show"], ["config", "check"]]
PLACING: Final = ("call", "listen")
SOUND: Final = [
    key.option for key in KEYS if key.section in (Section.AUDIO, Section.MEDIA, Section.CALLS)
]


def words(text: str) -> str:
    """The text without its line breaks."""
    return " ".join(text.split())


def options(text: str) -> set[str]:
    """The long options that the help lists."""
    return set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", text, re.MULTILINE))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("topic", [[], *TOPICS], ids=" ".join)
def test_the_help_is_as_wide_as_the_terminal_and_never_too_wide_to_read(
    sipcli: Sipcli, topic: list[str], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    widest = max(map(len, sipcli(*topic, "-h").out.splitlines()))
    assert widest <= min(width, 100)
    if topic == ["call"]:
        assert widest > min(width, 100) - 8


@pytest.mark.parametrize("command", ["ping", "message", "register", "config show", "config check"])
def test_commands_without_a_call_show_no_settings_of_calls(sipcli: Sipcli, command: str) -> None:
    text = sipcli(*command.split(), "-h").out
    of_calls = {"--redirects"} if command in ("ping", "message") else set()
    assert options(text) & set(SOUND) == of_calls
    assert ("--uri" in options(text)) != command.startswith("config")


def test_devices_shows_the_settings_of_the_devices_that_it_tests(sipcli: Sipcli) -> None:
    text = sipcli("devices", "-h").out
    assert options(text) & {key.option for key in KEYS} == {"--audio-in", "--audio-out"}


@pytest.mark.parametrize("command", ["ping bob", "message bob hi", "register --once", "devices"])
def test_settings_that_do_not_matter_to_a_command_are_accepted_all_the_same(
    sipcli: Sipcli, command: str
) -> None:
    ended = sipcli(*command.split(), "--audio-in", "tone:440", "--opus-bitrate", "1")
    assert ended.code == 2
    assert "--opus-bitrate: " in ended.err


@pytest.mark.parametrize("command", PLACING)
def test_calls_show_the_words_of_the_audio_examples_and_exit_codes(
    sipcli: Sipcli, command: str
) -> None:
    text = sipcli(command, "-h").out
    for grammar in SOURCES, SINKS:
        for word in grammar.words:
            assert f"\n  {word.forms} " in text
            assert word.meaning in words(text)
    assert "\nExamples:\n" in text
    told = words(text.partition("\nExit codes:\n")[2])
    assert told == " ".join(f"{code} {words(meaning)}" for code, meaning in EXIT_CODES.items())


@pytest.mark.parametrize("command", PLACING)
def test_the_commands_of_stdin_are_all_named(sipcli: Sipcli, command: str) -> None:
    text = sipcli(command, "-h").out.replace("-\n", "-\n\n")
    (told,) = re.findall(r"--stdin (.*?) --", words(text).replace("- ", "-"))
    for word in (*WORDS, "sleep", "wait", "expect"):
        assert f" {word}" in told


@pytest.mark.parametrize("command", COMMANDS)
def test_no_option_is_missing_in_the_help_by_accident(command: str) -> None:
    found = main.get_command(click.Context(main), command)
    assert found is not None
    for each in found.commands.values() if isinstance(found, click.Group) else [found]:
        assert isinstance(each, Command)
        strays = [one for one in each.params if isinstance(one, click.Option)]
        assert [one.name for one in strays if not isinstance(one, GroupedOption)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_example_is_a_command_that_is_understood(command: str) -> None:
    found = main.get_command(click.Context(main), command)
    for line, _ in found.examples if isinstance(found, Command) else ():
        program, *arguments = shlex.split(line)
        if program != "sipcli" or "|" in arguments:
            continue
        name, one, rest = main.resolve_command(click.Context(main), arguments)
        assert one is not None
        one.make_context(name, rest, parent=click.Context(main))
        assert len(line) <= 76  # it is not wrapped


@pytest.mark.parametrize("topic", TOPICS, ids=" ".join)
def test_help_shows_what_the_option_shows(sipcli: Sipcli, topic: list[str]) -> None:
    assert sipcli("help", *topic).out == sipcli(*topic, "-h").out
    assert sipcli("help").out == sipcli("-h").out


def test_help_has_every_setting_with_its_default_variable_and_option(sipcli: Sipcli) -> None:
    text = sipcli("help", "settings").out
    for key in KEYS:
        head = rf"\n  {re.escape(key.name)} = .+\n    {key.variable}\n    {key.option}\b"
        assert re.search(head, text)
        assert words(key.doc) in words(text)
    assert "  register_expires = 600\n" in text
    assert f"  uri = ({BY_NAME['uri'].derived})\n" in text
    assert "  display_name = (not set)\n" in text
    assert "    --tls-verify, --no-tls-verify\n" in text


def test_help_for_what_is_no_command_is_a_usage_error(sipcli: Sipcli) -> None:
    ended = sipcli("help", "ping", "bob")
    assert (ended.code, ended.out) == (2, "")
    assert "`sipcli ping` has no command 'bob'" in ended.err

"""Every setting is an option of the commands that connect; common options stand anywhere."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from sipcli.cli.command_help import Command, Group, option
from sipcli.cli.options import ALL, Invocation, settings_options
from sipcli.cli.shared_options import Common, common, common_options
from sipcli.config.keys import Key
from sipcli.config.settings import BY_NAME, KEYS
from sipcli.errors import ConfigError
from tests.config.samples import SAMPLES


class Probe:
    """A group with a command that connects, and what the command got."""

    def __init__(self) -> None:
        self.invocations: list[Invocation] = []
        self.common: list[Common] = []

        @click.group()
        @common_options
        def group() -> None:
            pass

        @group.command(cls=Command)
        @click.argument("target")
        @option("--max-calls", type=int, help="Of its own.")
        @settings_options(shown=ALL - {"uri"}, without={"max_calls"})
        def connect(invocation: Invocation, target: str, max_calls: int | None) -> None:
            """Connect to something."""
            self.invocations.append(invocation)
            self.own = (target, max_calls)

        @group.command()
        @common_options
        def plain() -> None:
            self.common.append(common())

        self.group = group

    def run(self, *arguments: str) -> None:
        result = CliRunner().invoke(self.group, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output

    def given(self, *arguments: str) -> Invocation:
        self.run("connect", "somewhere", *arguments)
        return self.invocations[-1]

    def help(self, *arguments: str) -> str:
        return CliRunner().invoke(self.group, [*arguments, "-h"]).output


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_key_is_an_option(key: Key, probe: Probe) -> None:
    if key.name == "max_calls":
        return
    sample = SAMPLES[key.name]
    place = key.option
    if key.kind.flag:
        place = key.option if sample.value else f"--no-{key.option[2:]}"
        arguments = [place]
    else:
        words = sample.words if key.kind.many else [sample.variable]
        arguments = [argument for word in words for argument in (key.option, word)]
    if key.name == "tls_client_key":
        arguments += ["--tls-client-certificate", "c.pem"]
    loaded = probe.given(*arguments).load()
    assert loaded.origins[key.name].place == place
    value: Any = loaded.settings
    for name in key.name.split("."):
        value = getattr(value, name)
    assert value == sample.value


def test_what_is_not_given_is_not_set(probe: Probe) -> None:
    assert not any(probe.given().given.values())
    assert all(not origin.place for origin in probe.given().load().origins.values())


@pytest.mark.parametrize("key", [key for key in KEYS if key.kind.flag], ids=lambda key: key.name)
def test_every_boolean_has_two_forms(key: Key, probe: Probe) -> None:
    for name, value in [(key.option, True), (f"--no-{key.option[2:]}", False)]:
        assert probe.given(name).given[key.identifier] is value


def test_a_wrong_value_reaches_the_reader_that_names_the_option(probe: Probe) -> None:
    invocation = probe.given("--register-expires", "0", "--ws-servers", "x")
    with pytest.raises(ConfigError) as caught:
        invocation.load()
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "--register-expires",
        "--ws-servers",
    ]


def test_a_command_keeps_an_option_of_its_own(probe: Probe) -> None:
    invocation = probe.given("--max-calls", "3")
    assert probe.own == ("somewhere", 3)
    assert "max_calls" not in invocation.given
    assert invocation.load().settings.max_calls == BY_NAME["max_calls"].default


def test_the_help_shows_own_options_first_then_groups_then_the_common_ones(probe: Probe) -> None:
    text = probe.help("connect")
    headings = [line for line in text.splitlines() if line.endswith(":") and line[0] != " "]
    wanted = [f"{group}:" for group in Group if group is not Group.EXPECTATIONS]
    assert [heading for heading in headings if " of --audio-" not in heading] == wanted
    for key in KEYS:
        if key.name not in ("uri", "max_calls"):  # hidden here; the command's own
            assert (f"  {key.option} " in text) != key.rare, key.name
    assert "--uri" not in text
    assert text.count("--max-calls") == 1
    assert "Of its own." in text
    assert "[default: 600]" in text
    assert "Further settings are options, too; see `sipcli help settings`." in text
    assert "[repeatable; default: opus g722 pcmu pcma]" in " ".join(text.split())
    assert "[default: the user of uri]" in " ".join(text.split())


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ([], [], Common()),
        (["--json"], [], Common(json=True)),
        ([], ["--json"], Common(json=True)),
        (["-v"], [], Common(verbose=1)),
        ([], ["-vv"], Common(verbose=2)),
        (["-v"], ["-vv"], Common(verbose=2)),
        (["-q", "--profile", "a"], ["--no-color"], Common(quiet=True, profile="a", no_color=True)),
        (["--profile", "a"], ["--profile", "b"], Common(profile="b")),
        (["--config", "a"], ["--config", "b"], Common(config=Path("b"))),
        (["--config", "a"], ["--quiet"], Common(config=Path("a"), quiet=True)),
    ],
)
def test_common_options_stand_before_or_after_and_after_wins(
    before: list[str], after: list[str], wanted: Common, probe: Probe
) -> None:
    probe.run(*before, "plain", *after)
    probe.run(*before, "connect", "x", *after)
    assert probe.common == [wanted]
    assert probe.invocations[-1].common == wanted


@pytest.mark.parametrize("arguments", [["--version"], ["plain", "--version"]])
def test_the_version_is_shown_anywhere(arguments: list[str], probe: Probe) -> None:
    result = CliRunner().invoke(probe.group, arguments)
    assert result.exit_code == 0
    assert result.output.startswith("sipcli ")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_is_shown_anywhere(flag: str, probe: Probe) -> None:
    for arguments in ([flag], ["plain", flag], ["connect", flag]):
        result = CliRunner().invoke(probe.group, arguments)
        assert result.exit_code == 0
        assert "Usage: " in result.output


def test_words_of_a_choice_are_completed(probe: Probe) -> None:
    connect = probe.group.commands["connect"]
    (option,) = [option for option in connect.params if option.name == "log_level"]
    context = click.Context(connect)
    assert [item.value for item in option.shell_complete(context, "w")] == ["warning"]


def test_settings_come_without_the_heavy_packages() -> None:
    code = (
        "import sys, sipcli.cli.options\n"
        "heavy = {'asyncio', 'rich', 'websockets', 'keyring', 'ssl'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""The table of keys is complete, and each key is fully told."""

import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path
from uuid import UUID

import pytest

from sipcli.config.example import example
from sipcli.config.keys import Key
from sipcli.config.load import load
from sipcli.config.settings import KEYS, TABLES, Settings
from sipcli.sip.uri import SipUri

ROOT = Path(__file__).parents[2]
OPTIONS_OF_ITS_OWN = {
    "--audio-in",
    "--audio-out",
    "--echo-cancellation",
    "--noise-suppression",
    "--gain-control",
}

by_key = pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)


def names_of_settings() -> set[str]:
    base = Settings(uri=SipUri(host="x"), instance_id=UUID(int=0))
    names = set()
    for field in fields(base):
        value = getattr(base, field.name)
        if field.name in TABLES and is_dataclass(value):
            names |= {f"{field.name}.{inner.name}" for inner in fields(value)}
        else:
            names.add(field.name)
    return names


def uncommented() -> str:
    """The example with each of its settings in force: prose begins with `# `."""
    lines = example().splitlines()
    return "\n".join(
        line[1:] if line.startswith("#") and line[1:2] != " " else line for line in lines
    )


def test_every_setting_has_a_key_and_every_key_a_setting() -> None:
    assert {key.name for key in KEYS} == names_of_settings()
    assert len(KEYS) == len(names_of_settings())


def test_tables_are_known() -> None:
    assert TABLES == ("audio", "opus", "log")


@by_key
def test_a_key_is_documented(key: Key) -> None:
    assert key.summary.endswith(".")
    assert len(key.summary) < 100
    assert key.doc.endswith(".")
    assert key.kind.accepts


@by_key
def test_option_and_variable_are_the_key_in_their_spelling(key: Key) -> None:
    name = key.name.replace(".", "_")
    assert key.variable == f"SIPCLI_{name.upper()}"
    assert key.option == "--" + name.replace("_", "-") or key.option in OPTIONS_OF_ITS_OWN


@by_key
def test_the_example_shows_each_key_with_documentation_and_default(key: Key) -> None:
    before, _, line = example().partition(f"\n#{key.name} = ")
    assert line, key.name
    value = tomllib.loads("v = " + line.partition("\n")[0])["v"]
    if key.default in (None, [], {}):
        assert key.example
        paragraph = before.rpartition("\n\n")[2]
        assert paragraph.endswith((f"# Default: {key.derived}.", "# No default."))
    else:
        assert value == key.default
    assert key.doc.split()[0] in before.rpartition("\n\n")[2]


def test_the_example_as_it_stands_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(example(), encoding="utf-8")
    assert tomllib.loads(example()) == {}
    assert not load({}, config=path, environ={}).warnings


def test_the_example_with_everything_uncommented_loads(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(uncommented(), encoding="utf-8")
    path.chmod(0o600)
    loaded = load({}, config=path, profile="work", environ={})
    unset = {name for name, origin in loaded.origins.items() if not origin.place}
    assert unset == {"ha1", "password_command"}
    assert [warning.partition(": ")[2] for warning in loaded.warnings] == [
        "ha1 is ignored, because password is set, too",
        "password_command is ignored, because password is set, too",
    ]


def test_the_example_file_is_the_generated_one() -> None:
    path = ROOT / "config.example.toml"
    assert path.read_text(encoding="utf-8") == example(), "run make example"

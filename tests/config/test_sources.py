"""Every key, from every source: the right value, its origin, and the place of a wrong one."""

import re
from operator import attrgetter
from pathlib import Path

import pytest

from sipcli.config.keys import Key
from sipcli.config.load import Loaded, load
from sipcli.config.settings import BY_NAME, KEYS
from sipcli.config.sources import Origin, SettingSource
from sipcli.errors import ConfigError
from tests.config.samples import SAMPLES

by_key = pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def value(key: Key, loaded: Loaded) -> object:
    return attrgetter(key.name)(loaded.settings)


def companions(key: Key) -> dict[str, str]:
    """What must be set beside a key for the settings to make sense together."""
    return {"tls_client_certificate": "c.pem"} if key.name == "tls_client_key" else {}


def lines(key: Key) -> str:
    return "".join(f'{name} = "{text}"\n' for name, text in companions(key).items())


def test_every_key_has_a_sample() -> None:
    assert SAMPLES.keys() == {key.name for key in KEYS}


@by_key
def test_from_the_file(key: Key, tmp_path: Path) -> None:
    sample = SAMPLES[key.name]
    path = write(tmp_path, f"\n\n{key.name} = {sample.toml}\n{lines(key)}")
    loaded = load({}, config=path, environ={})
    assert value(key, loaded) == sample.value
    assert loaded.origins[key.name] == Origin(SettingSource.FILE, f"{path}:3")


@by_key
def test_from_a_profile(key: Key, tmp_path: Path) -> None:
    sample = SAMPLES[key.name]
    text = f"[profiles.'my own']\n{lines(key)}\n{key.name} = {sample.toml}\n"
    path = write(tmp_path, text)
    line = text[: text.index(f"\n{key.name} =") + 1].count("\n") + 1
    loaded = load({}, config=path, profile="my own", environ={})
    assert value(key, loaded) == sample.value
    assert loaded.origins[key.name] == Origin(SettingSource.PROFILE, f"{path}:{line}")
    by_variable = load({}, config=path, environ={"SIPCLI_PROFILE": "my own"})
    assert value(key, by_variable) == sample.value
    assert value(key, load({}, config=path, environ={})) != sample.value


@by_key
def test_from_the_environment(key: Key) -> None:
    sample = SAMPLES[key.name]
    environ = {BY_NAME[name].variable: text for name, text in companions(key).items()}
    environ[key.variable] = sample.variable
    loaded = load({}, environ=environ)
    assert value(key, loaded) == sample.value
    assert loaded.origins[key.name] == Origin(SettingSource.ENVIRONMENT, key.variable)
    assert loaded.warnings == ()


@by_key
def test_from_an_option(key: Key) -> None:
    sample = SAMPLES[key.name]
    raw: bool | str | tuple[str, ...] = sample.words if key.kind.many else sample.variable
    if key.kind.flag:
        raw = sample.value is True
    loaded = load({**companions(key), key.identifier: raw}, environ={})
    assert value(key, loaded) == sample.value
    assert loaded.origins[key.name] == Origin(
        SettingSource.OPTION, f"--no-{key.option[2:]}" if raw is False else key.option
    )


@by_key
def test_the_default_is_not_the_sample_and_is_known_as_default(key: Key) -> None:
    loaded = load({}, environ={})
    assert value(key, loaded) != SAMPLES[key.name].value
    assert loaded.origins[key.name].source is SettingSource.DEFAULT


@by_key
def test_an_empty_variable_counts_as_unset(key: Key) -> None:
    loaded = load({}, environ={key.variable: ""})
    assert loaded.origins[key.name].source is SettingSource.DEFAULT
    assert loaded.warnings == ()


WRONG_TOML = [(key, wrong) for key in KEYS for wrong in SAMPLES[key.name].wrong_toml]
WRONG_WORDS = [(key, wrong) for key in KEYS for wrong in SAMPLES[key.name].wrong_words]


def identify(parameter: object) -> str:
    return parameter.name if isinstance(parameter, Key) else ascii(parameter)[:40]


@pytest.mark.parametrize(("key", "wrong"), WRONG_TOML, ids=identify)
@pytest.mark.parametrize("profile", [None, "work"])
def test_a_wrong_value_in_the_file_is_told_with_its_line(
    key: Key, wrong: str, profile: str | None, tmp_path: Path
) -> None:
    head = f"[profiles.{profile}]\n" if profile else "\n"
    path = write(tmp_path, f"{head}\n\n{key.name} = {wrong}\n")
    with pytest.raises(ConfigError) as caught:
        load({}, config=path, profile=profile, environ={})
    text = str(caught.value)
    subject = f"profiles.{profile}.{key.name}" if profile else key.name
    assert text.startswith(f"{path}:4: {subject}")
    assert "; expected " in text
    assert caught.value.exit_code == 2
    assert "geheim" not in text


@pytest.mark.parametrize(("key", "wrong"), WRONG_WORDS, ids=identify)
def test_a_wrong_word_names_the_option_or_the_variable(key: Key, wrong: str) -> None:
    raw = (wrong,) if key.kind.many else wrong
    with pytest.raises(ConfigError) as of_option:
        load({key.identifier: raw}, environ={})
    assert str(of_option.value).startswith(f"{key.option}: ")
    assert "; expected " in str(of_option.value)
    if wrong.strip() and not (key.kind.many and len(key.kind.split(wrong)) > 1):
        with pytest.raises(ConfigError) as of_variable:
            load({}, environ={key.variable: wrong})
        assert str(of_variable.value).startswith(f"{key.variable}: ")
        assert "geheim" not in str(of_variable.value)
    assert "geheim" not in str(of_option.value)


@pytest.mark.parametrize("key", [key for key in KEYS if key.kind.flag], ids=lambda key: key.name)
def test_booleans_in_the_environment(key: Key) -> None:
    for word in ("true", "1", "yes", "YES", "True"):
        assert value(key, load({}, environ={key.variable: word})) is True
    for word in ("false", "0", "no", "No"):
        assert value(key, load({}, environ={key.variable: word})) is False
    for word in ("on", "2", "y", " true", "wahr"):
        with pytest.raises(ConfigError, match=f"{key.variable}: .*expected true or false"):
            load({}, environ={key.variable: word})


@pytest.mark.parametrize("name", ["ws_servers", "stun_servers", "turn_servers"])
def test_none_is_the_empty_list_as_option_and_variable(name: str) -> None:
    key = BY_NAME[name]
    for loaded in (load({name: ("none",)}, environ={}), load({}, environ={key.variable: "none"})):
        assert value(key, loaded) == ()
        assert loaded.origins[name].source is not SettingSource.DEFAULT
    with pytest.raises(ConfigError, match="none cannot be combined with other values"):
        load({}, environ={key.variable: "none none"})


def test_all_problems_of_all_sources_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "uri = 1\nfoo = 2\n[log]\nlevel = 3\nbar = 4\n[profiles.x]\nbaz = 5\n")
    with pytest.raises(ConfigError) as caught:
        load({"max_calls": "0"}, config=path, environ={"SIPCLI_REGISTER": "maybe"})
    places = [line.split(": ")[:2] for line in str(caught.value).splitlines()]
    assert places == [
        ["--max-calls", '"0" is not accepted; expected a whole number of calls above 0, such as 4'],
        ["SIPCLI_REGISTER", '"maybe" is not accepted; expected true or false, 1 or 0, yes or no'],
        [f"{path}:1", "uri"],
        [f"{path}:2", "foo"],
        [f"{path}:4", "log.level"],
        [f"{path}:5", "log.bar"],
        [f"{path}:7", "profiles.x.baz"],
    ]


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ('\npasword = "geheim"', "2: pasword", "did you mean password?"),
        ('ws-servers = "ws://a"', "1: ws-servers", "did you mean ws_servers?"),
        ("[log]\nlevl = 1", "2: log.levl", "did you mean level?"),
        ("[logs]\nlevel = 1", "1: logs", "did you mean log?"),
        ("[profile.a]", "1: profile", "did you mean profiles?"),
        ("[profiles.a.profiles.b]", "1: profiles.a.profiles", "did you mean profiles?"),
        ('"\\u001b[2J" = 1', "1: \\x1b[2J", "unknown key"),
        ("zzz = 1", "1: zzz", "expected uri, "),
        (
            'ws_servers = { ws_uri = "ws://a", password = "geheim" }',
            "1: ws_servers.password",
            "expected ws_uri, weight",
        ),
    ],
)
def test_an_unknown_key_is_an_error_that_does_not_show_its_value(
    text: str, place: str, hint: str, tmp_path: Path
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load({}, config=path, environ={})
    assert str(caught.value).startswith(f"{path}:{place}: unknown key")
    assert hint in str(caught.value)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("log = 1", r":1: log: 1 is not accepted: it is not a table; expected .*level, file"),
        ("\n[[audio]]", r":2: audio: a list is not accepted"),
        ("profiles = 1", r":1: profiles: expected \[profiles.NAME\] tables"),
        ("[profiles]\nx = 1", r":2: profiles.x: expected a table"),
    ],
)
def test_what_must_be_a_table(text: str, wanted: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match=re.escape(str(path)) + wanted):
        load({}, config=path, environ={})


def test_the_place_is_that_of_the_wrong_element(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'ws_servers = [\n  "ws://a",\n  { ws_uri = "ws://b", weight = "heavy" },\n]\n'
        "[[turn_servers]]\nurls = [\n'turn:a',\n'turn:b:0']\n",
    )
    with pytest.raises(ConfigError) as caught:
        load({}, config=path, environ={})
    assert str(caught.value).splitlines() == [
        f'{path}:3: ws_servers[1].weight: "heavy" is not accepted; '
        "expected a number such as 10 or 0.5",
        f'{path}:8: turn_servers[0].urls[1]: "turn:b:0" is not accepted: '
        "its port is not between 1 and 65535; expected turn:HOST or turns:HOST, "
        "with optional :PORT and ?transport=udp or =tcp",
    ]


def test_a_table_of_an_array_of_tables_that_lacks_something(tmp_path: Path) -> None:
    path = write(tmp_path, "\n[[ws_servers]]\nweight = 1\n")
    with pytest.raises(ConfigError, match=r":2: ws_servers\[0\]: .*ws_uri is missing"):
        load({}, config=path, environ={})


def test_an_unknown_variable_is_a_warning_that_does_not_show_its_value() -> None:
    loaded = load({}, environ={"SIPCLI_PASWORD": "geheim", "SIPCLIX": "1", "OTHER": "1"})
    (warning,) = loaded.warnings
    assert warning == "SIPCLI_PASWORD: there is no such setting; did you mean SIPCLI_PASSWORD?"


def test_a_variable_of_blanks_alone_is_an_empty_list_variable() -> None:
    assert load({}, environ={"SIPCLI_WS_SERVERS": "  "}).origins["ws_servers"].source is (
        SettingSource.DEFAULT
    )

"""Settings given in Python: read as strictly as a file, and named as what they are."""

from pathlib import Path

import pytest

from sipcli.config.load import load, load_arguments
from sipcli.config.server_settings import WsServer
from sipcli.config.sources import SettingSource
from sipcli.errors import ConfigError


def complaint(**arguments: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load_arguments(arguments)
    return str(caught.value)


def test_values_are_those_of_the_file_and_tuples_and_paths_will_do() -> None:
    loaded = load_arguments(
        {
            "uri": "sip:alice@example.com",
            "ws_servers": ("wss://a.example.com", {"ws_uri": "wss://b.example.com", "weight": 2}),
            "register": False,
            "tls_ca_file": Path("/ca.pem"),
            "audio": {"input": "silence"},
        }
    )
    settings = loaded.settings
    assert str(settings.uri) == "sip:alice@example.com"
    assert settings.ws_servers == (
        WsServer("wss://a.example.com"),
        WsServer("wss://b.example.com", 2),
    )
    assert not settings.register
    assert settings.tls_ca_file == "/ca.pem"
    assert settings.audio.input == "silence"
    assert loaded.warnings == ()


def test_what_is_wrong_is_named_and_what_would_be_right() -> None:
    assert "Phone(): register: 1 is not accepted; expected true or false" in complaint(register=1)
    assert "Phone(): passwort: unknown key; did you mean password?" in complaint(passwort="secret")
    assert "[1]" in complaint(ws_servers=["wss://a.example.com", 7])


def test_all_that_is_wrong_is_told_at_once_and_no_secret() -> None:
    text = complaint(register=1, password=["open sesame"])
    assert "register" in text
    assert "password" in text
    assert "open sesame" not in text


def test_profiles_are_the_files_affair() -> None:
    assert "profiles: only a configuration file has profiles" in complaint(profiles={})


def test_neither_file_nor_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIPCLI_REGISTER_EXPIRES", "17")
    assert load_arguments({}).settings.register_expires == 600


def test_arguments_are_stronger_than_environment_and_file(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("register_expires = 13\n", encoding="utf-8")
    environ = {"SIPCLI_REGISTER_EXPIRES": "12"}
    loaded = load({}, arguments={"register_expires": 11}, config=path, environ=environ)
    assert loaded.settings.register_expires == 11
    assert loaded.origins["register_expires"].source is SettingSource.OPTION

"""`sipcli config` as a user sees it: output, errors, exit codes, and no secret anywhere."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sipcli.cli.main import run
from sipcli.config.example import example
from sipcli.config.instance_id import load_or_create_id
from sipcli.config.keys import Key
from sipcli.config.paths import config_file, state_folder
from sipcli.config.settings import KEYS
from sipcli.sip.uri import SipUri
from tests.config.samples import SAMPLES

Capture = pytest.CaptureFixture[str]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def events(capsys: Capture) -> list[dict[str, Any]]:
    """The events on stdout but the last one, which is `finished`; all have a time."""
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all("time" in event for event in found)
    assert [event["event"] == "finished" for event in found] == [False] * (len(found) - 1) + [True]
    assert found[0]["schema"] == 1
    return found[:-1]


def shown(capsys: Capture, *arguments: str) -> dict[str, Any]:
    assert run(["config", "show", "--json", *arguments]) == 0
    *_, found = events(capsys)
    assert found["event"] == "config"
    return found


class TestShow:
    def test_every_key_with_its_source(
        self, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write(
            config_file(), "max_calls = 2\nlog.level = 'debug'\n[profiles.p]\nmax_calls = 3\n"
        )
        monkeypatch.setenv("SIPCLI_ORIGIN", "https://a.example.org")
        found = shown(capsys, "--profile", "p", "--no-register")
        assert found["file"] == str(path)
        assert found["profile"] == "p"
        settings = found["settings"]
        assert settings.keys() == {key.name for key in KEYS}
        wanted = {
            "register": (False, "option", "--no-register"),
            "origin": ("https://a.example.org", "environment", "SIPCLI_ORIGIN"),
            "max_calls": (3, "profile", f"{path}:4"),
            "log.level": ("debug", "file", f"{path}:2"),
            "register_expires": (600, "default", None),
            "password": (None, "default", None),
        }
        for name, (value, source, place) in wanted.items():
            assert settings[name] == {"value": value, "source": source, "place": place}

    def test_derived_defaults_are_shown_as_they_are_in_force(self, capsys: Capture) -> None:
        settings = shown(capsys, "--uri", "Alice%20B@example.org:5070")["settings"]
        assert settings["authorization_user"]["value"] == "Alice B"
        assert settings["registrar_server"]["value"] == "sip:example.org:5070"
        assert settings["registrar_server"]["source"] == "default"

    def test_for_a_person_it_is_toml_with_the_sources_as_comments(self, capsys: Capture) -> None:
        path = write(config_file(), 'uri = "sip:a@b"\nws_servers = "ws://h"\nlog.file = "x"\n')
        assert run(["config", "show", "--stun-servers", "none"]) == 0
        out = capsys.readouterr().out
        found = tomllib.loads(out)
        assert found["uri"] == "sip:a@b"
        assert found["ws_servers"] == ["ws://h"]
        assert found["stun_servers"] == []
        assert found["log"] == {"level": "warning", "file": str(path.parent / "x")}
        (line,) = [line for line in out.splitlines() if line.startswith("uri ")]
        assert line.endswith(f"# {path}:1")
        (line,) = [line for line in out.splitlines() if line.startswith("stun_servers ")]
        assert line.endswith("# --stun-servers")
        for key in KEYS:
            assert f"\n{key.name} " in out or f"\n# {key.name} " in out

    def test_the_kept_instance_id_is_shown_and_none_is_made(self, capsys: Capture) -> None:
        arguments = ("--uri", "sip:a@b")
        assert shown(capsys, *arguments)["settings"]["instance_id"]["value"] is None
        assert not state_folder().exists()
        kept = load_or_create_id(SipUri.parse("sip:a@b"), state_folder())
        found = shown(capsys, *arguments)["settings"]["instance_id"]
        assert (found["value"], found["source"]) == (str(kept.instance_id), "state")

    def test_warnings_go_to_stderr_or_are_events(
        self, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SIPCLI_NONSENSE", "1")
        assert run(["config", "show"]) == 0
        assert "SIPCLI_NONSENSE: there is no such setting" in capsys.readouterr().err
        assert run(["config", "show", "--json"]) == 0
        warning, _ = events(capsys)
        assert warning["event"] == "warning"
        assert warning["text"].startswith("SIPCLI_NONSENSE: ")
        assert run(["config", "show", "--quiet"]) == 0
        assert capsys.readouterr().err == ""


class TestCheck:
    def test_a_right_file(self, capsys: Capture) -> None:
        path = write(config_file(), 'ws_servers = "ws://h"')
        assert run(["config", "check"]) == 0
        assert capsys.readouterr().out == f"ok: {path}\n"
        assert run(["config", "check", "--json"]) == 0
        (found,) = events(capsys)
        assert found["event"] == "check"
        assert (found["name"], found["ok"]) == ("configuration", True)
        assert (found["detail"], found["hint"]) == (str(path), None)

    def test_what_is_missing_to_connect_is_told(self, capsys: Capture) -> None:
        assert run(["config", "check"]) == 0
        out = capsys.readouterr().out
        hint = "ws_servers is not set; commands that connect need it"
        assert out.splitlines() == ["ok: no configuration file", hint]
        assert run(["config", "check", "--json"]) == 0
        (found,) = events(capsys)
        assert (found["ok"], found["hint"]) == (True, hint)

    def test_all_mistakes_are_told_with_exit_code_2(self, capsys: Capture) -> None:
        path = write(config_file(), "uri = 1\nfoo = 2\n")
        assert run(["config", "check"]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert f"{path}:1: uri: 1 is not accepted" in captured.err
        assert f"{path}:2: foo: unknown key" in captured.err

    def test_the_reason_is_short_where_there_are_several(self, capsys: Capture) -> None:
        path = write(config_file(), "uri = 1\nfoo = 2\nbar = 3\n")
        assert run(["--json", "config", "check"]) == 2
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert lines[-1]["event"] == "finished"
        assert lines[-1]["reason"].startswith(f"{path}:1: uri: ")
        assert lines[-1]["reason"].endswith(" (and 2 more)")

    def test_in_json_the_mistakes_are_an_event(self, capsys: Capture) -> None:
        path = write(config_file(), "\nuri = 1\n")
        assert run(["--json", "config", "check"]) == 2
        check, error = events(capsys)
        assert (check["event"], check["name"], check["ok"]) == ("check", "configuration", False)
        assert error["event"] == "error"
        assert check["detail"] == error["text"]
        assert error["text"].startswith(f"{path}:2: uri: ")

    def test_files_that_settings_name_are_looked_at(self, capsys: Capture, tmp_path: Path) -> None:
        write(config_file(), 'tls_ca_file = "missing.pem"')
        assert run(["config", "check"]) == 2
        assert "missing.pem cannot be used: No such file" in capsys.readouterr().err
        garbage = write(tmp_path / "garbage.pem", "garbage")
        assert run(["config", "check", "--tls-ca-file", str(garbage)]) == 2
        assert f"error: --tls-ca-file: tls_ca_file = {str(garbage)!r}" in capsys.readouterr().err
        write(config_file(), f'uri = "sip:a@b"\ntls_client_certificate = "{garbage}"')
        assert run(["config", "check"]) == 2
        assert f"{config_file()}:2: tls_client_certificate = " in capsys.readouterr().err


class TestPath:
    def test_the_default_places(self, capsys: Capture) -> None:
        assert run(["config", "path"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            f"config  {config_file()}  (does not exist)",
            f"state   {state_folder()}  (does not exist)",
        ]
        write(config_file(), "")
        assert run(["config", "path", "--json"]) == 0
        (found,) = events(capsys)
        assert found["event"] == "config"
        assert found["config"] == {"path": str(config_file()), "exists": True}
        assert found["state"] == {"path": str(state_folder()), "exists": False}

    def test_a_named_file(self, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SIPCLI_CONFIG", "v.toml")
        assert run(["config", "path"]) == 0
        assert "config  v.toml  (does not exist, named by SIPCLI_CONFIG)" in capsys.readouterr().out
        assert run(["config", "path", "--config", "o.toml"]) == 0
        assert "config  o.toml  (does not exist, named by --config)" in capsys.readouterr().out

    def test_it_works_with_a_broken_file(self, capsys: Capture) -> None:
        write(config_file(), "uri = ")
        assert run(["config", "path"]) == 0
        assert str(config_file()) in capsys.readouterr().out


def test_the_example_is_printed_to_the_letter(capsys: Capture) -> None:
    assert run(["config", "example"]) == 0
    assert capsys.readouterr().out == example()
    assert run(["config", "example", "--json"]) == 0
    (found,) = events(capsys)
    assert (found["event"], found["text"]) == ("config", example())


def test_without_a_command_the_help_is_shown(capsys: Capture) -> None:
    assert run(["config"]) == 0
    assert "Commands:" in capsys.readouterr().out


SECRETS = {
    "password": ('"geheim"', "geheim"),
    "ha1": (f'"{"9e8e14" * 5}ab"', "9e8e14" * 5 + "ab"),
    "password_command": ('"echo geheim"', "echo geheim"),
    "ws_headers": ('{ X-Token = "geheim" }', "X-Token: geheim"),
    "turn_servers": (
        '{ urls = "turn:a", username = "u", password = "geheim" }',
        "turn:a,u,geheim",
    ),
    "ws_servers": ('"wss://h/p?key=geheim"', "wss://h/p?key=geheim"),
    "hep_password": ('"geheim"', "geheim"),
}


def test_every_secret_key_is_among_those_tried() -> None:
    assert {key.name for key in KEYS if key.secret or key.hidden} <= SECRETS.keys()


@pytest.mark.parametrize("command", ["show", "check"])
@pytest.mark.parametrize("as_json", [[], ["--json"]])
@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_is_ever_printed(
    command: str, as_json: list[str], name: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = next(key for key in KEYS if key.name == name)
    toml, word = SECRETS[name]
    arguments = ["config", command, *as_json, "-vv"]
    outputs = []
    assert run([*arguments, key.option, word]) == 0
    outputs.append(capsys.readouterr())
    monkeypatch.setenv(key.variable, word)
    assert run(arguments) == 0
    outputs.append(capsys.readouterr())
    monkeypatch.delenv(key.variable)
    write(config_file(), f"{name} = {toml}\n")
    config_file().chmod(0o644)
    assert run(arguments) == 0
    outputs.append(capsys.readouterr())
    write(config_file(), f"register_expires = 0\n{name} = {toml}\n[profiles.p]\n{name} = {toml}\n")
    assert run([*arguments, "--profile", "p"]) == 2
    outputs.append(capsys.readouterr())
    for output in outputs:
        for secret in ("geheim", "9e8e14"):
            assert secret not in output.out + output.err


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_key_is_shown_with_its_value_from_the_file(key: Key, capsys: Capture) -> None:
    extra = 'tls_client_certificate = "c.pem"\n' if key.name == "tls_client_key" else ""
    write(config_file(), f"{key.name} = {SAMPLES[key.name].toml}\n{extra}")
    found = shown(capsys)["settings"][key.name]
    assert found["source"] == "file"
    assert found["place"] == f"{config_file()}:1"
    assert found["value"] == key.plain(SAMPLES[key.name].value)

"""What is done before a connection, and only then."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from sipcli.config.load import Loaded, load
from sipcli.config.paths import state_folder
from sipcli.config.resolve import check_files, own_instance, prepare
from sipcli.config.sources import Given, SettingSource
from sipcli.errors import ConfigError


def loaded(**given: Given) -> Loaded:
    return load({"ws_servers": ("ws://h",), "uri": "sip:a@b", **given}, environ={})


def test_servers_are_required_and_the_error_says_where_to_set_them(home: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        prepare(load({"uri": "sip:a@b"}, environ={}))
    assert caught.value.exit_code == 2
    for place in ("--ws-servers wss://HOST", "SIPCLI_WS_SERVERS", f"{home}/config/sipcli/config"):
        assert place in str(caught.value)


def test_the_instance_id_is_kept_for_the_account() -> None:
    first, second = (prepare(loaded()) for _ in range(2))
    assert first.settings.instance_id == second.settings.instance_id
    origin = first.origins["instance_id"]
    assert origin.source is SettingSource.STATE
    assert Path(origin.place).parent == state_folder()


def test_a_configured_instance_id_is_taken_as_it_is() -> None:
    text = "8f1fa16a-1165-4a96-8341-785b1ef24f12"
    assert prepare(loaded(instance_id=text)).settings.instance_id == UUID(text)
    assert not state_folder().exists()


def test_two_that_register_at_the_same_time_have_two_instances(tmp_path: Path) -> None:
    text = "8f1fa16a-1165-4a96-8341-785b1ef24f12"
    file = tmp_path / "config.toml"
    file.write_text(f'instance_id = "{text}"\n[profiles.p]\ninstance_id = "{text}"\n')
    given: dict[str, Given] = {"ws_servers": ("ws://h",), "uri": "sip:a@b"}
    lasting = [
        prepare(loaded()),
        prepare(load(given, config=file, environ={})),
        prepare(load(given, config=file, profile="p", environ={})),
    ]
    for each in lasting:
        with own_instance(each) as first, own_instance(each) as second:
            assert first == each.settings
            assert second.instance_id != first.instance_id
            assert replace(second, instance_id=first.instance_id) == first


def test_an_instance_id_for_this_run_alone_is_taken_as_it_is() -> None:
    given = prepare(loaded(instance_id="8f1fa16a-1165-4a96-8341-785b1ef24f12"))
    with own_instance(given) as first, own_instance(given) as second:
        assert first == second == given.settings


def test_whoever_does_not_register_is_nobody_else() -> None:
    given = prepare(loaded(register=False))
    with own_instance(given) as first, own_instance(given) as second:
        assert first == second == given.settings


def test_an_anonymous_caller_leaves_nothing_behind() -> None:
    settings = prepare(load({"ws_servers": ("ws://h",)}, environ={})).settings
    assert settings.is_anonymous
    assert not state_folder().exists()


def test_a_state_folder_that_cannot_be_used_is_a_warning(home: Path) -> None:
    (home / "state").write_text("")
    prepared = prepare(loaded())
    assert prepared.origins["instance_id"].source is SettingSource.DEFAULT
    (warning,) = prepared.warnings
    assert "cannot be used" in warning


def test_the_command_runs_only_now(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    given = loaded(password_command=f"touch '{mark}'; echo geheim")
    assert not mark.exists()
    prepared = prepare(given)
    assert mark.exists()
    assert prepared.settings.password == "geheim"
    assert prepared.origins["password"] == given.origins["password_command"]
    assert "geheim" not in repr(prepared)


def test_the_keyring_is_asked_only_now(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def get_password(service: str, user: str) -> str:
        asked.append((service, user))
        return "geheim"

    monkeypatch.setattr("keyring.get_password", get_password)
    given = loaded(keyring=True)
    assert not asked
    assert prepare(given).settings.password == "geheim"
    assert asked == [("sipcli", "a@b")]


def test_a_failing_command_names_its_place() -> None:
    with pytest.raises(ConfigError, match=r"^--password-command: .* exit code 7$"):
        prepare(loaded(password_command="exit 7"))


def test_a_password_from_a_stronger_source_saves_running_the_command() -> None:
    given = load(
        {"ws_servers": ("ws://h",), "password": "geheim"},
        environ={"SIPCLI_PASSWORD_COMMAND": "exit 7"},
    )
    assert prepare(given).settings.password == "geheim"


@pytest.mark.parametrize("name", ["tls_ca_file", "tls_client_certificate", "log_file"])
def test_a_file_that_cannot_be_used_is_named_with_its_place(name: str, tmp_path: Path) -> None:
    option = "--" + name.replace("_", "-")
    # A name that is too long is a fault that pathlib raises instead of answering a question.
    for path in (tmp_path / "no" / "file", tmp_path, tmp_path / ("x" * 300) / "file"):
        with pytest.raises(ConfigError) as caught:
            check_files(loaded(**{name: str(path)}))
        assert str(caught.value).startswith(f"{option}: ")
        assert f"{path} cannot be used: " in str(caught.value)


def test_files_are_looked_at_before_a_connection() -> None:
    with pytest.raises(ConfigError, match=r"^--tls-ca-file: .*/no/such.pem cannot be used"):
        prepare(loaded(tls_ca_file="/no/such.pem"))


def test_files_that_can_be_used(tmp_path: Path) -> None:
    pem = tmp_path / "x.pem"
    pem.write_text("x")
    check_files(
        loaded(
            tls_ca_file=str(pem),
            tls_client_certificate=str(pem),
            tls_client_key=str(pem),
            log_file=str(tmp_path / "new.log"),
        )
    )
    assert not (tmp_path / "new.log").exists()

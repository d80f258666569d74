"""The sources together: precedence, profiles, files, credentials, and checks across keys."""

from itertools import product
from pathlib import Path

import pytest

from sipcli.config import load as loader
from sipcli.config.load import CREDENTIALS, load
from sipcli.config.paths import config_file
from sipcli.config.settings import KEYS
from sipcli.config.sources import SettingSource
from sipcli.errors import ConfigError

FILE = "[profiles.work]\n{profile}\n"


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("option", "variable", "profile", "file"), list(product([True, False], repeat=4))
)
def test_the_strongest_source_wins(
    option: bool, variable: bool, profile: bool, file: bool, tmp_path: Path
) -> None:
    path = write(
        tmp_path / "c.toml",
        ("register_expires = 14\n" if file else "")
        + "[profiles.work]\n"
        + ("register_expires = 13\n" if profile else ""),
    )
    loaded = load(
        {"register_expires": "11" if option else None},
        config=path,
        profile="work",
        environ={"SIPCLI_REGISTER_EXPIRES": "12"} if variable else {},
    )
    candidates = [
        (option, 11, SettingSource.OPTION),
        (variable, 12, SettingSource.ENVIRONMENT),
        (profile, 13, SettingSource.PROFILE),
        (file, 14, SettingSource.FILE),
        (True, 600, SettingSource.DEFAULT),
    ]
    _, value, source = next(candidate for candidate in candidates if candidate[0])
    assert loaded.settings.register_expires == value
    assert loaded.origins["register_expires"].source is source


def test_keys_of_one_table_may_come_from_different_sources(tmp_path: Path) -> None:
    path = write(tmp_path / "c.toml", '[log]\nlevel = "debug"\nfile = "a.log"\n')
    loaded = load({}, config=path, environ={"SIPCLI_LOG_FILE": "/b.log"})
    assert loaded.settings.log.level == "debug"
    assert loaded.settings.log.file == "/b.log"


def test_origins_in_words(tmp_path: Path) -> None:
    path = write(tmp_path / "c.toml", "max_calls = 1\n[profiles.p]\nregister = true\n")
    origins = load(
        {"keyring": True}, config=path, profile="p", environ={"SIPCLI_TRACE_SIP": "1"}
    ).origins
    assert {
        name: str(origins[name])
        for name in ("keyring", "trace_sip", "register", "max_calls", "uri")
    } == {
        "keyring": "--keyring",
        "trace_sip": "SIPCLI_TRACE_SIP",
        "register": f"{path}:3 (profile)",
        "max_calls": f"{path}:1",
        "uri": "default",
    }


def test_every_key_has_an_origin() -> None:
    assert load({}, environ={}).origins.keys() == {key.name for key in KEYS}


class TestTheFile:
    def test_the_default_one_is_read_where_it_is_there(self) -> None:
        assert load({}, environ={}).file is None
        write(config_file(), "register_expires = 5")
        loaded = load({}, environ={})
        assert loaded.file == config_file()
        assert loaded.settings.register_expires == 5

    def test_the_option_is_stronger_than_the_variable_and_that_than_the_default(
        self, tmp_path: Path
    ) -> None:
        write(config_file(), "register_expires = 5")
        environ = {"SIPCLI_CONFIG": str(write(tmp_path / "v.toml", "register_expires = 6"))}
        option = write(tmp_path / "o.toml", "register_expires = 7")
        assert load({}, environ={"SIPCLI_CONFIG": ""}).settings.register_expires == 5
        assert load({}, environ=environ).settings.register_expires == 6
        assert load({}, config=option, environ=environ).settings.register_expires == 7

    def test_a_named_one_that_is_missing_is_an_error(self, tmp_path: Path) -> None:
        missing = tmp_path / "missing.toml"
        with pytest.raises(ConfigError, match=r"missing.toml: cannot be read: No such file"):
            load({}, config=missing, environ={})
        with pytest.raises(ConfigError, match=r"missing.toml: cannot be read: No such file"):
            load({}, environ={"SIPCLI_CONFIG": str(missing)})

    def test_a_default_one_that_cannot_be_looked_at_is_an_error(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(config_file(), "")

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "stat", refuse)
        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(ConfigError, match=r"config.toml: cannot be read: Permission denied"):
            load({}, environ={})

    def test_a_config_folder_that_is_a_file_counts_as_no_file(self) -> None:
        write(config_file().parent, "")
        assert load({}, environ={}).file is None


class TestProfiles:
    def test_a_missing_one_is_an_error_that_names_those_there_are(self, tmp_path: Path) -> None:
        path = write(tmp_path / "c.toml", "[profiles.home]\n[profiles.'the work']\n")
        with pytest.raises(ConfigError, match=r'no profile "wrok"; there are: "home", "the work"$'):
            load({}, config=path, profile="wrok", environ={})
        with pytest.raises(ConfigError, match=r'no profile "wrok"; there are: none$'):
            load({}, config=write(path, ""), environ={"SIPCLI_PROFILE": "wrok"})

    def test_one_without_a_file_is_an_error(self) -> None:
        with pytest.raises(ConfigError, match=r'profile "work": there is no configuration file'):
            load({}, environ={"SIPCLI_PROFILE": "work"})

    def test_the_option_is_stronger_than_the_variable(self, tmp_path: Path) -> None:
        path = write(tmp_path / "c.toml", "[profiles.a]\nmax_calls=1\n[profiles.b]\nmax_calls=2")
        loaded = load({}, config=path, profile="b", environ={"SIPCLI_PROFILE": "a"})
        assert (loaded.profile, loaded.settings.max_calls) == ("b", 2)

    def test_an_empty_option_is_no_profile_but_an_empty_variable_is_unset(
        self, tmp_path: Path
    ) -> None:
        path = write(tmp_path / "c.toml", "")
        assert load({}, config=path, environ={"SIPCLI_PROFILE": ""}).profile is None
        with pytest.raises(ConfigError, match='no profile ""'):
            load({}, config=path, profile="", environ={})

    def test_one_that_is_not_chosen_is_checked_all_the_same(self, tmp_path: Path) -> None:
        path = write(tmp_path / "c.toml", "[profiles.a]\n[profiles.b]\nmax_calls = 0")
        with pytest.raises(ConfigError, match=r"c.toml:3: profiles.b.max_calls: 0 is not"):
            load({}, config=path, profile="a", environ={})


class TestPaths:
    def test_in_the_file_they_start_at_the_file(self, tmp_path: Path, home: Path) -> None:
        path = write(
            tmp_path / "sub" / "c.toml",
            'tls_ca_file = "ca.pem"\nlog.file = "~/x.log"\naudio.input = "file:a/b.wav"\n'
            'audio.output = "device:file:x"\n',
        )
        settings = load({}, config=path, environ={}).settings
        assert settings.tls_ca_file == str(tmp_path / "sub" / "ca.pem")
        assert settings.log.file == str(home / "x.log")
        assert settings.audio.input == f"file:{tmp_path / 'sub' / 'a' / 'b.wav'}"
        assert settings.audio.output == "device:file:x"

    def test_elsewhere_they_start_at_the_current_folder(self, home: Path) -> None:
        settings = load(
            {"tls_ca_file": "ca.pem", "audio_input": "file:~/b.wav"}, environ={}
        ).settings
        assert settings.tls_ca_file == "ca.pem"
        assert settings.audio.input == f"file:{home / 'b.wav'}"


class TestProcessing:
    """What needs a package that not everybody has."""

    KEYS = ("echo_cancellation", "noise_suppression", "gain_control")

    @pytest.fixture
    def bare(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(loader, "_AUDIO_PROCESSING", "a_package_that_is_not_installed")

    @pytest.mark.parametrize("key", KEYS)
    @pytest.mark.usefixtures("bare")
    def test_true_without_the_package_tells_what_to_install(self, key: str, tmp_path: Path) -> None:
        path = write(tmp_path / "c.toml", f"[audio]\n{key} = true\n")
        with pytest.raises(ConfigError) as error:
            load({}, config=path, environ={})
        assert f"c.toml:2: audio.{key} (true)" in str(error.value)
        assert "pipx inject sipcli pywebrtc-audio" in str(error.value)
        assert load({f"audio_{key}": False}, config=path, environ={})

    @pytest.mark.usefixtures("bare")
    def test_auto_goes_without_the_package(self) -> None:
        assert load({}, environ={}).settings.audio.echo_cancellation == "auto"

    @pytest.mark.parametrize("word", ["auto", "AUTO"])
    def test_auto_can_be_said_above_a_weaker_source(self, word: str, tmp_path: Path) -> None:
        path = write(tmp_path / "c.toml", "audio.echo_cancellation = false")
        environ = {"SIPCLI_AUDIO_ECHO_CANCELLATION": word}
        assert load({}, config=path, environ=environ).settings.audio.echo_cancellation == "auto"
        path = write(tmp_path / "c.toml", 'audio.echo_cancellation = "auto"')
        assert load({}, config=path, environ={}).settings.audio.echo_cancellation == "auto"

    def test_another_word_is_refused_with_all_that_is_accepted(self) -> None:
        with pytest.raises(ConfigError, match=r"true or false, 1 or 0, yes or no, or auto"):
            load({}, environ={"SIPCLI_AUDIO_ECHO_CANCELLATION": "perhaps"})


class TestSecrets:
    VALUES = (
        ("password", '"geheim"'),
        ("ha1", f'"{"ab" * 16}"'),
        ("password_command", '"echo geheim"'),
        ("keyring", "true"),
    )

    def test_a_file_that_others_can_read_gives_a_warning(self, tmp_path: Path) -> None:
        text = (
            'password = "geheim"\n[profiles.x]\n'
            'turn_servers = { urls = "turn:a", username = "u", password = "geheim" }\n'
        )
        path = write(tmp_path / "c.toml", text, 0o640)
        (warning,) = load({}, config=path, environ={}).warnings
        assert warning == (
            f"{path}: it contains password, turn_servers and other users can read it; "
            f"to stop that: chmod 600 {path}"
        )
        path.chmod(0o600)
        assert load({}, config=path, environ={}).warnings == ()

    def test_a_file_without_secrets_may_be_read_by_all(self, tmp_path: Path) -> None:
        text = (
            'password_command = "pass show x"\n'
            'turn_servers = { urls = "turn:a" }\nuri = "sip:a@b"\n'
        )
        path = write(tmp_path / "c.toml", text, 0o644)
        assert load({}, config=path, environ={}).warnings == ()

    @pytest.mark.parametrize(
        ("identifier", "raw", "warns"),
        [
            ("password", "geheim", True),
            ("ha1", "ab" * 16, True),
            ("ws_headers", ("X: geheim",), True),
            ("turn_servers", ("turn:a,u,geheim",), True),
            ("turn_servers", ("turn:a",), False),
            ("password_command", "pass show x", False),
            ("keyring", True, False),
        ],
    )
    def test_a_secret_option_gives_a_warning(
        self, identifier: str, raw: str | bool | tuple[str, ...], warns: bool
    ) -> None:
        warnings = load({identifier: raw}, environ={}).warnings
        assert len(warnings) == warns
        for warning in warnings:
            assert "other users of this machine can see it" in warning
            assert "geheim" not in warning

    def test_of_several_in_one_source_the_first_counts_with_a_warning(self, tmp_path: Path) -> None:
        for first, second in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]:
            (name, value), (other, second_value) = self.VALUES[first], self.VALUES[second]
            path = write(tmp_path / "c.toml", f"{other} = {second_value}\n{name} = {value}\n")
            loaded = load({}, config=path, environ={})
            assert getattr(loaded.settings, name)
            assert not getattr(loaded.settings, other)
            assert loaded.origins[other].source is SettingSource.DEFAULT
            assert loaded.warnings == (f"{path}:1: {other} is ignored, because {name} is set, too",)

    @pytest.mark.parametrize("strong", CREDENTIALS)
    @pytest.mark.parametrize("weak", CREDENTIALS)
    def test_of_several_sources_the_strongest_counts(
        self, strong: str, weak: str, tmp_path: Path
    ) -> None:
        if strong == weak:
            return
        values = dict(self.VALUES)
        text = f"{weak} = {values[weak]}\n[profiles.p]\n{strong} = {values[strong]}\n"
        loaded = load({}, config=write(tmp_path / "c.toml", text), profile="p", environ={})
        assert getattr(loaded.settings, strong)
        assert not getattr(loaded.settings, weak)
        assert loaded.warnings == ()

    def test_keyring_switched_off_gives_way(self, tmp_path: Path) -> None:
        path = write(tmp_path / "c.toml", "keyring = true\n[profiles.p]\nkeyring = false\n")
        loaded = load({}, config=path, profile="p", environ={"SIPCLI_PASSWORD": "geheim"})
        assert loaded.settings.password == "geheim"
        assert load({}, config=path, profile="p", environ={}).settings.keyring is False

    def test_no_repr_shows_a_secret(self) -> None:
        loaded = load(
            {
                "password": "geheim",
                "turn_servers": ("turn:a,u,geheim",),
                "ws_headers": ("X: geheim",),
            },
            environ={},
        )
        assert loaded.settings.password == "geheim"
        assert "geheim" not in repr(loaded)
        assert "geheim" not in repr(load({"ha1": "ab" * 16}, environ={})).replace(
            "ab" * 16, "geheim"
        )
        assert "geheim" not in repr(load({"password_command": "echo geheim"}, environ={}))


class TestKeysTogether:
    def test_a_minimum_above_the_maximum_names_both(self, tmp_path: Path) -> None:
        low, high = "connection_recovery_min_interval", "connection_recovery_max_interval"
        path = write(tmp_path / "c.toml", f"\n{high} = 1\n")
        with pytest.raises(ConfigError) as caught:
            load({}, config=path, environ={})
        assert str(caught.value) == (
            f"{path}:2: {low} (2, default) is above {high} (1, {path}:2); "
            "expected the minimum to be at most the maximum"
        )
        with pytest.raises(ConfigError, match=rf"^--connection-recovery-min-interval: {low} \(31,"):
            load({low: "31"}, environ={})

    def test_equal_intervals_are_fine(self) -> None:
        settings = load({"connection_recovery_min_interval": "30"}, environ={}).settings
        assert settings.connection_recovery_min_interval == 30

    def test_a_client_key_needs_its_certificate(self) -> None:
        with pytest.raises(
            ConfigError, match=r"^--tls-client-key: .* needs tls_client_certificate"
        ):
            load({"tls_client_key": "k"}, environ={})


def test_without_uri_an_anonymous_one_is_drawn_afresh() -> None:
    first, second = (load({}, environ={}).settings for _ in range(2))
    assert first.is_anonymous
    assert str(first.uri).startswith("sip:anonymous.")
    assert first.uri != second.uri
    assert first.instance_id != second.instance_id

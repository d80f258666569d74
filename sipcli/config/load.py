"""Merges all sources: the settings in effect, the origin of each, and warnings."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

from sipcli.config.account import ANONYMOUS_HOST
from sipcli.config.paths import NoHome, config_file, named_config_file
from sipcli.config.settings import BY_NAME, KEYS, TABLES, Settings
from sipcli.config.sources import (
    DEFAULT,
    PROFILE_VARIABLE,
    PROFILES,
    Found,
    Given,
    Origin,
    Reading,
    SettingSource,
    holds_secret,
    of_arguments,
    of_environment,
    of_options,
    of_table,
)
from sipcli.config.tables import AudioTable
from sipcli.config.toml_file import TomlFile, name_of, read
from sipcli.errors import ConfigError
from sipcli.sip.uri import SipUri
from sipcli.text import one_line

_AUDIO_PROCESSING: Final = "pywebrtc_audio"

CREDENTIALS: Final = ("password", "ha1", "password_command", "keyring")
"""The keys for the secret of the account; of several in one source, the first is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The settings in effect, and where they come from."""

    settings: Settings
    origins: Mapping[str, Origin]
    """Name of the key -> origin, for every key."""
    warnings: tuple[str, ...]
    file: Path | None
    """The configuration file that was read; None if there was none."""
    profile: str | None

    def placed(self, error: ConfigError) -> ConfigError:
        """Return `error` with the place of the setting that it is about, if it names one."""
        if error.setting is None:
            return error
        return ConfigError(f"{self.origins[error.setting]}: {error.text}")


def load(
    given: Mapping[str, Given | None],
    *,
    only: Collection[str] = BY_NAME.keys(),
    arguments: Mapping[str, object] = MappingProxyType({}),
    config: Path | None = None,
    profile: str | None = None,
    environ: Mapping[str, str],
) -> Loaded:
    """Read all sources. Raises `ConfigError` with every problem, one per line.

    `given` has the raw options by the identifiers of their keys. Keys that are not in `only` have
    their defaults, but they are checked like the others. `config` and `profile` are the
    options of those names. `arguments` come from Python, with the precedence of options. This
    runs no command and writes nothing; see `prepare` for that.
    """
    file = _read_file(config, environ)
    name = profile if profile is not None else environ.get(PROFILE_VARIABLE) or None
    readings = [
        of_options(given),
        of_arguments(arguments),
        of_environment(environ),
        *_file_readings(file, name),
    ]
    for reading in readings:
        reading.found = {name: found for name, found in reading.found.items() if name in only}
    return _together(readings, file.path if file else None, name)


def load_arguments(arguments: Mapping[str, object]) -> Loaded:
    """Read Python arguments only, neither environment nor file. Raises `ConfigError`."""
    return _together([of_arguments(arguments)], None, None)


def _together(readings: Sequence[Reading], file: Path | None, profile: str | None) -> Loaded:
    """Merge the readings; earlier ones take precedence."""
    problems = [problem for reading in readings for problem in reading.problems]
    if problems:
        raise ConfigError("\n".join(problems))
    found: dict[str, Found] = {}
    for reading in reversed(readings):
        found |= reading.found
    warnings = [warning for reading in readings for warning in reading.warnings]
    warnings += _keep_one_credential(found)
    origins = {key.name: found[key.name].origin if key.name in found else DEFAULT for key in KEYS}
    settings = _built({name: item.value for name, item in found.items()})
    _check_together(settings, origins)
    return Loaded(
        settings=settings,
        origins=origins,
        warnings=tuple(warnings),
        file=file,
        profile=profile,
    )


def _read_file(config: Path | None, environ: Mapping[str, str]) -> TomlFile | None:
    """Read the named file, else the default one; only the latter may be missing."""
    named = named_config_file(config, environ)
    if named is not None:
        return read(named)
    try:
        path = config_file()
        path.stat()
    except (NoHome, FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        pass  # it exists but cannot be examined: reading it gives the reason
    return read(path)


def _file_readings(file: TomlFile | None, chosen: str | None) -> list[Reading]:
    """Read the chosen profile, then the top level. Check all profiles, also those not chosen."""
    if file is None:
        if chosen is not None:
            raise ConfigError(f"profile {_quoted(chosen)}: there is no configuration file")
        return []
    top = of_table(file, file.table, (), SettingSource.FILE)
    profiles = _profiles(file, top)
    if chosen is not None and chosen not in profiles:
        names = ", ".join(_quoted(name) for name in profiles) or "none"
        raise ConfigError(
            f"{name_of(file.path)}: there is no profile {_quoted(chosen)}; there are: {names}"
        )
    secret_keys = _secrets_in([top, *profiles.values()])
    if secret_keys and file.readable_by_others:
        top.warnings.append(
            f"{name_of(file.path)}: it contains {', '.join(secret_keys)} and other users can read "
            f"it; to stop that: chmod 600 {name_of(file.path)}"
        )
    others = [reading for name, reading in profiles.items() if name != chosen]
    top.problems += [problem for reading in others for problem in reading.problems]
    return [profiles[chosen], top] if chosen is not None else [top]


def _profiles(file: TomlFile, top: Reading) -> dict[str, Reading]:
    tables = file.table.get(PROFILES, {})
    readings: dict[str, Reading] = {}
    if not isinstance(tables, dict):
        top.problems.append(f"{file.place((PROFILES,))}: profiles: expected [profiles.NAME] tables")
        return readings
    for name, table in tables.items():
        path = (PROFILES, name)
        if isinstance(table, dict):
            readings[name] = of_table(file, table, path, SettingSource.PROFILE)
        else:
            top.problems.append(
                f"{file.place(path)}: profiles.{one_line(name)}: expected a table of settings"
            )
    return readings


def _secrets_in(readings: list[Reading]) -> list[str]:
    return [
        key.name
        for key in KEYS
        if any(
            key.name in reading.found and holds_secret(key, reading.found[key.name].value)
            for reading in readings
        )
    ]


def _keep_one_credential(found: dict[str, Found]) -> list[str]:
    """Keep the credential with the highest precedence; warn of others from the same source."""
    strength = list(SettingSource)
    used = [name for name in CREDENTIALS if name in found and found[name].value]
    if not used:
        return []
    best = min(used, key=lambda name: strength.index(found[name].origin.source))
    warnings: list[str] = []
    for name in used:
        if name == best:
            continue
        loser = found.pop(name).origin
        if loser.source is found[best].origin.source:
            warnings.append(f"{loser}: {name} is ignored, because {best} is set, too")
    return warnings


def _built(values: dict[str, Any]) -> Settings:
    anonymous = SipUri(user=f"anonymous.{secrets.token_hex(4)}", host=ANONYMOUS_HOST)
    base = Settings(uri=anonymous, instance_id=uuid4())
    changes = {name: value for name, value in values.items() if "." not in name}
    for table in TABLES:
        inside = {
            name.removeprefix(f"{table}."): value
            for name, value in values.items()
            if name.startswith(f"{table}.")
        }
        changes[table] = replace(getattr(base, table), **inside)
    return replace(base, **changes)


def _check_together(settings: Settings, origins: Mapping[str, Origin]) -> None:
    """Raise `ConfigError` for settings that contradict each other."""
    low = "connection_recovery_min_interval"
    high = "connection_recovery_max_interval"
    if settings.connection_recovery_min_interval > settings.connection_recovery_max_interval:
        blamed = low if origins[low] is not DEFAULT else high
        raise ConfigError(
            f"{origins[blamed]}: {low} ({settings.connection_recovery_min_interval}, "
            f"{origins[low]}) is above {high} ({settings.connection_recovery_max_interval}, "
            f"{origins[high]}); expected the minimum to be at most the maximum"
        )
    if settings.tls_client_key and not settings.tls_client_certificate:
        raise ConfigError(
            f"{origins['tls_client_key']}: tls_client_key needs tls_client_certificate, too"
        )
    missing = _missing_package(settings.audio)
    if missing is not None:
        raise ConfigError(
            f"{origins[f'audio.{missing}']}: audio.{missing} (true) needs the package "
            "pywebrtc-audio, which is not installed; to install it: pipx inject sipcli "
            "pywebrtc-audio, or pip install 'sipcli[aec]'"
        )


def _missing_package(audio: AudioTable) -> str | None:
    """Return the first key that is true although its package is not installed; None if none is."""
    wished = {
        "echo_cancellation": audio.echo_cancellation is True,
        "noise_suppression": audio.noise_suppression,
        "gain_control": audio.gain_control,
    }
    name = next((name for name, is_wished in wished.items() if is_wished), None)
    return name if name is not None and find_spec(_AUDIO_PROCESSING) is None else None


def _quoted(name: str) -> str:
    return f'"{one_line(name)}"'

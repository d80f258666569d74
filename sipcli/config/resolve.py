"""Prepares settings for a connection: checks files, gets the password and the instance id."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from os.path import isdir
from pathlib import Path
from typing import Final

from sipcli.config.instance_id import load_or_create_id, lock_instance_id, temporary_id
from sipcli.config.load import Loaded
from sipcli.config.password import from_command, from_keyring
from sipcli.config.paths import NoHome, config_file, state_folder
from sipcli.config.settings import BY_NAME, Settings
from sipcli.config.sources import DEFAULT, Origin, SettingSource
from sipcli.errors import ConfigError
from sipcli.files import open_regular
from sipcli.text import one_line

_READ: Final = ("tls_ca_file", "tls_client_certificate", "tls_client_key")
_LASTING: Final = frozenset({SettingSource.STATE, SettingSource.FILE, SettingSource.PROFILE})
"""Sources of an instance id that other processes share."""


def prepare(loaded: Loaded) -> Loaded:
    """Complete the settings of a command that is about to connect.

    Raises `ConfigError` if `ws_servers` is missing, a file cannot be used or there is no
    password.
    """
    if not loaded.settings.ws_servers:
        key = BY_NAME["ws_servers"]
        raise ConfigError(
            f"ws_servers is not set, so there is no server to connect to: give {key.option} "
            f"wss://HOST, set {key.variable}, or set ws_servers in {_file_to_write(loaded)}"
        )
    return _with_instance_id(complete(loaded))


def complete(loaded: Loaded) -> Loaded:
    """Complete settings without the state folder: they are for this process only.

    Raises `ConfigError` if a file cannot be used or there is no password.
    """
    check_files(loaded)
    return _with_password(loaded)


def _file_to_write(loaded: Loaded) -> str:
    """Return the path of the configuration file, existing or not."""
    try:
        return one_line(str(loaded.file or config_file()))
    except NoHome:
        return "a configuration file (--config)"


@contextmanager
def own_instance(loaded: Loaded) -> Iterator[Settings]:
    """Yield the settings with an instance id that no other registering process uses.

    An id given by an option or a variable, for this run only, is used unchanged.
    """
    settings = loaded.settings
    if not settings.register or loaded.origins["instance_id"].source not in _LASTING:
        yield settings
        return
    try:
        folder = state_folder()
    except NoHome:
        yield settings
        return
    with lock_instance_id(settings.instance_id, settings.uri, folder) as instance_id:
        yield replace(settings, instance_id=instance_id)


def check_files(loaded: Loaded) -> None:
    """Raise `ConfigError` for the first file in the settings that cannot be used."""
    for name in _READ:
        path = getattr(loaded.settings, name)
        if path is None:
            continue
        try:
            with open_regular(Path(path)) as stream:
                stream.read(1)
        except OSError as error:
            raise _unusable(loaded, name, path, error.strerror or str(error)) from None
    log = loaded.settings.log.file
    # Not by pathlib, which raises if a folder is not accessible.
    if log is not None and (isdir(log) or not isdir(Path(log).parent)):
        raise _unusable(loaded, "log.file", log, "no such folder, or a folder itself")


def _unusable(loaded: Loaded, name: str, path: str, reason: str | None) -> ConfigError:
    accepts = BY_NAME[name].kind.accepts
    return ConfigError(
        f"{loaded.origins[name]}: {name}: {one_line(path)} cannot be used: {reason}; "
        f"expected {accepts}"
    )


def _with_password(loaded: Loaded) -> Loaded:
    settings = loaded.settings
    if settings.password_command:
        origin = loaded.origins["password_command"]
        password = from_command(settings.password_command, str(origin))
    elif settings.keyring:
        origin = loaded.origins["keyring"]
        password = from_keyring(settings, str(origin))
    else:
        return loaded
    return replace(
        loaded,
        settings=replace(settings, password=password),
        origins={**loaded.origins, "password": origin},
    )


def _with_instance_id(loaded: Loaded) -> Loaded:
    """Add the stored instance id, unless the caller is anonymous and would never use it again."""
    if loaded.origins["instance_id"] is not DEFAULT or loaded.settings.is_anonymous:
        return loaded
    try:
        stored = load_or_create_id(loaded.settings.uri, state_folder())
    except NoHome as error:
        stored = temporary_id(str(error))
    origin = Origin(SettingSource.STATE, str(stored.path)) if stored.path else DEFAULT
    warnings = (stored.warning,) if stored.warning else ()
    return replace(
        loaded,
        settings=replace(loaded.settings, instance_id=stored.instance_id),
        origins={**loaded.origins, "instance_id": origin},
        warnings=loaded.warnings + warnings,
    )

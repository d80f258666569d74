"""The paths of sipcli's files, by the convention of the platform."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from platformdirs import user_config_path, user_state_path

CONFIG_VARIABLE: Final = "SIPCLI_CONFIG"

_NAME: Final = "sipcli"


def named_config_file(option: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the configuration file named by `--config`, else by the variable; None if neither."""
    if option is not None:
        return option
    text = environ.get(CONFIG_VARIABLE)
    return Path(text) if text else None


class NoHome(OSError):  # noqa: N818 - a fact about the user, as in a container with an unknown uid
    """There is no home directory: HOME is not set, and the user id has no passwd entry."""

    def __init__(self) -> None:
        super().__init__("no home folder is known: HOME is not set, and the user id has no entry")


def config_file() -> Path:
    """Return the default configuration file. Raises `NoHome`."""
    return _of_home(user_config_path) / "config.toml"


def state_folder() -> Path:
    """Return the folder for state that sipcli keeps. Raises `NoHome`."""
    return _of_home(user_state_path)


def _of_home(find: Callable[..., Path]) -> Path:
    try:
        return find(_NAME, appauthor=False)
    except RuntimeError:  # as platformdirs says it
        raise NoHome from None

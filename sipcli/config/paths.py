"""Where sipcli's files are, by the platform's convention."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from platformdirs import user_config_path, user_state_path

CONFIG_VARIABLE: Final = "SIPCLI_CONFIG"

_NAME: Final = "sipcli"


def named_config_file(option: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file that the user named: by `--config`, else by the variable."""
    if option is not None:
        return option
    text = environ.get(CONFIG_VARIABLE)
    return Path(text) if text else None


class NoHome(OSError):  # noqa: N818 - a fact about the user, as in a container with an unknown uid
    """No home folder is known: neither HOME nor an entry for the user id has one."""

    def __init__(self) -> None:
        super().__init__("no home folder is known: HOME is not set, and the user id has no entry")


def config_file() -> Path:
    """The configuration file that is read when none is named. Raises `NoHome`."""
    return _of_home(user_config_path) / "config.toml"


def state_folder() -> Path:
    """The folder for what sipcli itself has to remember. Raises `NoHome`."""
    return _of_home(user_state_path)


def _of_home(find: Callable[..., Path]) -> Path:
    try:
        return find(_NAME, appauthor=False)
    except RuntimeError:  # as platformdirs says it
        raise NoHome from None

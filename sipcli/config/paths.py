"""Where sipcli's files are, by the platform's convention."""

from collections.abc import Mapping
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


def config_file() -> Path:
    """The configuration file that is read when none is named."""
    return user_config_path(_NAME, appauthor=False) / "config.toml"


def state_folder() -> Path:
    """The folder for what sipcli itself has to remember."""
    return user_state_path(_NAME, appauthor=False)

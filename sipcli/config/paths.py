"""Where sipcli's files are, by the platform's convention."""

from pathlib import Path

from platformdirs import user_config_path, user_state_path

_NAME = "sipcli"


def config_file() -> Path:
    """The configuration file that is read when none is named."""
    return user_config_path(_NAME, appauthor=False) / "config.toml"


def state_folder() -> Path:
    """The folder for what sipcli itself has to remember."""
    return user_state_path(_NAME, appauthor=False)

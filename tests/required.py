"""What a test needs of the machine."""

import os

import pytest


def require(there: object, install: str) -> None:
    """Skip the test where something is not there; on CI, fail it. `install` says how to get it."""
    if not there:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(install)

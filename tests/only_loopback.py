"""A fixture for the conftest.py of each folder whose tests gather addresses for media."""

import pytest

from sipcli.media.transport import gathering


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the machine's network, or sends anything there."""
    monkeypatch.setattr(gathering, "host_addresses", list)

"""What all tests of this folder share."""

import pytest
import trustme

from tests.net.certificates import Files

PROXIES = ("http", "https", "ws", "wss", "socks", "all", "no")


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own proxy is nothing to these tests."""
    for name in PROXIES:
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(
        ca=trustme.CA(organization_name="Good CA"),
        stranger=trustme.CA(organization_name="Unknown CA"),
        folder=tmp_path_factory.mktemp("certificates"),
    )

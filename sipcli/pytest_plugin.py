"""The pytest plugin, loaded in every run of pytest, so it imports almost nothing.

The fixtures are in `pytest_fixtures`. Nothing of sipcli is imported here: that would take time, and
coverage, which starts later, would miss it.
"""

from typing import Final, NoReturn

import pytest

_ASYNCIO: Final = ("asyncio", "pytest_asyncio", "pytest_asyncio.plugin")
"""Names under which pytest-asyncio may be loaded."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the fixtures or, without pytest-asyncio, ones that fail and say so."""
    manager = config.pluginmanager
    if any(manager.hasplugin(name) for name in _ASYNCIO):
        manager.import_plugin("sipcli.pytest_fixtures")
    else:
        manager.register(_Missing(), "sipcli.pytest_fixtures")


class _Missing:
    """The fixtures without pytest-asyncio."""

    @pytest.fixture
    def sip_sandbox(self) -> NoReturn:
        """Fail with a text that says what to install."""
        pytest.fail("sip_sandbox needs pytest-asyncio: pip install 'sipcli[pytest]'", pytrace=False)

    @pytest.fixture
    def sip_phone(self, sip_sandbox: object) -> NoReturn:
        """Never called: `sip_sandbox` fails first."""
        raise NotImplementedError

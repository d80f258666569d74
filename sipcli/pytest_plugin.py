"""What pytest loads of sipcli in every run, whoever it is for: as good as nothing.

The fixtures are in `pytest_fixtures`. Here nothing of sipcli is imported, neither for the time
that it takes nor out of the sight of a coverage meter, which begins to look later.
"""

from typing import Final, NoReturn

import pytest

_ASYNCIO: Final = ("asyncio", "pytest_asyncio", "pytest_asyncio.plugin")
"""Names under which pytest-asyncio can be loaded."""


def pytest_configure(config: pytest.Config) -> None:
    """Add the fixtures or, without pytest-asyncio, such as say what is missing."""
    manager = config.pluginmanager
    if any(manager.hasplugin(name) for name in _ASYNCIO):
        manager.import_plugin("sipcli.pytest_fixtures")
    else:
        manager.register(_Missing(), "sipcli.pytest_fixtures")


class _Missing:
    """The fixtures where they cannot be had."""

    @pytest.fixture
    def sip_sandbox(self) -> NoReturn:
        """Say what is missing."""
        pytest.fail("sip_sandbox needs pytest-asyncio: pip install 'sipcli[pytest]'", pytrace=False)

    @pytest.fixture
    def sip_phone(self, sip_sandbox: object) -> NoReturn:
        """Never reached: `sip_sandbox` has failed."""
        raise NotImplementedError

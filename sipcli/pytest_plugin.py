"""The pytest plugin, loaded in every run of pytest, so it imports almost nothing.

The fixtures are in `pytest_fixtures`. Nothing of sipcli is imported here: that would take time, and
coverage, which starts later, would miss it.
"""

from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

_ASYNCIO: Final = ("asyncio", "pytest_asyncio", "pytest_asyncio.plugin")
"""Names under which pytest-asyncio may be loaded."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of the plugin."""
    parser.getgroup("sipcli").addoption(
        "--sipcli-evidence",
        type=Path,
        metavar="DIR",
        help="write a report and a capture of each phone of a failed test to this folder",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the fixtures or, without pytest-asyncio, ones that fail and say so."""
    manager = config.pluginmanager
    if any(manager.hasplugin(name) for name in _ASYNCIO):
        manager.import_plugin("sipcli.pytest_fixtures")
    else:
        manager.register(_Missing(), "sipcli.pytest_fixtures")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(call: pytest.CallInfo[Any]) -> None:
    """Let the traceback of an error of sipcli's end in the line of the test that led to it.

    The error says what was found; where sipcli noticed does not matter. A bug in sipcli keeps its
    traceback. The modules on the way are marked here, so that it is told once and none is missed.
    """
    if call.excinfo is not None and _is_told(call.excinfo):
        for entry in call.excinfo.traceback:
            names = entry.frame.f_globals
            if str(names.get("__name__")).startswith("sipcli."):
                names["__tracebackhide__"] = _is_told


def _is_told(error: pytest.ExceptionInfo[BaseException]) -> bool:
    """Return True for an error whose sentence is all that a user needs: a `SipcliError`."""
    return error.type.__module__ == "sipcli.errors"


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

"""The pytest plugin, loaded in every run of pytest, so it imports almost nothing.

The fixtures are in `pytest_fixtures`; what a failed test leaves behind is made in
`pytest_evidence`. Nothing of sipcli is imported here before it is needed: that would take time, and
coverage, which starts later, would miss it.
"""

from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import pytest

if TYPE_CHECKING:
    from sipcli.pytest_evidence import PhoneEvidence

_ASYNCIO: Final = ("asyncio", "pytest_asyncio", "pytest_asyncio.plugin")
"""Names under which pytest-asyncio may be loaded."""
_OF_PHONES: Final = frozenset({"sip_phone", "sip_phone_session"})
"""The fixtures whose phones are watched."""


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
    config.stash[WATCH] = PhoneWatch(_made(config.getoption("sipcli_evidence")))
    manager.register(config.stash[WATCH], "sipcli-evidence")
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


class PhoneWatch:
    """Knows which phones there are, and keeps what the running test needs if it fails."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._phones: list[Any] = []
        self._evidence: PhoneEvidence | None = None

    @asynccontextmanager
    async def over(self, phone: Any) -> AsyncIterator[None]:
        """Watch a phone, in this test and in those that follow."""
        self._phones.append(phone)
        self._add(phone)
        try:
            yield
        finally:
            self._phones.remove(phone)

    def _add(self, phone: Any) -> None:
        if self._evidence is not None:
            self._evidence.watch(phone)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Keep what the phones of a test record, until it is known whether it has failed."""
        if not _OF_PHONES & set(getattr(item, "fixturenames", ())):
            return (yield)
        from sipcli.pytest_evidence import PhoneEvidence

        self._evidence = PhoneEvidence(item.nodeid, self._folder)
        for phone in self._phones:
            self._add(phone)
        try:
            return (yield)
        finally:
            evidence, self._evidence = self._evidence, None
            with _without_harm(item):
                evidence.end()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add a section to the report of a test that has failed."""
        report = yield
        if report.failed and self._evidence is not None:
            with _without_harm(item):
                text = self._evidence.fail(call.excinfo.value if call.excinfo else None)
                if text is not None:
                    report.sections.append(("sipcli", text))
        return report


WATCH: Final = pytest.StashKey[PhoneWatch]()


@contextmanager
def _without_harm(item: pytest.Item) -> Iterator[None]:
    """Make an error a warning: evidence that cannot be written is no reason to end all tests."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a bug in it is no reason, either
        with suppress(pytest.PytestWarning):  # where warnings are errors
            item.warn(pytest.PytestWarning(f"no evidence by sipcli: {error!r}"))


def _made(folder: Path | None) -> Path | None:
    """Make the folder of `--sipcli-evidence`, and return it."""
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            text = f"--sipcli-evidence {folder}: expected a folder: {error.strerror}"
            raise pytest.UsageError(text) from error
    return folder


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

    @pytest.fixture
    def sip_sandbox_session(self, sip_sandbox: object) -> NoReturn:
        """Never called, either."""
        raise NotImplementedError

    @pytest.fixture
    def sip_phone_session(self, sip_sandbox: object) -> NoReturn:
        """Never called, either."""
        raise NotImplementedError

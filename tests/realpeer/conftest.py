"""Real servers for the tests in this folder, each marked real_peer."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.namespaces import namespace, need_namespaces
from tests.realpeer import pulse as pulseaudio
from tests.realpeer.kamailio import INSTALL, Kamailio, Settings, installed
from tests.realpeer.pulse import PulseAudio
from tests.realpeer.sipcli_process import User
from tests.required import require

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests before pytest's own -m chooses among them."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.real_peer)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the servers' logs with a failure."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        found = (item.funcargs.get(name) for name in ("_first", "_second"))
        for server in found:
            if isinstance(server, Kamailio):
                report.sections.append((f"Kamailio at {server.ws_uri}", server.log[-8000:]))
    return report


@pytest.fixture(scope="module")
def own_network() -> Iterator[None]:
    """All that the module's tests start is in a network namespace of their own."""
    need_namespaces()
    with namespace():
        yield


@pytest.fixture(scope="module")
def _start() -> Iterator[Callable[[], Kamailio]]:
    """Starts servers that live as long as the module's tests."""
    require(installed(), INSTALL)
    with ExitStack() as stack:

        def start() -> Kamailio:
            server = stack.enter_context(closing(Kamailio()))
            server.start()
            return server

        yield start


@pytest.fixture(scope="module")
def _first(_start: Callable[[], Kamailio]) -> Kamailio:
    return _start()


@pytest.fixture(scope="module")
def _second(_start: Callable[[], Kamailio]) -> Kamailio:
    return _start()


def _renewed(server: Kamailio) -> Kamailio:
    """The server as a new one: running with the default settings, nobody registered."""
    if server.is_running() and server.settings == Settings():
        server.thaw()
    else:
        server.restart(Settings())
    server.forget()
    return server


@pytest.fixture
def kamailio(_first: Kamailio) -> Kamailio:
    """A Kamailio with the default settings, nobody registered and no connection."""
    return _renewed(_first)


@pytest.fixture
def kamailio_pair(_first: Kamailio, _second: Kamailio) -> tuple[Kamailio, Kamailio]:
    """Two such servers, which know nothing of each other."""
    return _renewed(_first), _renewed(_second)


@pytest.fixture
def user(tmp_path: Path) -> Iterator[Callable[..., User]]:
    """Makes a user with an account: `alice = user("alice", ws_servers=kamailio.ws_uri)`.

    Further keyword arguments are further keys of the user's configuration file.
    """
    with ExitStack() as stack:

        def make(name: str, **keys: object) -> User:
            account = {
                "uri": f"sip:{name}@{Kamailio.domain}",
                "password": Kamailio.users.get(name, "any"),
                "stun_servers": [],
            }
            return stack.enter_context(closing(User(tmp_path / name, **account | keys)))

        yield make


@pytest.fixture
def pulse(tmp_path: Path) -> Iterator[PulseAudio]:
    """A PulseAudio that runs."""
    require(pulseaudio.installed(), pulseaudio.INSTALL)
    folder = tmp_path / "pulse"
    folder.mkdir()
    with closing(PulseAudio(folder)) as server:
        server.start()
        yield server

"""A headless Chromium with a SIP.js telephone in it, for the real-peer tests.

It is driven through its own DevTools protocol, on a WebSocket that Chromium listens on.
"""

import http.client
import itertools
import json
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from websockets.sync.client import connect

from tests.realpeer.kamailio import Kamailio
from tests.realpeer.leash import LeashedProcess

FOLDER: Final = Path(__file__).with_name("chromium")
LIBRARY: Final = FOLDER / "node_modules" / "sip.js"
INSTALL: Final = (
    "Chromium or SIP.js is not installed; `make peers` does it, as root or with sudo: Debian's "
    "chromium and npm, and `npm ci` in tests/realpeer/chromium"
)
_START_LIMIT: Final = 20.0
_ANSWER_LIMIT: Final = 10.0
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--autoplay-policy=no-user-gesture-required",
    "--ignore-certificate-errors",  # the tests' authority is in no list of Chromium's
    "--allow-file-access-from-files",  # lets a module of a file: page import another
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--remote-debugging-port=0",
)

Event = dict[str, Any]
"""What the telephone in the page tells by itself (`tell` in phone.js)."""


class BrowserError(AssertionError):
    """The browser did not do what a test waited for; the text shows what it told."""


class Heard(NamedTuple):
    """What a browser hears at the moment."""

    hz: float
    """The strongest frequency."""
    dbfs: float
    """Level, -120 for none."""


def installed() -> bool:
    """Whether Chromium and the library that its page needs are there."""
    return _program() is not None and LIBRARY.is_dir()


def _program() -> str | None:
    return shutil.which("chromium")


class Browser:
    """One Chromium with one page; leave its `with` block and it is gone.

    `phone` loads the page anew, as somebody who is registered and can call and be called.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        """All that the page has told since it was loaded."""
        self._unread: deque[Event] = deque()
        self._numbers = itertools.count(1)
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="chromium-")))
            page_uri = stack.enter_context(_running(folder))
            self._socket = stack.enter_context(
                connect(page_uri, max_size=None, proxy=None, close_timeout=1)
            )
            self._order("Runtime.enable")
            self._order("Page.enable")
            self._order("Runtime.addBinding", name="report")
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def open(self, page: Path) -> None:
        """Load a page, which sets `window.phone` and then reports the event `ready`."""
        self.events.clear()
        self._unread.clear()
        self._order("Page.navigate", url=page.as_uri())
        self.wait_for("ready")

    def phone(self, kamailio: Kamailio, user: str, *, hz: float) -> None:
        """Be `user` from now on, registered over wss, whose voice is a tone of `hz`."""
        address = f"sip:{user}@{kamailio.domain}"
        self.register(kamailio.wss_uri, address, kamailio.users[user], hz=hz)

    def register(self, server: str, address: str, password: str, *, hz: float) -> None:
        """Be the user of that address from now on, registered at `server`."""
        self.open(FOLDER / "page.html")
        user = address.removeprefix("sip:").partition("@")[0]
        self.do(
            "start",
            {"server": server, "address": address, "user": user, "password": password, "hz": hz},
        )

    def leave(self) -> None:
        """Close the page: nobody says goodbye."""
        self._order("Page.navigate", url="about:blank")

    def do(self, method: str, *arguments: object) -> Any:
        """Call a method of the page's `phone` and return what it resolves to.

        Raises `BrowserError` when it throws, `TimeoutError` when it has no result for 10 s.
        """
        given = ", ".join(json.dumps(argument) for argument in arguments)
        answer = self._order(
            "Runtime.evaluate",
            expression=f"phone.{method}({given})",
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            words = thrown.get("exception", {}).get("description", thrown["text"])
            raise BrowserError(f"{method}: {words}\n{self._told()}")
        return answer["result"].get("value")

    def evaluate(self, script: str) -> None:
        """Run a script in the page, whatever it comes to."""
        self._order("Runtime.evaluate", expression=script)

    def hear(self) -> Heard:
        """What comes in at this moment."""
        return Heard(**self.do("hear"))

    def wait_for(self, event: str, *, timeout: float = _ANSWER_LIMIT, **fields: object) -> Event:
        """The next event of this name that has these fields, after the last one waited for.

        Raises `BrowserError` when none comes within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        wanted = {"event": event, **fields}
        while True:
            while self._unread:
                seen = self._unread.popleft()
                if wanted.items() <= seen.items():
                    return seen
            try:
                self._read(deadline)
            except TimeoutError:
                raise BrowserError(f"no {wanted} within {timeout} s\n{self._told()}") from None

    def _told(self) -> str:
        return "\n".join(["--- told by the browser", *map(str, self.events)])

    def _order(self, method: str, **params: object) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        deadline = time.monotonic() + _ANSWER_LIMIT
        while True:
            message = self._read(deadline)
            if message.get("id") == number:
                if "error" in message:
                    raise BrowserError(f"{method}: {message['error']['message']}")
                return message["result"]

    def _read(self, deadline: float) -> dict[str, Any]:
        """The next message of the protocol; events of the page are kept."""
        message: dict[str, Any] = json.loads(
            self._socket.recv(max(0.0, deadline - time.monotonic()))
        )
        if message.get("method") == "Runtime.bindingCalled":
            event = json.loads(message["params"]["payload"])
            self.events.append(event)
            self._unread.append(event)
        return message


@contextmanager
def _running(folder: Path) -> Iterator[str]:
    """Run Chromium with its files in `folder`; gives where the DevTools of its page are."""
    log_file = folder / "log"
    with log_file.open("wb") as log:
        leashed = LeashedProcess(
            [str(_program()), *_FLAGS, f"--user-data-dir={folder}", "about:blank"],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        port_file = folder / "DevToolsActivePort"
        deadline = time.monotonic() + _START_LIMIT
        while not (port_file.exists() and "\n" in port_file.read_text()):
            if not leashed.is_running() or time.monotonic() > deadline:
                raise BrowserError(f"Chromium did not start:\n{log_file.read_text()}")
            time.sleep(0.02)
        yield _page_uri(int(port_file.read_text().split()[0]))
    finally:
        leashed.kill()


def _page_uri(port: int) -> str:
    """Where the DevTools of the first page are, of the Chromium that listens on `port`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_LIMIT)
    with closing(connection):
        connection.request("GET", "/json/list")
        pages = json.load(connection.getresponse())
    return str(next(page for page in pages if page["type"] == "page")["webSocketDebuggerUrl"])

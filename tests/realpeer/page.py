"""A page with a SIP.js telephone in a headless browser, however that browser is driven."""

import itertools
import json
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from websockets.sync.client import ClientConnection

from tests.realpeer.kamailio import Kamailio

FOLDER: Final = Path(__file__).with_name("chromium")
LIBRARY: Final = FOLDER / "node_modules" / "sip.js"
ANSWER_LIMIT: Final = 10.0
"""Seconds that a browser may take over one order."""

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


class Page(ABC):
    """One browser with one page; leave its `with` block and it is gone.

    `phone` loads the page anew, as somebody who is registered and can call and be called.
    A subclass runs the browser, and speaks its protocol on `_socket`.
    """

    _socket: ClientConnection
    _stack: ExitStack

    def __init__(self) -> None:
        self.events: list[Event] = []
        """All that the page has told since it was loaded."""
        self._unread: deque[Event] = deque()
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @abstractmethod
    def evaluate(self, script: str) -> Any:
        """Run a script in the page; what it, or its promise, comes to (as JSON has it).

        Raises `BrowserError` when it throws, `TimeoutError` when it has no result for 10 s.
        """

    @abstractmethod
    def navigate(self, url: str) -> None:
        """Begin to load another page."""

    @abstractmethod
    def _result(self, answer: Mapping[str, Any]) -> Any:
        """The result in an answer to an order. Raises `BrowserError` where it is a refusal."""

    @abstractmethod
    def _report(self, message: Mapping[str, Any]) -> str | None:
        """What the page told with `report`, where the message is about that."""

    def open(self, page: Path) -> None:
        """Load a page, which sets `window.phone` and then reports the event `ready`."""
        self.events.clear()
        self._unread.clear()
        self.navigate(page.as_uri())
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
        self.navigate("about:blank")

    def do(self, method: str, *arguments: object) -> Any:
        """Call a method of the page's `phone` and return what it resolves to.

        Raises `BrowserError` when it throws, `TimeoutError` when it has no result for 10 s.
        """
        given = ", ".join(json.dumps(argument) for argument in arguments)
        return self.evaluate(f"phone.{method}({given})")

    def hear(self) -> Heard:
        """What comes in at this moment."""
        return Heard(**self.do("hear"))

    def hears(self, hz: float) -> bool:
        """Whether a tone is what it hears at the moment."""
        heard = self.hear()
        return abs(heard.hz - hz) < 3 and heard.dbfs > -30

    def hears_nothing(self) -> bool:
        """Whether there is nothing to hear for it at the moment."""
        return self.hear().dbfs < -60

    def wait_for(self, event: str, *, timeout: float = ANSWER_LIMIT, **fields: object) -> Event:
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
                raise self._failure(f"no {wanted} within {timeout} s") from None

    def _failure(self, reason: str) -> BrowserError:
        return BrowserError("\n".join([reason, "--- told by the browser", *map(str, self.events)]))

    def _order(self, method: str, **params: object) -> Any:
        """Give an order of the browser's protocol and return its result."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        deadline = time.monotonic() + ANSWER_LIMIT
        while True:
            message = self._read(deadline)
            if message.get("id") == number:
                return self._result(message)

    def _read(self, deadline: float) -> dict[str, Any]:
        """The next message of the protocol; events of the page are kept."""
        message: dict[str, Any] = json.loads(
            self._socket.recv(max(0.0, deadline - time.monotonic()))
        )
        if (told := self._report(message)) is not None:
            event = json.loads(told)
            self.events.append(event)
            self._unread.append(event)
        return message

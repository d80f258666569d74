"""A headless Chromium with a SIP.js telephone in it, for the real-peer tests.

It is driven through its own DevTools protocol, on a WebSocket that Chromium listens on.
"""

import http.client
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from websockets.sync.client import connect

from tests.realpeer.child_processes import LeashedProcess
from tests.realpeer.page import ANSWER_LIMIT, LIBRARY, BrowserError, Page

INSTALL: Final = (
    "Chromium or SIP.js is not installed; `make peers` does it, as root or with sudo: Debian's "
    "chromium and npm, and `npm ci` in tests/realpeer/chromium"
)
_START_LIMIT: Final = 20.0
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


def installed() -> bool:
    """Whether Chromium and the library that its page needs are there."""
    return _program() is not None and LIBRARY.is_dir()


def _program() -> str | None:
    return shutil.which("chromium")


class Browser(Page):
    """A Chromium, by its DevTools protocol."""

    def __init__(self) -> None:
        super().__init__()
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

    def navigate(self, url: str) -> None:
        self._order("Page.navigate", url=url)

    def evaluate(self, script: str) -> Any:
        answer = self._order(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            words = thrown.get("exception", {}).get("description", thrown["text"])
            raise self._failure(f"{script}: {words}")
        return answer["result"].get("value")

    def _result(self, answer: Mapping[str, Any]) -> Any:
        if "error" in answer:
            raise self._failure(answer["error"]["message"])
        return answer["result"]

    def _report(self, message: Mapping[str, Any]) -> str | None:
        if message.get("method") == "Runtime.bindingCalled":
            return str(message["params"]["payload"])
        return None


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
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_LIMIT)
    with closing(connection):
        connection.request("GET", "/json/list")
        pages = json.load(connection.getresponse())
    return str(next(page for page in pages if page["type"] == "page")["webSocketDebuggerUrl"])

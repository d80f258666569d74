"""A headless Firefox with a SIP.js telephone in it, for the real-peer tests.

It is driven by WebDriver BiDi, on a WebSocket that Firefox listens on (w3.org/TR/webdriver-bidi).
"""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from websockets.sync.client import connect

from tests.realpeer.child_processes import LeashedProcess
from tests.realpeer.page import LIBRARY, BrowserError, Page
from tests.realpeer.pulse import PulseAudio

INSTALL: Final = (
    "Firefox or SIP.js is not installed; `make peers` does it, as root or with sudo: Debian's "
    "firefox-esr and npm, and `npm ci` in tests/realpeer/chromium"
)
_START_LIMIT: Final = 30.0
_PREFERENCES: Final[Mapping[str, bool | int | str]] = {
    "security.fileuri.strict_origin_policy": False,  # a module of a file: page imports another
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    # Without leave to use a microphone it offers one address only, and hides that.
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    # Nothing on its own account.
    "app.normandy.enabled": False,
    "app.update.auto": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.search.update": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "",
    "toolkit.telemetry.enabled": False,
}


def installed() -> bool:
    """Whether Firefox and the library that its page needs are there."""
    return _program() is not None and LIBRARY.is_dir()


def _program() -> str | None:
    return shutil.which("firefox-esr")


class Firefox(Page):
    """A Firefox, by WebDriver BiDi; its sound device is in `pulse`.

    It gathers no candidate where there is loopback only: it wants a default route.
    """

    def __init__(self, pulse: PulseAudio) -> None:
        super().__init__()
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="firefox-")))
            uri = stack.enter_context(_running(folder, pulse))
            self._socket = stack.enter_context(
                connect(uri, max_size=None, proxy=None, close_timeout=1)
            )
            self._order("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
            self._order("session.subscribe", events=["script.message"])
            self._order(
                "script.addPreloadScript",
                functionDeclaration="(report) => { window.report = report; }",
                arguments=[{"type": "channel", "value": {"channel": "report"}}],
            )
            tree = self._order("browsingContext.getTree")
            self._context = tree["contexts"][0]["context"]
            self._stack = stack.pop_all()

    def navigate(self, url: str) -> None:
        self._order("browsingContext.navigate", context=self._context, url=url, wait="none")

    def evaluate(self, script: str) -> Any:
        answer = self._order(
            "script.evaluate",
            expression=f"Promise.resolve({script}).then((it) => JSON.stringify(it) ?? 'null')",
            target={"context": self._context},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise self._failure(f"{script}: {answer['exceptionDetails']['text']}")
        return json.loads(answer["result"]["value"])

    def _result(self, answer: Mapping[str, Any]) -> Any:
        if answer["type"] == "error":
            raise self._failure(f"{answer['error']}: {answer['message']}")
        return answer["result"]

    def _report(self, message: Mapping[str, Any]) -> str | None:
        if message.get("method") == "script.message":
            return str(message["params"]["data"]["value"])
        return None


@contextmanager
def _running(folder: Path, pulse: PulseAudio) -> Iterator[str]:
    """Run Firefox with its files in `folder`; gives where it takes orders."""
    profile = folder / "profile"
    profile.mkdir()
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in _PREFERENCES.items()]
    (profile / "user.js").write_text("".join(lines))
    log_file = folder / "log"
    with log_file.open("wb") as log:
        leashed = LeashedProcess(
            [
                str(_program()),
                "--headless",
                "--no-remote",
                "--profile",
                str(profile),
                "--remote-debugging-port=0",
                "about:blank",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            # Of the sound server's variables all but its home: two must not share one.
            env={"PATH": "/usr/bin:/bin", **pulse.environment, "HOME": str(folder)},
        )
    try:
        # Written when it listens; its name and form are Firefox's own.
        place = profile / "WebDriverBiDiServer.json"
        deadline = time.monotonic() + _START_LIMIT
        while not (place.exists() and place.read_text().endswith("}")):
            if not leashed.is_running() or time.monotonic() > deadline:
                raise BrowserError(f"Firefox did not start:\n{log_file.read_text()}")
            time.sleep(0.05)
        where = json.loads(place.read_text())
        yield f"ws://{where['ws_host']}:{where['ws_port']}/session"
    finally:
        leashed.kill()

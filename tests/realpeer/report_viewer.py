"""A headless Chromium that looks at the page of a report: its width, light or dark, or print.

It keeps what the page asks the network for and what it writes to the console, and lets axe-core
judge it (https://github.com/dequelabs/axe-core).
"""

from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from tests.realpeer import browser
from tests.realpeer.browser import Browser
from tests.realpeer.page import FOLDER

AXE: Final = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
INSTALL: Final = browser.INSTALL
Scheme: TypeAlias = Literal["light", "dark"]
_LOADED: Final = """new Promise(resolve => document.readyState === "complete"
    ? resolve() : addEventListener("load", resolve))"""
_AXE_RUN: Final = """axe.run({resultTypes: ["violations"]}).then(found => found.violations.map(
    each => `${each.id}: ${each.help}: ${each.nodes.map(node => node.html).slice(0, 3)}`))"""


def installed() -> bool:
    """True if Chromium and axe-core are there."""
    return browser.installed() and AXE.is_file()


class ReportViewer(Browser):
    """A browser with one report at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[str] = []
        """The addresses that were asked for, the page's own not among them."""
        self.console: list[str] = []
        """What was written to the console, by the page or by the browser about it."""
        for domain in ("Network", "Log"):
            self._order(f"{domain}.enable")

    def show(self, page: Path, width: int, scheme: Scheme, media: str = "screen") -> None:
        """Load a page; `width` is in CSS pixels, `media` what it is shown on: `screen`, `print`."""
        self._order(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        self._order("Emulation.setScrollbarsHidden", hidden=True)
        preference = {"name": "prefers-color-scheme", "value": scheme}
        self._order("Emulation.setEmulatedMedia", media=media, features=[preference])
        self._order("Page.navigate", url="about:blank")
        self.requests.clear()
        self.console.clear()
        self.navigate(page.as_uri())
        while self.evaluate("location.href") != page.as_uri():
            pass
        self.evaluate(_LOADED)
        self.requests = [uri for uri in self.requests if uri != page.as_uri()]

    def violations(self) -> list[str]:
        """What axe-core has to complain about."""
        self.evaluate(AXE.read_text("utf-8") + ";undefined")
        found: list[str] = self.evaluate(_AXE_RUN)
        return found

    def press(self, key: str, code: int) -> None:
        """Press and release a key (its name and its virtual key code)."""
        for kind in ("rawKeyDown", "char", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "char" else {}
            self._order(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                windowsVirtualKeyCode=code,
                **text,
            )

    def picture(self, top: float, height: float, scale: float = 1.0) -> bytes:
        """Return a part of the page as WebP: from `top` on, `height` CSS pixels high."""
        width = self.evaluate("innerWidth")
        clip = {"x": 0, "y": top, "width": width, "height": height, "scale": scale}
        answer = self._order(
            "Page.captureScreenshot",
            format="webp",
            quality=80,
            captureBeyondViewport=True,
            clip=clip,
        )
        return b64decode(answer["data"])

    def pdf(self) -> bytes:
        """Return the page as it is printed on A4, without backgrounds where the page lets it."""
        answer = self._order("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)
        return b64decode(answer["data"])

    def _report(self, message: Mapping[str, Any]) -> str | None:
        params = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                uri = params["request"]["url"]
                if not uri.startswith("data:"):
                    self.requests.append(uri)
            case "Runtime.consoleAPICalled":
                self.console.append(str(params["args"]))
            case "Runtime.exceptionThrown":
                self.console.append(str(params["exceptionDetails"]))
            case "Log.entryAdded":
                self.console.append(params["entry"]["text"])
        return super()._report(message)

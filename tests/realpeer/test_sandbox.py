"""The sandbox serves others than ourselves: SIP.js in Chromium registers, calls and is called."""

from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.realpeer import browser as chromium
from tests.realpeer.browser import Browser
from tests.realpeer.sipcli_process import User
from tests.realpeer.wav_measurement import read_wav, seconds_of
from tests.required import require
from tests.waiting import until

NewUser = Callable[..., User]
ALICE, BOB = 440, 700
"""Hz, what each of them says."""
SECRET: Final = "sandbox-secret"
DOMAIN: Final = "sandbox.invalid"


@pytest.fixture(scope="module")
def _chromium() -> Iterator[Browser]:
    require(chromium.installed(), chromium.INSTALL)
    with Browser() as browser:
        yield browser


@pytest.fixture
def server(user: NewUser) -> str:
    """Where a sandbox with the accounts alice and bob takes WebSockets."""
    accounts = ("--user", f"alice:{SECRET}", "--user", f"bob:{SECRET}")
    return str(user("sandbox").sipcli("sandbox", *accounts).wait_for("sandbox")["server"])


@pytest.fixture
def bob(_chromium: Browser, server: str) -> Browser:
    """A browser that is registered there."""
    _chromium.register(server, f"sip:bob@{DOMAIN}", SECRET, hz=BOB)
    return _chromium


def test_a_browser_hears_itself_at_the_echo(bob: Browser) -> None:
    bob.do("call", f"sip:echo@{DOMAIN}")
    bob.wait_for("answer", status=200)
    until(lambda: bob.hears(BOB))
    bob.do("hangUp")
    bob.wait_for("terminated")


def test_a_browser_is_told_that_somebody_is_busy(bob: Browser) -> None:
    bob.do("call", f"sip:busy@{DOMAIN}")
    bob.wait_for("answer", status=486)


def test_sipcli_and_a_browser_call_each_other_through_it(
    bob: Browser, server: str, user: NewUser
) -> None:
    alice = user("alice", ws_servers=server, uri=f"sip:alice@{DOMAIN}", password=SECRET)
    caller = alice.sipcli(
        *("call", "bob", "--audio-in", f"tone:{ALICE}", "--audio-out", "null"),
        *("--expect-audio", "both", "--expect-tone", str(BOB), "--duration", "3"),
    )
    bob.wait_for("invite")
    bob.do("answer")
    until(lambda: bob.hears(ALICE))
    assert caller.wait() == 0, caller.events
    bob.wait_for("bye")
    callee = alice.sipcli(
        *("listen", "--auto-answer", "--count", "1", "--audio-in", f"tone:{ALICE}"),
        *("--audio-out", "file:heard.wav", "--expect-audio", "both"),
    )
    callee.wait_for("registered")
    bob.do("call", f"sip:alice@{DOMAIN}")
    callee.wait_for("media", state="connected", codec="opus")
    until(lambda: seconds_of(BOB, read_wav(alice.home / "heard.wav")[0]) > 1)
    assert bob.hears(ALICE)
    bob.do("dial", "7")
    callee.wait_for("dtmf", direction="received", digit="7")
    bob.do("hangUp")
    assert callee.wait() == 0, callee.events

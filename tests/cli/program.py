"""`sipcli` called in this process, and what it wrote."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sipcli.cli.main import run
from tests.sip_server import SipServer

Event = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a run of `sipcli` ended."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[Event]:
        """What `--json` wrote: nothing else may be on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def kinds(self) -> list[str]:
        return [event["event"] for event in self.events]

    def the(self, kind: str) -> Event:
        """The one event of that kind."""
        (event,) = [event for event in self.events if event["event"] == kind]
        return event


Sipcli = Callable[..., Outcome]


@pytest.fixture
def sipcli(capsys: pytest.CaptureFixture[str]) -> Sipcli:
    """Calls `sipcli`."""

    def call(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = run(list(arguments))
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return call


def account(server: SipServer, *more: str) -> list[str]:
    """Options of Alice's account."""
    return ["--uri", "sip:alice@example.com", "--ws-servers", server.uri, *more]

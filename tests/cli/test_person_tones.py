"""What a person hears of the calls beside their sound."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from sipcli.cli import person_tones
from sipcli.cli.person_tones import PersonTones
from sipcli.errors import DeviceError
from sipcli.media.audio_io.open import parse_sink
from sipcli.media.audio_io.tones import BUSY, CALL_WAITING, CONGESTION, RING, RINGBACK, Cadence
from sipcli.phone.call import Call
from sipcli.phone.events import Answered, CallEnded, Event, Incoming, Media, Progress

INCOMING = Incoming(call="b", sender="sip:bob@b", display_name=None, to="sip:a@a")
RINGING = Progress(call="a", status=180, reason="Ringing", early_media=False)


@dataclass
class FakeCall:
    """A call, as far as the tones look at it."""

    id: str
    is_incoming: bool = False
    is_answered: bool = False
    is_ringing: bool = False


@dataclass
class FakePlayer:
    """What one loudspeaker plays."""

    is_broken: bool = False
    plays: list[Cadence] = field(default_factory=list)

    def play(self, cadence: Cadence) -> None:
        if self.is_broken:
            raise DeviceError("it is gone")
        self.plays = [cadence]

    def stop(self) -> None:
        self.plays = []


class World:
    """The two loudspeakers, and the calls that have not ended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ringer, self.speaker = FakePlayer(), FakePlayer()
        players = iter((self.ringer, self.speaker))
        monkeypatch.setattr(person_tones, "TonePlayer", lambda _: next(players))
        self.warnings: list[str] = []
        self.tones = PersonTones(parse_sink("null"), parse_sink("null"), self.warnings.append)
        self.calls: list[FakeCall] = []

    def tell(self, event: Event) -> None:
        self.tones.on_event(event, cast("list[Call]", self.calls))

    @property
    def heard(self) -> tuple[list[Cadence], list[Cadence]]:
        """What the ringer plays, and the loudspeaker."""
        return self.ringer.plays, self.speaker.plays


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def ended(call: str, **changes: Any) -> CallEnded:
    usual = {"by": "remote", "status": None, "reason": "", "duration_s": 0.0, "stats": None}
    return CallEnded(call=call, **cast("dict[str, Any]", usual | changes))


def test_a_call_rings_until_it_is_answered(world: World) -> None:
    call = FakeCall("b", is_incoming=True, is_ringing=True)
    world.calls = [call]
    world.tell(INCOMING)
    assert world.heard == ([RING], [])
    call.is_ringing, call.is_answered = False, True
    world.tell(Answered(call="b", status=200, elapsed_ms=1.0))
    assert world.heard == ([], [])


def test_in_a_call_another_is_a_call_waiting(world: World) -> None:
    world.calls = [FakeCall("a", is_answered=True), FakeCall("b", is_incoming=True)]
    world.tell(INCOMING)
    assert world.heard == ([], [CALL_WAITING])


def test_what_still_rings_is_not_silenced_by_another_call(world: World) -> None:
    first = FakeCall("b", is_incoming=True, is_ringing=True)
    second = FakeCall("c", is_incoming=True, is_ringing=True)
    world.calls = [first, second]
    world.tell(INCOMING)
    first.is_ringing = False
    world.tell(ended("b"))
    assert world.heard == ([RING], [])
    second.is_ringing = False
    world.tell(ended("c"))
    assert world.heard == ([], [])


@pytest.mark.parametrize(
    "event",
    [
        Progress(call="a", status=183, reason="Session Progress", early_media=True),
        Media(
            call="a",
            state="connected",
            codec="opus",
            local_candidate=None,
            remote_candidate=None,
            dtls_fingerprint=None,
            elapsed_ms=1.0,
        ),
    ],
)
def test_the_far_ends_own_sound_replaces_the_ringback(world: World, event: Event) -> None:
    world.calls = [FakeCall("a")]
    world.tell(RINGING)
    assert world.heard == ([], [RINGBACK])
    world.tell(event)
    assert world.heard == ([], [])


@pytest.mark.parametrize(("status", "tone"), [(486, BUSY), (600, BUSY), (404, CONGESTION)])
def test_a_refusal_has_a_tone(world: World, status: int, tone: Cadence) -> None:
    world.calls = [FakeCall("a")]
    world.tell(RINGING)
    world.tell(ended("a", status=status))
    assert world.heard == ([], [tone])


@pytest.mark.parametrize(
    ("call", "by"),
    [
        (FakeCall("a", is_answered=True), "remote"),
        (FakeCall("a", is_incoming=True), "remote"),
        (FakeCall("a"), "local"),
    ],
)
def test_no_other_end_has_one(world: World, call: FakeCall, by: str) -> None:
    world.calls = [call]
    world.tell(ended("a", by=by, status=486))
    assert world.heard == ([], [])


def test_a_loudspeaker_that_fails_is_a_warning(world: World) -> None:
    world.calls = [FakeCall("a")]
    world.speaker.is_broken = True
    world.tell(RINGING)
    assert world.warnings == ["it is gone"]

"""Calls that are only told of, for who judges them: no phone, no media."""

from types import SimpleNamespace
from typing import Any, Literal, cast

from sipcli.cli.evaluator import Evaluator
from sipcli.errors import MediaError
from sipcli.expect.tone_tap import ToneTap
from sipcli.media.audio_io.generators import NullSink, Silence
from sipcli.media.pcm import Pcm
from sipcli.media.rtp.delivery import Delivery
from sipcli.phone.call_audio import AudioEndpoints
from sipcli.phone.call_state import CallState
from sipcli.phone.events import (
    Answered,
    CallEnded,
    CallEvent,
    Calling,
    CallStats,
    Incoming,
    Media,
    SelectedCandidate,
)
from sipcli.sdp.description import Direction


def a_stream() -> Any:
    """As much of a `Stream` as is looked at."""
    return SimpleNamespace(
        agreed=SimpleNamespace(direction=Direction.SENDRECV),
        inbound=SimpleNamespace(meter=SimpleNamespace(audible_s=0.0), unknown=0),
        outbound=SimpleNamespace(meter=SimpleNamespace(audible_s=0.0)),
        reporting=SimpleNamespace(delivery=Delivery.CONFIRMED),
        last_rtp=2.0,
    )


class FakeCall(CallState):
    """The state of a call that has neither a phone nor media."""

    media: Any

    def __init__(
        self,
        call_id: str,
        *,
        is_incoming: bool = False,
        media_failure: MediaError | None = None,
    ) -> None:
        media = SimpleNamespace(stream=a_stream())
        super().__init__(cast(Any, media), is_incoming=is_incoming, remote="sip:bob@example.com")
        self.id = call_id
        self.tone_tap = ToneTap()
        self._sound = AudioEndpoints(Silence(), NullSink(), (self.tone_tap,))
        self._media_failure = media_failure

    @property
    def media_failure(self) -> MediaError | None:
        return self._media_failure

    @staticmethod
    def _now() -> float:
        return 0.0

    def take(self, event: CallEvent) -> None:
        """Something happens to it."""
        self._note(event)

    def heard(self, seconds: float) -> None:
        """So much audible sound came, and went."""
        self.media.stream.inbound.meter.audible_s += seconds
        self.media.stream.outbound.meter.audible_s += seconds


class Theatre:
    """Plays the calls of a switchboard to a judge."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._calls: list[FakeCall] = []

    def tell(self, event: CallEvent) -> None:
        call = self._find(getattr(event, "call", ""))
        if call is not None:
            call.take(event)
        self._evaluator.on_event(event, self._find)

    def _find(self, call_id: str) -> FakeCall | None:
        return next((call for call in self._calls if call.id == call_id), None)

    def begin(self, *, incoming: bool = False) -> FakeCall:
        """A call is placed, or comes."""
        call = FakeCall(f"call{len(self._calls)}", is_incoming=incoming)
        self._calls.append(call)
        who = "sip:bob@example.com"
        if incoming:
            self.tell(Incoming(call=call.id, sender=who, display_name=None, to=who))
        else:
            self.tell(Calling(call=call.id, to=who))
        return call

    def connect(
        self,
        call: FakeCall,
        elapsed_ms: int = 80,
        state: Literal["connected", "failed", "restarted"] = "connected",
    ) -> None:
        """Its media connect, by a relay."""
        ends = [
            SelectedCandidate(type=kind, protocol="udp", address="192.0.2.1", port=9)
            for kind in ("host", "relay")
        ]
        self.tell(
            Media(
                call=call.id,
                state=state,
                codec="opus",
                local_candidate=ends[0],
                remote_candidate=ends[1],
                dtls_fingerprint="sha-256 AA",
                elapsed_ms=elapsed_ms,
            )
        )

    def answer(self, call: FakeCall) -> None:
        self.tell(Answered(call=call.id, status=200, elapsed_ms=50))

    def hear(self, call: FakeCall, pcm: Pcm) -> None:
        """It sounds like this at our end."""
        call.tone_tap.write(pcm, pcm)

    def end(self, call: FakeCall, status: int | None = None, *, received: int = 100) -> None:
        """It is over, after so many packets."""
        stats = CallStats(
            packets_sent=100,
            packets_received=received,
            packets_lost=0,
            packets_late=0,
            packets_concealed=0,
            loss_percent=0.0,
            jitter_ms=0.0,
            rtt_ms=None,
            playout_delay_ms=40.0,
            mos=4.4 if received else None,
            level_sent_dbfs=-20.0,
            level_received_dbfs=-20.0,
            codec="opus",
        )
        ended = CallEnded(
            call=call.id,
            by="remote",
            status=status,
            reason="over",
            duration_s=2.0,
            stats=stats if call.is_answered else None,
        )
        self.tell(ended)

    def refused_call(self, status: int, *, incoming: bool = False) -> None:
        """A call from beginning to end."""
        self.end(self.begin(incoming=incoming), status)

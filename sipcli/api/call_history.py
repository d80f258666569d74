"""What one call has told so far, as far as a wait may ask for it."""

from typing import Final

from sipcli.calls.call import Call as ManagedCall
from sipcli.calls.events import CallEnded, ChangeRefused, Dtmf, Event, Held, Media, Resumed
from sipcli.core.calls.events import Answered, Progress, TransferProgress
from sipcli.expect.call_record import CallRecord
from sipcli.expect.recorder import MOST_DIGITS, CallRecorder
from sipcli.text import one_line

MAX_PROGRESS: Final = 100
"""Provisional responses that are kept."""


class CallHistory:
    """Keeps what the events of a call tell, from the first to the last."""

    def __init__(self, call: ManagedCall) -> None:
        self.status: int | None = None
        """Of the final answer; None before it, or where there was none."""
        self.progress: list[str] = []
        """The provisional responses, such as "180 Ringing"."""
        self.digits = ""
        """Those received, in order."""
        self.is_connected = False
        """Whether the media could flow at any time."""
        self.is_held = False
        """Whether the far end has agreed to be held by us."""
        self.refusal: str | None = None
        """What the far end said last to a change that it did not want."""
        self.transfer: TransferProgress | None = None
        """What was heard last of the transfer that we asked for."""
        self.ended: CallEnded | None = None
        self._call = call
        self._recorder = CallRecorder()

    def on_event(self, event: Event) -> None:
        """Take an event of the call."""
        self._recorder.on_event(event, self._call)
        match event:
            case Progress(status=status, reason=reason):
                if status > 100 and len(self.progress) < MAX_PROGRESS:
                    self.progress.append(one_line(f"{status} {reason}"))
            case Answered(status=status):
                self.status = status
            case Dtmf(direction="received", digit=digit) if len(self.digits) < MOST_DIGITS:
                self.digits += digit
            case Media(state="connected"):
                self.is_connected = True
            case Held(by="local") | Resumed(by="local"):
                self.is_held = isinstance(event, Held)
            case ChangeRefused(text=text):
                self.refusal = text
            case TransferProgress():
                self.transfer = event
            case CallEnded(status=ended_with):
                self.ended = event
                self.status = self.status if self.status is not None else ended_with
            case _:
                pass

    def call_record(self) -> CallRecord:
        """What the call has come to so far, for a verdict."""
        return self._recorder.call_record(self._call, None, self.ended)

    @property
    def is_transferred(self) -> bool | None:
        """Whether the transfer that we asked for worked; None while that is open."""
        last = self.transfer
        if last is None or not (last.is_final or self.ended is not None):
            return None
        # Who hangs up once it has agreed need not say how its own call went.
        return last.status is not None and last.status // 100 == 2

    def so_far(self) -> str:
        """How far it has come, for a person."""
        if self.ended is not None:
            shown = f"{self.ended.status} " if self.ended.status is not None else ""
            return one_line(f"the call is over: {shown}{self.ended.reason}")
        if self._call.is_answered:
            return "the call is up"
        if self._call.is_incoming:
            return "the call rings here"
        return f"so far: {', '.join(self.progress)}" if self.progress else "no response at all"

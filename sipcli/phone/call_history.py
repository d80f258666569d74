"""The history of one call, as far as waits need it."""

from typing import Final

from sipcli.expect.call_record import CallRecord
from sipcli.expect.recorder import MAX_DIGITS, CallRecorder
from sipcli.phone.events import (
    Answered,
    CallEnded,
    CallEvent,
    ChangeRefused,
    Dtmf,
    Held,
    Media,
    Progress,
    Resumed,
    TransferProgress,
)
from sipcli.phone.managed_call import Call as ManagedCall
from sipcli.text import one_line

MAX_PROGRESS: Final = 100
"""Number of provisional responses kept."""


class CallHistory:
    """The state of a call, built from its events."""

    def __init__(self, call: ManagedCall) -> None:
        self.status: int | None = None
        """The status of the final response; None before it, or if there was none."""
        self.progress: list[str] = []
        """The provisional responses, such as "180 Ringing"."""
        self.digits = ""
        """The digits received, in order."""
        self.is_connected = False
        """True if the media have connected, now or earlier."""
        self.is_held = False
        """True if we hold the far end, and it has agreed."""
        self.refusal: str | None = None
        """The text of the last `ChangeRefused`; None if there was none."""
        self.transfer: TransferProgress | None = None
        """The last progress of the transfer that we asked for; None if there was none."""
        self.ended: CallEnded | None = None
        self._call = call
        self._recorder = CallRecorder()

    def on_event(self, event: CallEvent) -> None:
        """Handle an event of the call."""
        self._recorder.on_event(event, self._call)
        match event:
            case Progress(status=status, reason=reason):
                if status > 100 and len(self.progress) < MAX_PROGRESS:
                    self.progress.append(one_line(f"{status} {reason}"))
            case Answered(status=status):
                self.status = status
            case Dtmf(direction="received", digit=digit) if len(self.digits) < MAX_DIGITS:
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
        """Return the record of the call so far, for an evaluation."""
        return self._recorder.call_record(self._call, None, self.ended)

    @property
    def is_transferred(self) -> bool | None:
        """True if the transfer we asked for worked, False if it failed; None while it is open."""
        last = self.transfer
        if last is None or not (last.is_final or self.ended is not None):
            return None
        # A far end that hangs up after it agreed need not report how its call went.
        return last.status is not None and last.status // 100 == 2

    def so_far(self) -> str:
        """Return the progress of the call as a sentence."""
        if self.ended is not None:
            shown = f"{self.ended.status} " if self.ended.status is not None else ""
            return one_line(f"the call is over: {shown}{self.ended.reason}")
        if self._call.is_answered:
            return "the call is up"
        if self._call.is_incoming:
            return "the call rings here"
        return f"so far: {', '.join(self.progress)}" if self.progress else "no response at all"

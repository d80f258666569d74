"""Has the calls of a command watched, and judges each at its end."""

from collections.abc import Callable

from sipcli.calls.call import Call
from sipcli.calls.events import CallEnded, Event
from sipcli.calls.switchboard import Switchboard
from sipcli.core.calls.events import CallId, Calling, Incoming
from sipcli.expect.expectations import Expectations
from sipcli.expect.verdict import Verdict, judge
from sipcli.expect.witness import Witness

OnVerdict = Callable[[Verdict], None]


class Judge:
    """Give it all events of a switchboard's calls; `on_verdict` is told each verdict.

    With `incoming` each call that is answered here is judged and, where a status is expected,
    each other too; without, the first that is placed here.
    """

    def __init__(self, wanted: Expectations, on_verdict: OnVerdict, *, incoming: bool) -> None:
        self._wanted = wanted
        self._on_verdict = on_verdict
        self._incoming = incoming
        self._has_begun = False
        self._witnesses: dict[CallId, Witness] = {}

    def take(self, event: Event, switchboard: Switchboard) -> None:
        """Take an event; after `ended` of a call come the verdicts on it."""
        match event:
            case Calling(call=name) if not (self._incoming or self._has_begun):
                self._watch(name)
            case Incoming(call=name) if self._incoming:
                self._watch(name)
        name = getattr(event, "call", "")
        witness = self._witnesses.get(name)
        call = next((one for one in switchboard.calls if one.id == name), None)
        if witness is None or call is None:
            return
        witness.take(event, call)
        if isinstance(event, CallEnded):
            del self._witnesses[name]
            self._conclude(witness, event, call)

    def _watch(self, name: CallId) -> None:
        self._has_begun = True
        self._witnesses[name] = Witness(self._wanted.tone_hz)

    def _conclude(self, witness: Witness, ended: CallEnded, call: Call) -> None:
        if self._incoming and not call.is_answered and self._wanted.status is None:
            return
        for verdict in judge(self._wanted, witness.evidence(ended, call)):
            self._on_verdict(verdict)

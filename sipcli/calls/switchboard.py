"""All calls of one phone: makes them, and gives each what the core tells of it."""

from collections.abc import Callable

from sipcli.calls.call import Call
from sipcli.calls.events import CallWarned, Event
from sipcli.calls.sound import Sound
from sipcli.core import call_events as core
from sipcli.core.call_events import CallEvent
from sipcli.media.session.kit import MediaKit
from sipcli.media.session.session import NotAcceptable
from sipcli.phone import Phone
from sipcli.sip.uri import Uri

OnCall = Callable[[Call], None]
MakeSound = Callable[[], Sound]


class Switchboard:
    """The calls of a phone. `on_incoming` gets each call that rings here.

    `make_sound` opens what a call sounds like that the far end had us place (a transfer).
    Give `take` to the phone as its `on_call_event`, then `connect` the phone.
    """

    def __init__(
        self,
        kit: MediaKit,
        on_event: Callable[[Event], None],
        *,
        make_sound: MakeSound,
        on_incoming: OnCall | None = None,
    ) -> None:
        self._kit = kit
        self._on_event = on_event
        self.make_sound = make_sound
        self._on_incoming = on_incoming
        self._calls: dict[core.CallId, Call] = {}
        self._phone: Phone | None = None

    def connect(self, phone: Phone) -> None:
        """Make calls with this phone."""
        self._phone = phone

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that are not over."""
        self._sweep()
        return tuple(self._calls.values())

    async def all_over(self) -> None:
        """Wait until there is no call any more."""
        while calls := self.calls:
            await calls[0].over.wait()

    async def place(
        self,
        target: Uri,
        sound: Sound,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        transfer: core.CallId | None = None,
    ) -> Call:
        """Call `target`; returns once the INVITE is out."""
        call = self._new_call(is_incoming=False, remote=str(target))
        await call.place(target, sound, lambda: self._add(call), headers=headers, transfer=transfer)
        return call

    def take(self, event: CallEvent) -> None:
        """Give an event to the call that it is about."""
        if isinstance(event, core.Incoming):
            self._ring(event)
            return
        call = self._calls.get(event.call)
        if call is None:
            return
        call.take(event)
        if isinstance(event, core.TransferRequested):
            self._transfer(call, event)

    def _ring(self, event: core.Incoming) -> None:
        call = self._new_call(is_incoming=True, remote=event.sender)
        self._calls[event.call] = call
        call.take(event)
        try:
            call.present(event)
        except NotAcceptable as refused:
            text = str(refused)
            self._later(lambda: call.reject(488, warning=text))
            return
        if self._on_incoming is not None:
            self._on_incoming(call)

    def _transfer(self, call: Call, event: core.TransferRequested) -> None:
        """The far end wants us to call somebody else: do so, and let it know how that goes."""
        phone = self._phone_in_use

        async def follow() -> None:
            with phone.step() as (agent, now):
                agent.calls.accept_transfer(call.id, now)
            self._on_event(CallWarned(text=f"the far end transfers us to {event.target}"))
            await self.place(event.target, self.make_sound(), transfer=call.id)

        phone.spawn(follow())

    def _later(self, act: Callable[[], None]) -> None:
        """Use a verb of the core's from within an event of the core's: after this step."""

        async def do() -> None:
            act()

        self._phone_in_use.spawn(do())

    def _new_call(self, *, is_incoming: bool, remote: str) -> Call:
        return Call(
            self._phone_in_use,
            self._kit,
            self._on_event,
            is_incoming=is_incoming,
            remote=remote,
        )

    def _add(self, call: Call) -> None:
        self._sweep()
        self._calls[call.id] = call

    def _sweep(self) -> None:
        self._calls = {name: call for name, call in self._calls.items() if not call.over.is_set()}

    @property
    def _phone_in_use(self) -> Phone:
        if self._phone is None:
            raise RuntimeError("connect() comes first")
        return self._phone

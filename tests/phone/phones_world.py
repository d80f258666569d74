"""People with phones: real calls and real media over loopback, the wire and the clock faked.

The messages go through the world of `tests.core.call_world`, in virtual time.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar, cast

from sipcli.core.agent import UserAgent
from sipcli.core.calls.events import CallEvent, RemoteOffer
from sipcli.core.calls.events import Incoming as CoreIncoming
from sipcli.journal.journal import Journal
from sipcli.media.session.media_config import MediaConfig
from sipcli.phone.call import Call
from sipcli.phone.call_audio import AudioEndpoints
from sipcli.phone.call_manager import CallManager
from sipcli.phone.events import Event, Incoming
from sipcli.phone.runner import UserAgentRunner
from sipcli.phone.waiter import Waiter
from sipcli.sdp.description import Direction
from sipcli.sip.uri import SipUri, Uri
from tests.core.call_world import World
from tests.media.session.ends import Ear, Mouth, media_config

T = TypeVar("T")


class Closable:
    """Counts how often it was closed."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class OpenMouth(Closable, Mouth):
    """A source of a tone."""

    def __init__(self) -> None:
        Mouth.__init__(self)
        Closable.__init__(self)


class OpenEar(Closable, Ear):
    """A sink that counts what it hears."""

    def __init__(self) -> None:
        Ear.__init__(self)
        Closable.__init__(self)


class Person:
    """A phone with calls, and what was told of them. Calls take it for a `UserAgentRunner`."""

    def __init__(self, town: "Town", name: str, equipment: MediaConfig) -> None:
        self.name = name
        self.events: list[Event] = []
        self.ears: list[OpenEar] = []
        self.mouths: list[OpenMouth] = []
        self.rings: list[Call] = []
        self.offers: list[bytes | None] = []
        """Those of the calls that came in."""
        self.answers = True
        self.bugs: list[Exception] = []
        self.journal = Journal()
        self.probes = 0
        """How often the connection was probed."""
        self.is_connected = asyncio.Event()
        self.is_connected.set()
        self.on_disturbed: Callable[[], None] = lambda: None
        self.media_remotes: Callable[[], Iterable[str]] = tuple
        self.on_call_event: Callable[[CallEvent], None] = lambda _: None
        self._waiter = Waiter()
        self.call_manager = CallManager(
            cast(UserAgentRunner, self),
            equipment,
            self._waiter,
            self._on_event,
            open_sound=lambda *_: self.sound(),
            resolve=lambda target: cast(Uri, target),
            on_incoming=self._on_incoming,
        )
        self.tasks: set[asyncio.Task[None]] = set()
        self.signalling = town.world[name]
        self.signalling.behave = self._take
        self._town = town
        self._more = asyncio.Event()
        self._untold: deque[CallEvent] = deque()
        self._is_telling = False

    # As calls know a phone

    @contextmanager
    def step(self) -> Iterator[tuple[UserAgent, float]]:
        """As `UserAgentRunner.step`."""
        self._town.set_clock()
        yield self.signalling.agent, self._town.world.now
        self.signalling.do(lambda now: None)
        self._town.wake()

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """As `UserAgentRunner.spawn`; an error comes out in the end."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        return task

    def found_bug(self, error: Exception) -> None:
        """As `UserAgentRunner.found_bug`."""
        self.bugs.append(error)

    async def probed(self) -> None:
        """As `UserAgentRunner.probed`: the wire that there is works, or there is none for good."""
        self.probes += 1
        await self.is_connected.wait()

    def _take(self, event: CallEvent) -> None:
        if isinstance(event, CoreIncoming):
            self.offers.append(event.offer)
        self._untold.append(event)
        if self._is_telling:
            return
        self._is_telling = True
        while self._untold:
            self.on_call_event(self._untold.popleft())
        self._is_telling = False

    # What the person does and hears

    def sound(self) -> AudioEndpoints:
        """A tone to send, and an ear."""
        self.mouths.append(OpenMouth())
        self.ears.append(OpenEar())
        return AudioEndpoints(self.mouths[-1], self.ears[-1])

    async def calls(self, name: str) -> Call:
        """Call somebody by name."""
        return await self.call_manager.place(SipUri.parse(f"sip:{name}@example.com"))

    async def hears(self, frames: int = 5, ear: int = -1) -> None:
        """Wait until the tone of the far end is heard."""
        async with asyncio.timeout(20):
            await self.ears[ear].heard(self.ears[ear].loud + frames)

    async def event(self, kind: type[T], count: int = 1) -> T:
        """The `count`th event of that kind, once it has been told."""
        async with asyncio.timeout(60):
            while len(found := self.told(kind)) < count:
                self._more.clear()
                await self._more.wait()
        return found[count - 1]

    def told(self, kind: type[T]) -> list[T]:
        """The events of a kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def is_tidy(self) -> bool:
        """Whether all sound was closed, once."""
        return all(one.closed == 1 for one in [*self.ears, *self.mouths])

    def _on_event(self, event: Event) -> None:
        self.events.append(event)
        self._more.set()
        self._waiter.change()

    def _on_incoming(self, call: Call) -> None:
        self.rings.append(call)
        if self.answers:
            call.answer()


class Town:
    """Everybody, and the proxy between them."""

    def __init__(self, equipment: MediaConfig, **settings: Any) -> None:
        self.world = World(changes=settings)
        self.people = {name: Person(self, name, equipment) for name in self.world.names}
        self._awake = asyncio.Event()

    def set_clock(self) -> None:
        """The world's time is the loop's."""
        self.world.now = asyncio.get_running_loop().time()

    def wake(self) -> None:
        """Something is on its way."""
        self._awake.set()

    async def live(self) -> None:
        """Deliver messages and let timers fire, for ever."""
        while True:
            self._awake.clear()
            self.set_clock()
            self.world.run()
            phones = self.world.phones.values()
            dues = [at for phone in phones if (at := phone.agent.deadline()) is not None]
            try:
                async with asyncio.timeout_at(min(dues, default=None)):
                    await self._awake.wait()
            except TimeoutError:
                self.set_clock()
                for phone in phones:
                    phone.do(phone.agent.tick)

    async def end(self) -> None:
        """Hang up all calls and see that nothing is left."""
        for person in self.people.values():
            for call in person.call_manager.calls:
                call.hang_up()
            await person.call_manager.all_over()
            for task in person.tasks:
                if not task.cancelled():
                    async with asyncio.timeout(5):
                        await asyncio.wait([task])
                assert task.cancelled() or task.exception() is None, task.exception()
            assert person.bugs == [], f"{person.name} met a bug"
            assert person.is_tidy, f"{person.name} leaves sound open, or closes it twice"


@asynccontextmanager
async def town(**settings: Any) -> AsyncIterator[tuple[Person, Person, Person]]:
    """Alice, Bob and Carol; all calls end well when this does."""
    here = Town(media_config(), **settings)
    living = asyncio.ensure_future(here.live())
    try:
        yield here.people["alice"], here.people["bob"], here.people["carol"]
        await here.end()
    finally:
        living.cancel()
        await asyncio.wait([living])
        if not living.cancelled():
            living.result()


async def in_a_call(alice: Person, bob: Person) -> tuple[Call, Call]:
    """Both sides of a call from alice to bob, with sound."""
    call = await alice.calls(bob.name)
    await bob.event(Incoming)
    await asyncio.gather(call.connected_or_over(), alice.hears(), bob.hears())
    return call, bob.rings[-1]


def ring_both(bob: Person, carol: Person) -> None:
    """Whoever calls bob rings carol, too."""
    bob.signalling.world.behind["bob"] = ["bob", "carol"]
    identity = carol.signalling.agent._identity  # noqa: SLF001 - nothing else knows her two names
    identity.aor = SipUri.parse("sip:bob@example.com")


def nowhere(answer: bytes) -> bytes:
    """The answer with ICE credentials that nobody has."""
    other = re.sub(rb"a=ice-ufrag:\S+", b"a=ice-ufrag:else", answer)
    return re.sub(rb"a=ice-pwd:\S+", b"a=ice-pwd:" + b"e" * 22, other)


async def early_answer(person: Person) -> tuple[Call, bytes]:
    """What rings at this person, and an answer to it."""
    await person.event(Incoming)
    call = person.rings[-1]
    return call, await call.media.answer(Direction.SENDRECV)


def say(person: Person, call: Call, status: int, body: bytes) -> None:
    """Send an answer by hand: early, or the final one."""
    calls = person.signalling.calls
    with person.step() as (_, now):
        if status < 200:
            calls.progress(call.id, now, status=status, body=body)
        else:
            calls.accept(call.id, body, now)


def refuse_offers(person: Person) -> None:
    """Refuse every change by hand."""
    before = person.signalling.behave

    def behave(event: CallEvent) -> None:
        if isinstance(event, RemoteOffer):
            with person.step() as (agent, now):
                agent.calls.refuse_offer(event.call, now)
        else:
            before(event)

    person.signalling.behave = behave

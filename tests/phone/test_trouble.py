"""Whatever goes wrong in one call ends this one, and no other: it must not stay mute either."""

import asyncio
import errno
from collections.abc import Callable, Iterator

import pytest

from sipcli.errors import MediaError
from sipcli.media.session.media_session import MediaSession
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.phone.events import CallEnded, Incoming, Media, Warned
from sipcli.phone.offers import Offers
from tests.phone.phones_world import Person, in_a_call, town

pytestmark = pytest.mark.virtual_time

OUT_OF_FILES = OSError(errno.EMFILE, "Too many open files")
NO_MODULE = ImportError("no module")
BUG = ZeroDivisionError("division by zero")


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """Let go of the calls that the tracebacks of these errors hold on to."""
    yield
    for error in (OUT_OF_FILES, NO_MODULE, BUG):
        error.__traceback__ = error.__context__ = None


def fail(error: Exception) -> Callable[..., None]:
    def act(*_: object, **__: object) -> None:
        raise error

    return act


def met(person: Person) -> list[Exception]:
    """The bugs that a person's phone has met, which are no surprise from now on."""
    bugs = list(person.bugs)
    person.bugs.clear()
    return bugs


async def other_call_goes_on(alice: Person, ear: int) -> None:
    await alice.hears(50, ear=ear)


@pytest.mark.parametrize("error", [OUT_OF_FILES, NO_MODULE, BUG], ids=type)
async def test_a_frame_that_cannot_be_played_ends_its_call_alone(error: Exception) -> None:
    async with town() as (alice, bob, carol):
        first, _ = await in_a_call(alice, bob)
        second, _ = await in_a_call(alice, carol)
        alice.ears[0].write = fail(error)  # type: ignore[method-assign]
        async with asyncio.timeout(2):
            await first.over()
        assert isinstance(first.failure, MediaError)
        assert [event.state for event in alice.told(Media)] == ["connected", "connected", "failed"]
        await other_call_goes_on(alice, 1)
        assert not second.is_over
        assert met(alice) == ([BUG] if error is BUG else [])


@pytest.mark.parametrize("error", [OUT_OF_FILES, BUG], ids=type)
async def test_a_call_that_finds_no_socket_is_refused_alone(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town() as (alice, bob, carol):
        first, _ = await in_a_call(alice, bob)
        gather = MediaTransport.gather
        tries = 0

        async def gather_or_not(self: MediaTransport) -> object:
            nonlocal tries
            tries += 1
            if tries == 2:  # alice's: carol's own goes first
                raise error
            return await gather(self)

        monkeypatch.setattr(MediaTransport, "gather", gather_or_not)
        call = await carol.calls("alice")
        await call.over()
        assert (await carol.event(CallEnded)).status == 480
        await other_call_goes_on(alice, 0)
        assert not first.is_over
        assert met(alice) == ([BUG] if error is BUG else [])


async def test_a_command_that_finds_no_socket_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async with town() as (alice, _, _):
        monkeypatch.setattr(MediaTransport, "gather", fail(OUT_OF_FILES))
        with pytest.raises(MediaError, match="Too many open files"):
            await alice.calls("bob")
        assert alice.call_manager.calls == ()


@pytest.mark.parametrize("error", [OUT_OF_FILES, BUG], ids=type)
async def test_media_that_cannot_be_opened_are_no_mute_call(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town() as (alice, bob, _):
        monkeypatch.setattr(MediaTransport, "start", fail(error))
        call = await alice.calls("bob")
        await bob.event(Incoming)
        async with asyncio.timeout(2):
            await asyncio.gather(call.over(), bob.rings[0].over())
        # It is so at both ends here: whose end comes first tells the other one.
        failures = [call.failure, bob.rings[0].failure]
        assert any(isinstance(failure, MediaError) for failure in failures)
        assert {*met(alice), *met(bob)} == ({BUG} if error is BUG else set())


async def test_an_answer_that_nothing_can_be_made_of_ends_its_call_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with town() as (alice, bob, carol):
        first, _ = await in_a_call(alice, bob)
        monkeypatch.setattr(MediaSession, "receive_offer", fail(BUG))
        call = await carol.calls("alice")
        await call.over()
        assert (await carol.event(CallEnded)).status == 480
        assert not first.is_over
        assert met(alice) == [BUG]
        monkeypatch.setattr(Offers, "on_answer", fail(BUG))
        monkeypatch.setattr(Offers, "remote_offer", fail(BUG))
        first.hold()
        async with asyncio.timeout(2):
            await first.over()
        assert met(alice) + met(bob) == [BUG]


@pytest.mark.parametrize("error", [OUT_OF_FILES, BUG], ids=type)
async def test_an_end_that_cannot_be_tidied_up_is_still_the_end(error: Exception) -> None:
    async with town() as (alice, bob, _):
        call, _ = await in_a_call(alice, bob)
        close = alice.ears[0].close

        def close_badly() -> None:
            close()
            raise error

        alice.ears[0].close = close_badly  # type: ignore[method-assign]
        call.hang_up()
        async with asyncio.timeout(2):
            await call.over()
        told = [event.text for event in alice.told(Warned)]
        assert any("Too many open files" in text for text in told) == (error is OUT_OF_FILES)
        assert met(alice) == ([BUG] if error is BUG else [])

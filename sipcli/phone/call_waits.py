"""The waits for what happens to a call, each with a timeout."""

from collections.abc import Callable
from typing import get_args

from sipcli.errors import ConfigError, ExpectationError, NoAnswerError, Phase, SipcliError
from sipcli.expect.call_record import Audio
from sipcli.expect.evaluation import Verdict
from sipcli.expect.expectations import Expectations, evaluate
from sipcli.expect.thresholds import TONE_TOLERANCE
from sipcli.media.quality.level import AUDIBLE_DBFS
from sipcli.media.session.media_session import MediaSession
from sipcli.phone.call_state import CallState
from sipcli.phone.errors import shown
from sipcli.phone.events import CallEnded, RedirectRequested, TransferRequested
from sipcli.phone.waiter import FOREVER, TIMEOUT, Waiter


class CallWaits(CallState):
    """Waits end after `timeout` seconds at the latest, or as soon as the call has ended."""

    def __init__(
        self, media: MediaSession, waiter: Waiter, *, is_incoming: bool, remote: str
    ) -> None:
        super().__init__(media, is_incoming=is_incoming, remote=remote)
        self._waiter = waiter
        self._digits_taken = 0

    async def wait_for_transfer_request(self, *, timeout: float = TIMEOUT) -> TransferRequested:
        """Wait until the far end asks us to call someone else (REFER), and return the request.

        Call `accept_transfer` or `refuse_transfer` within 25 s; after that it is declined. If
        the setting `transfers` decides on its own, nothing is left to wait for; see the events.
        """
        await self._until(lambda: self.transfer_request, timeout)
        if self.transfer_request is None:
            raise self._failure(f"no transfer was asked for within {timeout:g} s", Phase.ANSWER)
        return self.transfer_request

    async def wait_for_redirect_request(self, *, timeout: float = TIMEOUT) -> RedirectRequested:
        """Wait until our call is redirected (3xx) and the setting `redirects` says to ask.

        Call `accept_redirect` or `refuse_redirect` within 25 s; after that it is declined.
        """
        await self._until(lambda: self.redirect_request, timeout)
        if self.redirect_request is None:
            raise self._failure(f"no redirection came within {timeout:g} s", Phase.ANSWER)
        return self.redirect_request

    async def wait_for_ringing(self, *, timeout: float = TIMEOUT) -> None:
        """Wait until the far end rings (180 or 183), or the call is answered."""
        if not await self._until(lambda: self._responses or self.is_answered, timeout):
            raise self._failure(f"it did not ring within {timeout:g} s", Phase.RING)

    async def wait_for_answer(self, *, timeout: float = TIMEOUT) -> None:
        """Wait until the call is answered. If the wait times out, the call goes on ringing."""
        if not await self._until(lambda: self.is_answered, timeout):
            if not self.is_over:
                raise NoAnswerError(f"no answer within {timeout:g} s; {self._so_far()}")
            raise shown(self.failure or NoAnswerError(self._so_far()))

    async def wait_for_audio(
        self, direction: Audio = "received", *, timeout: float = TIMEOUT
    ) -> None:
        """Wait until there was audible sound: 0.5 s above -50 dBFS since the answer.

        `received` is what was decoded here. `sent` is what was encoded and sent, unless the far
        end reports that nothing arrives. `both` is both. Raises `ConfigError` for other values.
        """
        if direction not in get_args(Audio):
            raise ConfigError(
                f"wait_for_audio({direction!r}): expected {', '.join(get_args(Audio))}"
            )
        wanted = Expectations(audio=direction)
        if not await self._until(lambda: self._verdict(wanted).met, timeout):
            verdict = self._verdict(wanted)
            text = f"expected {verdict.expected} within {timeout:g} s; found: {verdict.actual}"
            raise self._failure(text, verdict.phase)

    async def wait_for_tone(self, hz: float, *, timeout: float = TIMEOUT) -> None:
        """Wait until a tone of `hz` ± 2 % is received, measured as `received.tone_hz`."""

        def is_heard() -> bool:
            heard = self.received.tone_hz
            return heard is not None and abs(heard - hz) <= TONE_TOLERANCE * hz

        if not await self._until(is_heard, timeout):
            raise self._failure(
                f"expected a tone of {hz:g} Hz within {timeout:g} s; found: {self._heard()}",
                Phase.AUDIO,
            )

    async def wait_for_silence(self, *, timeout: float = TIMEOUT) -> None:
        """Wait until the last second received was at most -50 dBFS."""
        if not await self._until(lambda: self.received.level_dbfs <= AUDIBLE_DBFS, timeout):
            raise self._failure(
                f"expected silence within {timeout:g} s; found: {self._heard()}", Phase.AUDIO
            )

    async def received_dtmf(self, count: int, *, timeout: float = TIMEOUT) -> str:
        """Wait for the next `count` digits that no earlier wait has returned, and return them."""
        wanted = self._digits_taken + count
        if not await self._until(lambda: len(self.digits) >= wanted, timeout):
            found = repr(self.digits[self._digits_taken :])
            raise self._failure(
                f"expected {count} digits within {timeout:g} s; received: {found}", Phase.AUDIO
            )
        digits = self.digits[self._digits_taken : wanted]
        self._digits_taken = wanted
        return digits

    async def wait_for_end(self, *, timeout: float = TIMEOUT) -> CallEnded:
        """Wait until the call has ended, media and files included; return how it ended."""
        await self._waiter.until(lambda: self.is_over, timeout)
        if self.ended is None or not self.is_over:
            raise ExpectationError(f"the call did not end within {timeout:g} s")
        return self.ended

    async def answered_or_over(self, *, timeout: float = FOREVER) -> bool:
        """Wait until it is answered or has ended; return False if neither within `timeout`."""
        return await self._until(lambda: self.is_answered, timeout) or self.is_over

    async def connected_or_over(self, *, timeout: float = FOREVER) -> bool:
        """Wait until its media are connected or it has ended; return False if neither."""
        return await self._until(lambda: self.is_connected, timeout) or self.is_over

    async def over(self, *, timeout: float = FOREVER) -> bool:
        """Wait until it has ended, media and files included; return False if not."""
        return await self._waiter.until(lambda: self.is_over, timeout)

    # Inside

    async def _until(self, holds: Callable[[], object], timeout: float) -> bool:
        """Wait until `holds`, or the call has ended; return whether it holds."""
        await self._waiter.until(lambda: holds() or self.is_over, timeout)
        return bool(holds())

    def _failure(self, text: str, phase: Phase) -> SipcliError:
        """Return the error of a failed wait: the one that the call ended with, else `text`."""
        if self.failure is not None:
            return shown(self.failure)
        return ExpectationError(f"{text}; {self._so_far()}" if self.is_over else text, phase)

    def _verdict(self, wanted: Expectations) -> Verdict:
        (verdict,) = evaluate(wanted, self.record())
        return verdict

    def _heard(self) -> str:
        """Return what is received now or, if that is nothing, why that may be."""
        verdict, now = self._verdict(Expectations(audio="received")), self.received
        if not verdict.met and now.level_dbfs <= AUDIBLE_DBFS:
            return verdict.actual
        tone = f"{now.tone_hz:.1f} Hz" if now.tone_hz is not None else "no tone"
        return f"{tone} at {now.level_dbfs:.1f} dBFS"

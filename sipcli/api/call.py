"""A call in the hands of a script: what it can do, and what it can wait for."""

import asyncio
from collections.abc import Callable
from typing import Final, get_args

from sipcli.api.call_state import AudioIn, AudioOut, CallState, OpenCallSound
from sipcli.api.shown import shown
from sipcli.api.waiter import TIMEOUT, Waiter
from sipcli.calls.call import Call as ManagedCall
from sipcli.calls.call_errors import call_failure
from sipcli.calls.call_manager import CallManager
from sipcli.calls.digits import Method
from sipcli.calls.events import CallEnded
from sipcli.calls.request_errors import refusal
from sipcli.core.calls.events import RedirectRequested, TransferRequested
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.errors import (
    ConfigError,
    ExpectationError,
    NoAnswerError,
    Phase,
    RefusedError,
    SipcliError,
)
from sipcli.expect.evaluation import Verdict, evaluator
from sipcli.expect.expectations import TONE_TOLERANCE, Audio, Expectations
from sipcli.log import LOGGER
from sipcli.media.dtmf.digits import InvalidDigits, steps
from sipcli.media.level import AUDIBLE_DBFS
from sipcli.runner import UserAgentRunner
from sipcli.sip.uri import Uri

BUSY_HERE: Final = 486
DECLINE: Final = 603


class Call(CallState):
    """One call of a `Phone`, from its INVITE to its end.

    Every wait ends after `timeout` seconds at the latest, or as soon as the call is over. Where
    what it waits for does not come to pass it raises the error that the call itself has come
    to, such as `RefusedError` or `MediaError`, else `ExpectationError`; the text says what was
    seen instead.
    """

    def __init__(
        self,
        call: ManagedCall,
        runner: UserAgentRunner,
        waiter: Waiter,
        open_sound: OpenCallSound,
        resolve: Callable[[str], Uri],
        call_manager: CallManager,
        find: "Callable[[str], Call]",
    ) -> None:
        super().__init__(call, runner, waiter, open_sound, resolve)
        self._call_manager = call_manager
        self._find = find

    # What it can do

    async def answer(
        self,
        *,
        audio_in: AudioIn | None = None,
        audio_out: AudioOut | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        """Answer the call that rings, and wait until that is done.

        Raises `DeviceError` and `ConfigError` for sound that cannot be had, `MediaError` where
        we have nothing in common, `NoAnswerError` where the caller has given up.
        """
        self.managed.answer(self._open_sound(audio_in, audio_out))
        await self.wait_for_answer(timeout=timeout)

    async def reject(self, status: int = BUSY_HERE, *, timeout: float = TIMEOUT) -> None:
        """Refuse the call that rings with `status`, 300 to 699, and wait for its end."""
        if not 300 <= status <= 699:
            raise ConfigError(f"reject({status}): expected a status from 300 to 699")
        self.managed.reject(status)
        await self.wait_for_end(timeout=timeout)

    async def hang_up(self, *, timeout: float = TIMEOUT) -> CallEnded:
        """End the call, in whatever state it is, and wait until all of it is over."""
        self.managed.hang_up()
        return await self.wait_for_end(timeout=timeout)

    async def hold(self, *, timeout: float = TIMEOUT) -> None:
        """Hold the far end: it is asked to send nothing, and hears silence (RFC 3264 §8.4)."""
        await self._set_hold(timeout, on=True)

    async def resume(self, *, timeout: float = TIMEOUT) -> None:
        """Take the far end back from hold."""
        await self._set_hold(timeout, on=False)

    def mute(self) -> None:
        """Send silence in place of our sound."""
        self.managed.mute(on=True)

    def unmute(self) -> None:
        """Send our sound again."""
        self.managed.mute(on=False)

    def send_dtmf(self, digits: str, method: Method = "auto") -> None:
        """Send digits as soon as the media are connected; `,` pauses 2 s, `w` 0.5 s.

        `rtp` is RFC 4733, `info` goes by SIP, `auto` takes what the far end likes. Raises
        `ConfigError` for what is no digit.
        """
        try:
            steps(digits)
        except InvalidDigits as fault:
            raise ConfigError(f"send_dtmf({digits!r}): {fault}") from None
        self.managed.spawn(self._send_dtmf(digits, method))

    async def transfer(self, target: "str | Call", *, timeout: float = 30.0) -> None:
        """Have the far end call `target`, or join it with our other call (RFC 3515, RFC 3891).

        Returns once the far end says that it worked, and this call is then ended. Raises
        `RefusedError` or `NoAnswerError` where it says that it did not.
        """
        await self._wait_for_media(timeout)
        self._history.transfer = None
        if isinstance(target, Call):
            self.managed.transfer(None, replaces=target.managed)
            whom = target.remote
        else:
            uri = self._resolve(target)
            self.managed.transfer(uri)
            whom = str(uri)
        await self._until(lambda: self._history.is_transferred is not None, timeout)
        status = self._history.transfer.status if self._history.transfer is not None else None
        if self._history.is_transferred is None:
            seen = f"the last word was {status}" if status is not None else "no word of it"
            raise self._failure(
                f"transfer to {whom}: not done within {timeout:g} s; {seen}", Phase.RING
            )
        if not self._history.is_transferred:
            raise refusal(
                status or 500, f"transfer to {whom}: {status or 'no word of how it went'}"
            )
        await self.wait_for_end(timeout=timeout)

    async def accept_transfer(
        self,
        *,
        audio_in: AudioIn | None = None,
        audio_out: AudioOut | None = None,
        timeout: float = TIMEOUT,
    ) -> "Call":
        """Agree to the transfer that the far end asks for (RFC 3515), and return the new call.

        Returns once the INVITE is out; the far end hears how it goes. Raises `DeviceError` and
        `ConfigError` for sound that cannot be had, `RefusedError` where nothing is asked (any
        more) or the call cannot be placed.
        """
        sound = self._open_sound(audio_in, audio_out)
        try:
            placed = self._call_manager.accept_transfer(self.managed, sound)
            new = await asyncio.wait_for(asyncio.shield(placed), timeout)
        except OutOfTurn as fault:
            raise RefusedError(f"accept_transfer: {fault}") from None
        except TimeoutError:
            raise NoAnswerError(f"the transfer was not placed within {timeout:g} s") from None
        except SipcliError as error:
            raise shown(error) from None
        return self._find(new.id)

    def refuse_transfer(self, status: int = DECLINE) -> None:
        """Decline the transfer that the far end asks for, with 300 to 699."""
        if not 300 <= status <= 699:
            raise ConfigError(f"refuse_transfer({status}): expected a status from 300 to 699")
        self.managed.refuse_transfer(status)

    def accept_redirect(self) -> None:
        """Agree to call the address that our call was answered with (3xx), in the same call."""
        self.managed.accept_redirect()

    def refuse_redirect(self) -> None:
        """Decline to: the next address is asked about, or the call ends."""
        self.managed.refuse_redirect()

    # What it can wait for

    async def wait_for_transfer_request(self, *, timeout: float = TIMEOUT) -> TransferRequested:
        """Wait until the far end asks us to call someone else, and return what it asks.

        `accept_transfer` or `refuse_transfer` is next, within 25 s: then it is declined. Where
        `transfers` decides by itself it is over by then; events tell of that.
        """
        questions = self.managed.questions
        if not await self._until(lambda: questions.transfer, timeout) or not questions.transfer:
            raise self._failure(f"no transfer was asked for within {timeout:g} s", Phase.ANSWER)
        return questions.transfer

    async def wait_for_redirect_request(self, *, timeout: float = TIMEOUT) -> RedirectRequested:
        """Wait until our call is answered with another address that `redirects` wants asked about.

        `accept_redirect` or `refuse_redirect` is next, within 25 s: then it is declined.
        """
        questions = self.managed.questions
        if not await self._until(lambda: questions.redirect, timeout) or not questions.redirect:
            raise self._failure(f"no redirection came within {timeout:g} s", Phase.ANSWER)
        return questions.redirect

    async def wait_for_ringing(self, *, timeout: float = TIMEOUT) -> None:
        """Wait until it rings at the far end (180 or 183), or is answered."""
        if not await self._until(lambda: self._history.progress or self.is_answered, timeout):
            raise self._failure(f"it did not ring within {timeout:g} s", Phase.RING)

    async def wait_for_answer(self, *, timeout: float = TIMEOUT) -> None:
        """Wait until it is answered. A call that is not answered in time goes on ringing."""
        if not await self._until(lambda: self.is_answered, timeout):
            if not self.is_over:
                raise NoAnswerError(
                    f"nobody answered within {timeout:g} s; {self._history.so_far()}"
                )
            failure = call_failure(self.managed) or NoAnswerError(self._history.so_far())
            raise shown(failure)

    async def wait_for_audio(
        self, direction: Audio = "received", *, timeout: float = TIMEOUT
    ) -> None:
        """Wait until there was audible sound, 0.5 s above -50 dBFS since the answer.

        `received` means decoded here; `sent` encoded and sent, with no word from the far end
        that nothing arrives; or `both`. Raises `ConfigError` for another word.
        """
        if direction not in get_args(Audio):
            raise ConfigError(
                f"wait_for_audio({direction!r}): expected {', '.join(get_args(Audio))}"
            )
        wanted = Expectations(audio=direction)
        if not await self._until(lambda: self._evaluator(wanted).met, timeout):
            verdict = self._evaluator(wanted)
            text = f"expected {verdict.expected} within {timeout:g} s; found: {verdict.actual}"
            raise self._failure(text, verdict.phase)

    async def wait_for_tone(self, hz: float, *, timeout: float = TIMEOUT) -> None:
        """Wait until a tone of `hz` ± 2 % is what is heard, as `received.tone_hz` has it."""

        def is_heard() -> bool:
            heard = self.received.tone_hz
            return heard is not None and abs(heard - hz) <= TONE_TOLERANCE * hz

        if not await self._until(is_heard, timeout):
            raise self._failure(
                f"expected a tone of {hz:g} Hz within {timeout:g} s; found: {self._heard()}",
                Phase.AUDIO,
            )

    async def wait_for_silence(self, *, timeout: float = TIMEOUT) -> None:
        """Wait until the last second that was heard was no louder than -50 dBFS."""
        if not await self._until(lambda: self.received.level_dbfs <= AUDIBLE_DBFS, timeout):
            raise self._failure(
                f"expected silence within {timeout:g} s; found: {self._heard()}", Phase.AUDIO
            )

    async def received_dtmf(self, count: int, *, timeout: float = TIMEOUT) -> str:
        """Wait for the next `count` digits that no earlier wait has had, and return them."""
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
        """Wait until all of it is over, and return how it ended."""
        await self._waiter.until(lambda: self.is_over, timeout)
        if self.managed.ended is None:
            raise ExpectationError(f"the call did not end within {timeout:g} s")
        return self.managed.ended

    # Inside

    async def _until(self, holds: Callable[[], object], timeout: float) -> bool:
        await self._waiter.until(lambda: holds() or self.is_over, timeout)
        return bool(holds())

    def _failure(self, text: str, phase: Phase) -> SipcliError:
        """What to raise where a wait was in vain: what the call came to, else `text`."""
        failure = call_failure(self.managed)
        if failure is not None:
            return shown(failure)
        return ExpectationError(
            f"{text}; {self._history.so_far()}" if self.is_over else text, phase
        )

    async def _wait_for_media(self, timeout: float) -> None:
        """Wait until the media are connected."""
        if not await self._until(lambda: self._history.is_connected, timeout):
            text = f"the media were not connected within {timeout:g} s"
            raise self._failure(text, Phase.ICE)

    async def _set_hold(self, timeout: float, *, on: bool) -> None:
        await self._wait_for_media(timeout)
        self._history.refusal = None
        self.managed.hold(on=on)
        await self._until(lambda: self.is_held == on or self._history.refusal, timeout)
        if self.is_held != on:
            what = "hold" if on else "resume"
            if self._history.refusal is not None:
                raise shown(RefusedError(f"{what}: {self._history.refusal}", Phase.OFFER_ANSWER))
            raise self._failure(f"{what}: no answer within {timeout:g} s", Phase.OFFER_ANSWER)

    async def _send_dtmf(self, digits: str, method: Method) -> None:
        await self.managed.connected_or_over()
        if self.is_over:
            return
        try:
            self.managed.send_dtmf(digits, method)
        except InvalidDigits as fault:  # too many are waiting already
            LOGGER.warning("send_dtmf(%r): %s", digits, fault)

    def _evaluator(self, wanted: Expectations) -> Verdict:
        (verdict,) = evaluator(wanted, self._history.call_record())
        return verdict

    def _heard(self) -> str:
        """What is heard just now or, where that is nothing, why that may be."""
        verdict, now = self._evaluator(Expectations(audio="received")), self.received
        if not verdict.met and now.level_dbfs <= AUDIBLE_DBFS:
            return verdict.actual
        tone = f"{now.tone_hz:.1f} Hz" if now.tone_hz is not None else "no tone"
        return f"{tone} at {now.level_dbfs:.1f} dBFS"

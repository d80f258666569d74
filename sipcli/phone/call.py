"""`Call`: the actions and the waits of one call."""

import asyncio
from collections.abc import Callable
from typing import Final, get_args

from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.errors import (
    ConfigError,
    ExpectationError,
    NoAnswerError,
    Phase,
    RefusedError,
    SipcliError,
)
from sipcli.expect.call_record import Audio
from sipcli.expect.evaluation import Verdict
from sipcli.expect.expectations import Expectations, evaluate
from sipcli.expect.thresholds import TONE_TOLERANCE
from sipcli.log import LOGGER
from sipcli.media.dtmf.dtmf_digits import InvalidDigits, parse_digits
from sipcli.media.quality.level import AUDIBLE_DBFS
from sipcli.phone.call_errors import call_failure
from sipcli.phone.call_manager import CallManager
from sipcli.phone.call_state import AudioIn, AudioOut, CallState, OpenCallSound
from sipcli.phone.digits import Method
from sipcli.phone.events import CallEnded, RedirectRequested, TransferRequested
from sipcli.phone.managed_call import Call as ManagedCall
from sipcli.phone.request_errors import refusal
from sipcli.phone.runner import UserAgentRunner
from sipcli.phone.shown import shown
from sipcli.phone.waiter import TIMEOUT, Waiter
from sipcli.sip.uri import Uri

BUSY_HERE: Final = 486
DECLINE: Final = 603


class Call(CallState):
    """One call of a `Phone`, from its INVITE to its end.

    Every wait ends after `timeout` seconds at the latest, or as soon as the call has ended. A
    wait that fails raises the error that the call ended with, such as `RefusedError` or
    `MediaError`, else `ExpectationError`; the text says what was seen instead.
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

    # Actions

    async def answer(
        self,
        *,
        audio_in: AudioIn | None = None,
        audio_out: AudioOut | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        """Answer the call, and wait until it is answered.

        Raises `DeviceError` and `ConfigError` for audio that cannot be opened, `MediaError` if
        no codec is in common, `NoAnswerError` if the caller has given up.
        """
        self.managed.answer(self._open_sound(audio_in, audio_out))
        await self.wait_for_answer(timeout=timeout)

    async def reject(self, status: int = BUSY_HERE, *, timeout: float = TIMEOUT) -> None:
        """Reject the call with `status`, 300 to 699, and wait for its end."""
        if not 300 <= status <= 699:
            raise ConfigError(f"reject({status}): expected a status from 300 to 699")
        self.managed.reject(status)
        await self.wait_for_end(timeout=timeout)

    async def hang_up(self, *, timeout: float = TIMEOUT) -> CallEnded:
        """End the call, whatever its state, and wait until media and files are closed."""
        self.managed.hang_up()
        return await self.wait_for_end(timeout=timeout)

    async def hold(self, *, timeout: float = TIMEOUT) -> None:
        """Put the far end on hold: it should send nothing, and hears silence (RFC 3264 §8.4)."""
        await self._set_hold(timeout, on=True)

    async def resume(self, *, timeout: float = TIMEOUT) -> None:
        """Resume the far end after a hold."""
        await self._set_hold(timeout, on=False)

    def mute(self) -> None:
        """Send silence instead of our audio."""
        self.managed.mute(on=True)

    def unmute(self) -> None:
        """Send our audio again."""
        self.managed.mute(on=False)

    def send_dtmf(self, digits: str, method: Method = "auto") -> None:
        """Send digits as soon as the media are connected; `,` pauses 2 s, `w` 0.5 s.

        `rtp` is RFC 4733, `info` is SIP INFO, `auto` is what the far end supports. Raises
        `ConfigError` for an invalid digit.
        """
        try:
            parse_digits(digits)
        except InvalidDigits as fault:
            raise ConfigError(f"send_dtmf({digits!r}): {fault}") from None
        self.managed.spawn(self._send_dtmf(digits, method))

    async def transfer(self, target: "str | Call", *, timeout: float = 30.0) -> None:
        """Ask the far end to call `target`, or connect it with our other call (RFC 3515, RFC 3891).

        Return once the far end reports success; this call has then ended. Raises `RefusedError`
        or `NoAnswerError` if it reports a failure.
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
            seen = f"last progress: {status}" if status is not None else "no progress reported"
            raise self._failure(
                f"transfer to {whom}: not done within {timeout:g} s; {seen}", Phase.RING
            )
        if not self._history.is_transferred:
            raise refusal(status or 500, f"transfer to {whom}: {status or 'no result reported'}")
        await self.wait_for_end(timeout=timeout)

    async def accept_transfer(
        self,
        *,
        audio_in: AudioIn | None = None,
        audio_out: AudioOut | None = None,
        timeout: float = TIMEOUT,
    ) -> "Call":
        """Accept the transfer that the far end asks for (RFC 3515), and return the new call.

        Return once the INVITE is sent; the far end is notified of the progress. Raises
        `DeviceError` and `ConfigError` for audio that cannot be opened, `RefusedError` if no
        transfer is asked for (any more) or the call cannot be placed.
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
        """Decline the transfer that the far end asks for with `status`, 300 to 699."""
        if not 300 <= status <= 699:
            raise ConfigError(f"refuse_transfer({status}): expected a status from 300 to 699")
        self.managed.refuse_transfer(status)

    def accept_redirect(self) -> None:
        """Accept the redirect (3xx) of our call: call that address, as part of this call."""
        self.managed.accept_redirect()

    def refuse_redirect(self) -> None:
        """Decline the redirect: the next address is asked about, or the call ends."""
        self.managed.refuse_redirect()

    # Waits

    async def wait_for_transfer_request(self, *, timeout: float = TIMEOUT) -> TransferRequested:
        """Wait until the far end asks us to call someone else (REFER), and return the request.

        Call `accept_transfer` or `refuse_transfer` within 25 s; after that it is declined. If
        the setting `transfers` decides on its own, nothing is left to wait for; see the events.
        """
        questions = self.managed.questions
        if not await self._until(lambda: questions.transfer, timeout) or not questions.transfer:
            raise self._failure(f"no transfer was asked for within {timeout:g} s", Phase.ANSWER)
        return questions.transfer

    async def wait_for_redirect_request(self, *, timeout: float = TIMEOUT) -> RedirectRequested:
        """Wait until our call is redirected (3xx) and the setting `redirects` says to ask.

        Call `accept_redirect` or `refuse_redirect` within 25 s; after that it is declined.
        """
        questions = self.managed.questions
        if not await self._until(lambda: questions.redirect, timeout) or not questions.redirect:
            raise self._failure(f"no redirection came within {timeout:g} s", Phase.ANSWER)
        return questions.redirect

    async def wait_for_ringing(self, *, timeout: float = TIMEOUT) -> None:
        """Wait until the far end rings (180 or 183), or the call is answered."""
        if not await self._until(lambda: self._history.progress or self.is_answered, timeout):
            raise self._failure(f"it did not ring within {timeout:g} s", Phase.RING)

    async def wait_for_answer(self, *, timeout: float = TIMEOUT) -> None:
        """Wait until the call is answered. If the wait times out, the call goes on ringing."""
        if not await self._until(lambda: self.is_answered, timeout):
            if not self.is_over:
                raise NoAnswerError(f"no answer within {timeout:g} s; {self._history.so_far()}")
            failure = call_failure(self.managed) or NoAnswerError(self._history.so_far())
            raise shown(failure)

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
        if self.managed.ended is None:
            raise ExpectationError(f"the call did not end within {timeout:g} s")
        return self.managed.ended

    # Inside

    async def _until(self, holds: Callable[[], object], timeout: float) -> bool:
        await self._waiter.until(lambda: holds() or self.is_over, timeout)
        return bool(holds())

    def _failure(self, text: str, phase: Phase) -> SipcliError:
        """Return the error of a failed wait: the one that the call ended with, else `text`."""
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
        except InvalidDigits as fault:  # too many digits are waiting already
            LOGGER.warning("send_dtmf(%r): %s", digits, fault)

    def _verdict(self, wanted: Expectations) -> Verdict:
        (verdict,) = evaluate(wanted, self._history.call_record())
        return verdict

    def _heard(self) -> str:
        """Return what is received now or, if that is nothing, why that may be."""
        verdict, now = self._verdict(Expectations(audio="received")), self.received
        if not verdict.met and now.level_dbfs <= AUDIBLE_DBFS:
            return verdict.actual
        tone = f"{now.tone_hz:.1f} Hz" if now.tone_hz is not None else "no tone"
        return f"{tone} at {now.level_dbfs:.1f} dBFS"

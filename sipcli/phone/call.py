"""`Call`: the actions of one call."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Final

from sipcli.errors import (
    ConfigError,
    NoAnswerError,
    Phase,
    RefusedError,
    SipcliError,
)
from sipcli.media.dtmf.dtmf_digits import InvalidDigits
from sipcli.media.session.media_config import MediaConfig
from sipcli.phone.call_audio import AudioEndpoints, AudioIn, AudioOut, OpenCallSound
from sipcli.phone.call_context import OnCallEvent
from sipcli.phone.call_signalling import CallSignalling
from sipcli.phone.digits import Method, Sending
from sipcli.phone.errors import refusal, shown
from sipcli.phone.events import CallEnded
from sipcli.phone.runner import UserAgentRunner
from sipcli.phone.waiter import TIMEOUT, CallAction, Waiter, within
from sipcli.sip.status import BUSY_HERE, DECLINE
from sipcli.sip.uri import Uri

TRANSFER_TIMEOUT: Final = 30.0
"""Default timeout of a transfer, in seconds."""
_NO_TRANSFER: Final = "accept_transfer: no transfer is waiting for a decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHost:
    """What a call uses of its phone."""

    runner: UserAgentRunner
    media_config: MediaConfig
    waiter: Waiter
    tell: OnCallEvent
    """Passes an event on, to the user of the phone."""
    open_sound: OpenCallSound
    resolve: Callable[[str | Uri], Uri]
    """Returns the URI of a target. Raises `ConfigError`."""
    place_transfer: "Callable[[Call, Uri, AudioEndpoints], asyncio.Future[Call]]"
    """Places the call that the far end of another one asks for."""


class Call(CallSignalling):
    """One call of a `Phone`, from its INVITE to its end.

    An action begins when it is called; await it for its result. Every wait ends after `timeout`
    seconds at the latest, or as soon as the call has ended. A wait that fails raises the error
    that the call ended with, such as `RefusedError` or `MediaError`, else `ExpectationError`; the
    text says what was seen instead.
    """

    def __init__(self, host: CallHost, *, is_incoming: bool, remote: str) -> None:
        super().__init__(
            host.runner,
            host.media_config,
            host.waiter,
            host.tell,
            is_incoming=is_incoming,
            remote=remote,
        )
        self._host = host

    # Actions

    def answer(
        self,
        *,
        audio_in: AudioIn | None = None,
        audio_out: AudioOut | None = None,
        timeout: float = TIMEOUT,
    ) -> CallAction[None]:
        """Answer the call, and wait until it is answered.

        Raises `DeviceError` and `ConfigError` for audio that cannot be opened, `MediaError` if
        no codec is in common, `NoAnswerError` if the caller has given up.
        """
        sound = self._host.open_sound(audio_in, audio_out)
        if self.is_ringing:
            self._is_answering = True
            self._use(sound)
            self._context.queue(self._offers.accept)
        else:
            sound.close()
        return CallAction(partial(self.wait_for_answer, timeout=timeout))

    def reject(self, status: int = BUSY_HERE, *, timeout: float = TIMEOUT) -> CallAction[CallEnded]:
        """Reject the call with `status`, 300 to 699, and wait for its end."""
        if not 300 <= status <= 699:
            raise ConfigError(f"reject({status}): expected a status from 300 to 699")
        self._reject(status)
        return CallAction(partial(self.wait_for_end, timeout=timeout))

    def hang_up(
        self, *, reason: str = "hung up", timeout: float = TIMEOUT
    ) -> CallAction[CallEnded]:
        """End the call, whatever its state, and wait until media and files are closed.

        `reason` is what `ended` says.
        """
        self._context.hang_up(reason)
        return CallAction(partial(self.wait_for_end, timeout=timeout))

    def hold(self, *, timeout: float = TIMEOUT) -> CallAction[None]:
        """Put the far end on hold: it should send nothing, and hears silence (RFC 3264 §8.4)."""
        return self._change_hold(timeout, on=True)

    def resume(self, *, timeout: float = TIMEOUT) -> CallAction[None]:
        """Resume the far end after a hold."""
        return self._change_hold(timeout, on=False)

    def mute(self) -> None:
        """Send silence instead of our audio."""
        self._offers.mute(on=True)

    def unmute(self) -> None:
        """Send our audio again."""
        self._offers.mute(on=False)

    def send_dtmf(self, digits: str, method: Method = "auto") -> Sending:
        """Send digits as soon as the media are connected; `,` pauses 2 s, `w` 0.5 s.

        `rtp` is RFC 4733, `info` is SIP INFO, `auto` is what the far end supports. Raises
        `ConfigError` for an invalid digit, and if too many are waiting to be sent. Await what it
        returns to wait until all are sent; that raises `RefusedError` if some were not.
        """
        try:
            return self._digits.send(digits, method)
        except InvalidDigits as fault:
            raise ConfigError(f"send_dtmf({digits!r}): {fault}") from None

    def transfer(
        self, target: "str | Uri | Call", *, timeout: float = TRANSFER_TIMEOUT
    ) -> CallAction[None]:
        """Ask the far end to call `target`, or connect it with our other call (RFC 3515, RFC 3891).

        Return once the far end reports success; this call has then ended. Raises `RefusedError`
        or `NoAnswerError` if it reports a failure.
        """
        other = target if isinstance(target, Call) else None
        uri = self._host.resolve(target) if not isinstance(target, Call) else None
        return self._once_answered(
            partial(self._refer, uri, other),
            partial(self._transferred, other.remote if other is not None else str(uri), timeout),
            timeout,
        )

    def accept_transfer(
        self,
        *,
        audio_in: AudioIn | None = None,
        audio_out: AudioOut | None = None,
        timeout: float = TIMEOUT,
    ) -> "CallAction[Call]":
        """Accept the transfer that the far end asks for (RFC 3515), and return the new call.

        Return once the INVITE is sent; the far end is notified of the progress. Raises
        `DeviceError` and `ConfigError` for audio that cannot be opened, `RefusedError` if no
        transfer is asked for (any more) or the call cannot be placed.
        """
        asked = self.transfer_request
        if asked is None:
            raise RefusedError(_NO_TRANSFER)
        sound = self._host.open_sound(audio_in, audio_out)
        accepted: list[bool] = []
        self._context.act(lambda calls, now: accepted.append(calls.accept_transfer(self.id, now)))
        if not any(accepted):
            sound.close()
            raise RefusedError(_NO_TRANSFER)
        placed = self._host.place_transfer(self, asked.target, sound)
        return CallAction(partial(self._placed, placed, timeout))

    def refuse_transfer(self, status: int = DECLINE) -> None:
        """Decline the transfer that the far end asks for with `status`, 300 to 699."""
        if not 300 <= status <= 699:
            raise ConfigError(f"refuse_transfer({status}): expected a status from 300 to 699")
        self._context.act(lambda calls, now: calls.refuse_transfer(self.id, now, status=status))

    def accept_redirect(self) -> None:
        """Accept the redirect (3xx) of our call: call that address, as part of this call."""
        self._context.act(lambda calls, now: calls.accept_redirect(self.id, now))

    def refuse_redirect(self) -> None:
        """Decline the redirect: the next address is asked about, or the call ends."""
        self._context.act(lambda calls, now: calls.refuse_redirect(self.id, now))

    # Inside

    def _once_answered(
        self,
        begin: Callable[[], None],
        result: Callable[[], Coroutine[None, None, None]],
        timeout: float,
    ) -> CallAction[None]:
        """Begin now or, if the call is not answered yet, once it is; then wait for the result."""
        if self.is_answered:
            begin()
            return CallAction(result)
        has_begun = False

        async def begin_later() -> None:
            nonlocal has_begun
            if await self._until(lambda: self.is_answered, timeout):
                has_begun = True
                begin()
                self._waiter.change()

        beginning = self._context.spawn(begin_later())  # even if the action is left alone

        async def wait() -> None:
            try:
                if not await self._until(lambda: has_begun, timeout):
                    text = f"the call was not answered within {timeout:g} s"
                    raise self._failure(text, Phase.ANSWER)
            finally:
                if beginning is not None:
                    beginning.cancel()  # without effect if it has begun
            await result()

        return CallAction(wait)

    def _change_hold(self, timeout: float, *, on: bool) -> CallAction[None]:
        return self._once_answered(
            partial(self._ask_to_hold, on=on), partial(self._hold_agreed, timeout, on=on), timeout
        )

    def _ask_to_hold(self, *, on: bool) -> None:
        self._refusal = None
        self._context.queue(partial(self._offers.hold, on=on))

    async def _hold_agreed(self, timeout: float, *, on: bool) -> None:
        what = "hold" if on else "resume"
        if await self._until(lambda: self.is_held == on or self._refusal, timeout):
            if self.is_held != on:
                raise shown(RefusedError(f"{what}: {self._refusal}", Phase.OFFER_ANSWER))
        elif self.is_over:
            # A BYE, unlike an answer to our offer that ends the call, is no fault of the offer.
            has_failed = self.ended is not None and self.ended.by == "network"
            phase = Phase.OFFER_ANSWER if has_failed else Phase.AUDIO
            raise self._failure(f"{what}: it was not agreed", phase)
        else:
            raise self._failure(f"{what}: no answer within {timeout:g} s", Phase.OFFER_ANSWER)

    def _refer(self, target: Uri | None, other: "Call | None") -> None:
        self._transfer = None
        replaces = other.id if other is not None else None
        self._context.act(
            lambda calls, now: calls.refer(self.id, now, target=target, replaces=replaces)
        )

    async def _transferred(self, whom: str, timeout: float) -> None:
        await self._until(lambda: self._is_transferred is not None, timeout)
        status = self._transfer.status if self._transfer is not None else None
        if self._is_transferred is None:
            seen = f"last progress: {status}" if status is not None else "no progress reported"
            raise self._failure(
                f"transfer to {whom}: not done within {timeout:g} s; {seen}", Phase.RING
            )
        if not self._is_transferred:
            raise refusal(status or 500, f"transfer to {whom}: {status or 'no result reported'}")
        await self.wait_for_end(timeout=timeout)

    async def _placed(self, placed: "asyncio.Future[Call]", timeout: float) -> "Call":
        try:
            return await within(timeout, asyncio.shield(placed))
        except TimeoutError:
            raise NoAnswerError(f"the transfer was not placed within {timeout:g} s") from None
        except SipcliError as error:
            raise shown(error) from None

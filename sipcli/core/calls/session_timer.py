"""Session timers: sessions that expire unless refreshed (RFC 4028), in both roles.

We announce support, never ask for a timer ourselves, and follow the far end or a proxy.
"""

from typing import Final, Literal, TypeAlias

from sipcli.core.timers import Timer
from sipcli.sip.message import Request, Response

TAG: Final = "timer"
"""The option tag."""
MIN_INTERVAL: Final = 90
"""Seconds; no session interval may be shorter (§5)."""
MAX_INTERVAL: Final = 86400
"""Seconds; the largest Min-SE that we follow."""
MIN_GRANTED: Final = 20
"""Seconds; a 2xx with a shorter interval, which breaks the rules, is treated as this."""
MAX_RAISES: Final = 2
"""Times in a row that we ask for a longer interval after a 422."""
MIN_RETRY_WAIT: Final = 5.0
"""Fewest seconds between two attempts to refresh."""

Refresher: TypeAlias = Literal["uac", "uas"]


def refuse_interval(request: Request) -> tuple[tuple[str, str], ...] | None:
    """Return the fields of a 422 to a request with too short an interval (§9); else None."""
    asked = request.session_expires
    if asked is None or TAG not in request.supported or asked.seconds >= MIN_INTERVAL:
        return None
    return (("Min-SE", str(MIN_INTERVAL)),)


class MinInterval:
    """The shortest session interval that the far end's side lets us have (Min-SE)."""

    def __init__(self) -> None:
        self.seconds = 0
        self.raises = 0
        """Times in a row that a 422 has made it longer."""

    def headers(self) -> list[tuple[str, str]]:
        """Return the Min-SE field of our request, once there is something to say."""
        return [("Min-SE", str(self.seconds))] if self.seconds else []

    def raise_by(self, response: Response, interval: int = 0) -> bool:
        """Adopt the Min-SE of a 422 to a request for `interval` seconds (§7.3).

        False if it is nothing new, or asked too often.
        """
        wanted = response.min_se or 0
        is_news = max(self.seconds, interval) < wanted <= MAX_INTERVAL
        if not is_news or self.raises == MAX_RAISES:
            return False
        self.raises += 1
        self.seconds = wanted
        return True


class SessionTimer:
    """The interval of one dialog's session, who refreshes it, and its two timers.

    `refresh` is due when we have to refresh, `expiry` when no refresh came in time.
    """

    def __init__(self, refresh: Timer[None], expiry: Timer[None]) -> None:
        self._refresh_timer = refresh
        self._expiry_timer = expiry
        self._interval: int | None = None
        self._we_refresh = False
        self._min = MinInterval()

    def request_headers(self) -> list[tuple[str, str]]:
        """The fields of our re-INVITE or UPDATE: interval and roles stay as they are (§7.4)."""
        headers = self._min.headers()
        if self._interval is not None:
            interval = max(self._interval, self._min.seconds)
            refresher = "uac" if self._we_refresh else "uas"
            headers.append(("Session-Expires", f"{interval};refresher={refresher}"))
        return headers

    def answered(self, response: Response, now: float) -> None:
        """Our INVITE or UPDATE got its 2xx (§7.2)."""
        self._min.raises = 0
        granted = response.session_expires
        if granted is None:
            self.stop()
        else:
            self._start(max(granted.seconds, MIN_GRANTED), granted.refresher != "uas", now)

    def too_small(self, response: Response) -> bool:
        """Adopt the Min-SE of a 422 (§7.3); False if it is nothing new, or asked too often."""
        return self._min.raise_by(response, self._interval or 0)

    def answer_headers(self, request: Request, now: float) -> list[tuple[str, str]]:
        """The fields of our 2xx to their INVITE or UPDATE; starts the timer (§9, table 2)."""
        self._min.seconds = max(self._min.seconds, min(request.min_se or 0, MAX_INTERVAL))
        asked = request.session_expires
        if asked is None:
            self.stop()
            return []
        is_able = TAG in request.supported
        refresher = self._choose(asked.refresher) if is_able else "uas"
        # Less than the minimum is only asked for by a proxy on behalf of a peer without support.
        interval = max(asked.seconds, MIN_INTERVAL)
        self._start(interval, refresher == "uas", now)
        headers = [("Session-Expires", f"{interval};refresher={refresher}")]
        return [*headers, ("Require", TAG)] if is_able else headers

    def refresh_failed(self, now: float) -> None:
        """The refresh failed: retry halfway to the expiry, which has not moved (§10)."""
        expiry = self._expiry_timer.at
        if expiry is not None and self._we_refresh:
            self._refresh_timer.start(now + max((expiry - now) / 2, MIN_RETRY_WAIT))

    def slept(self, seconds: float, now: float) -> None:
        """The machine slept: the far end's clock ran on for `seconds` while ours stood still.

        Their refresh may have arrived meanwhile and is read before the expiry; ours is due first.
        """
        for timer, soonest in (
            (self._refresh_timer, now),
            (self._expiry_timer, now + MIN_RETRY_WAIT),
        ):
            at = timer.at
            if at is not None:
                timer.start(min(at, max(at - seconds, soonest)))

    def has_expired(self, now: float) -> bool:
        """True if the expiry is due in this step, too: then a refresh comes too late."""
        return self._expiry_timer.at is not None and self._expiry_timer.at <= now

    def stop(self) -> None:
        """The session does not expire."""
        self._interval = None
        self._we_refresh = False
        self._refresh_timer.stop()
        self._expiry_timer.stop()

    def _choose(self, wish: str | None) -> Refresher:
        if wish in ("uac", "uas"):
            return "uac" if wish == "uac" else "uas"
        return "uas" if self._we_refresh else "uac"

    def _start(self, interval: int, we_refresh: bool, now: float) -> None:
        self._interval = interval
        self._we_refresh = we_refresh
        # BYE is sent a little before the end, while firewalls still let it pass (§10).
        self._expiry_timer.start(now + interval - min(32.0, interval / 3))
        self._refresh_timer.stop()
        if we_refresh:
            self._refresh_timer.start(now + interval / 2)

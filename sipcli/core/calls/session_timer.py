"""Sessions that end unless they are refreshed (RFC 4028), in both roles.

We say that we can, never ask for it ourselves, and do what the far end or a proxy asks.
"""

from typing import Final, Literal, TypeAlias

from sipcli.sip.message import Request, Response

TAG: Final = "timer"
"""The option tag."""
MIN_INTERVAL: Final = 90
"""Seconds; no session interval may be shorter (§5)."""
MAX_INTERVAL: Final = 86400
"""Seconds; the greatest minimum of theirs that we follow."""
QUICKEST: Final = 20
"""Seconds; a shorter interval in a 2xx, against the rules, does not make us hurry more."""
MAX_RAISES: Final = 2
"""Times in a row that a 422 makes us ask for a longer interval."""
SOONEST_RETRY: Final = 5.0
"""Seconds between two attempts to refresh, at the least."""

Refresher: TypeAlias = Literal["uac", "uas"]


class SessionTimer:
    """Who refreshes the session of one dialog, when, and when it is over."""

    def __init__(self) -> None:
        self.deadlines: dict[str, float] = {}
        """`refresh`: we are due to refresh; `expiry`: nobody did in time, the call ends."""
        self._interval: int | None = None
        self._we_refresh = False
        self._min_se = 0
        self._raises = 0

    def refusal(self, request: Request) -> tuple[tuple[str, str], ...] | None:
        """The fields of a 422, for a session refresh request that asks for too little (§9)."""
        asked = request.session_expires
        if asked is None or TAG not in request.supported or asked.seconds >= MIN_INTERVAL:
            return None
        return (("Min-SE", str(MIN_INTERVAL)),)

    def request_headers(self) -> list[tuple[str, str]]:
        """What our re-INVITE or UPDATE says: interval and roles stay as they are (§7.4)."""
        headers = [("Min-SE", str(self._min_se))] if self._min_se else []
        if self._interval is not None:
            interval = max(self._interval, self._min_se)
            refresher = "uac" if self._we_refresh else "uas"
            headers.append(("Session-Expires", f"{interval};refresher={refresher}"))
        return headers

    def answered(self, response: Response, now: float) -> None:
        """Our INVITE or UPDATE got its 2xx (§7.2)."""
        self._raises = 0
        granted = response.session_expires
        if granted is None:
            self._stop()
        else:
            self._start(max(granted.seconds, QUICKEST), granted.refresher != "uas", now)

    def too_small(self, response: Response) -> bool:
        """Take the minimum of a 422 (§7.3); False: it asks for nothing new, or too often."""
        wanted = response.min_se or 0
        is_news = max(self._min_se, self._interval or 0) < wanted <= MAX_INTERVAL
        if not is_news or self._raises == MAX_RAISES:
            return False
        self._raises += 1
        self._min_se = wanted
        return True

    def answer_headers(self, request: Request, now: float) -> list[tuple[str, str]]:
        """What our 2xx to their INVITE or UPDATE says; the time runs from here (§9, table 2)."""
        self._min_se = max(self._min_se, min(request.min_se or 0, MAX_INTERVAL))
        asked = request.session_expires
        if asked is None:
            self._stop()
            return []
        is_able = TAG in request.supported
        refresher = self._choose(asked.refresher) if is_able else "uas"
        # Only a proxy in front of a peer that cannot do this asks for less than is allowed.
        interval = max(asked.seconds, MIN_INTERVAL)
        self._start(interval, refresher == "uas", now)
        headers = [("Session-Expires", f"{interval};refresher={refresher}")]
        return [*headers, ("Require", TAG)] if is_able else headers

    def refresh_failed(self, now: float) -> None:
        """No 2xx came: try again halfway to the end, which has not moved (§10)."""
        expiry = self.deadlines.get("expiry")
        if expiry is not None and self._we_refresh:
            self.deadlines["refresh"] = now + max((expiry - now) / 2, SOONEST_RETRY)

    def slept(self, seconds: float, now: float) -> None:
        """The far end's clock went on for `seconds` in which ours stood still.

        A refresh of theirs may have come meanwhile, and is read before the end; ours is due first.
        """
        for name, soonest in (("refresh", now), ("expiry", now + SOONEST_RETRY)):
            at = self.deadlines.get(name)
            if at is not None:
                self.deadlines[name] = min(at, max(at - seconds, soonest))

    def due(self, now: float) -> str | None:
        """`refresh` or `expiry` if it is time for it, the graver first; it then runs no more."""
        for name in ("expiry", "refresh"):
            if self.deadlines.get(name, now + 1) <= now:
                del self.deadlines[name]
                return name
        return None

    def _choose(self, wish: str | None) -> Refresher:
        if wish in ("uac", "uas"):
            return "uac" if wish == "uac" else "uas"
        return "uas" if self._we_refresh else "uac"

    def _start(self, interval: int, we_refresh: bool, now: float) -> None:
        self._interval = interval
        self._we_refresh = we_refresh
        # BYE comes a little before the end, while firewalls still let it pass (§10).
        self.deadlines = {"expiry": now + interval - min(32.0, interval / 3)}
        if we_refresh:
            self.deadlines["refresh"] = now + interval / 2

    def _stop(self) -> None:
        self._interval = None
        self._we_refresh = False
        self.deadlines = {}

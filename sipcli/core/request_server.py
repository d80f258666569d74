"""Answer incoming requests, or pass them to their dialog (RFC 3261 §8.2, RFC 3428)."""

from collections.abc import Callable
from typing import Final

from sipcli.core import events
from sipcli.core.calls.calls import Calls
from sipcli.core.dialogs.services import DialogServices
from sipcli.core.requests import uas_checks
from sipcli.core.requests.identity import Identity
from sipcli.core.requests.uas_checks import Answer
from sipcli.core.transactions.layer import Inbound, Transactions
from sipcli.core.transactions.matching import MergeKey, merge_key
from sipcli.core.transactions.transaction import TRANSACTION_TIMEOUT_S
from sipcli.sip import build
from sipcli.sip.bodies import decode_text, find_bodies
from sipcli.sip.message import Request

MAX_REMEMBERED: Final = 200
"""MESSAGEs remembered to recognise merged copies (RFC 3261 §8.2.2.2)."""


class RequestServer:
    """Answers requests outside dialogs, and hands the others to their dialog."""

    def __init__(
        self,
        transactions: Transactions,
        identity: Identity,
        dialogs: DialogServices,
        calls: Calls,
        emit: Callable[[events.Event], None],
    ) -> None:
        self._transactions = transactions
        self._identity = identity
        self._dialogs = dialogs
        self._calls = calls
        self._emit = emit
        self._recent: dict[MergeKey, tuple[float, str | None]] = {}
        """MESSAGEs with the time until which a merged copy may come, and their branch."""

    def receive(self, inbound: Inbound, now: float) -> None:
        """Answer a well-formed request; an ACK never gets a response (RFC 3261 §17)."""
        request = inbound.request
        dialog = self._dialogs.server_of(request)
        if request.method == "ACK":
            if dialog is not None:
                dialog.acknowledged(request, now)
        elif not self._transactions.knows(inbound):
            self._answer(inbound, Answer(503, headers=(("Retry-After", "10"),)), now)
        elif request.method == "CANCEL":
            self._cancel(inbound, now)
        elif dialog is None:
            self._receive_outside(inbound, now)
        elif dialog.admits(inbound, now):
            if request.method in ("MESSAGE", "OPTIONS"):
                self._answer(inbound, self._serve(request, now), now)
            else:
                dialog.receive(inbound, now)

    def _cancel(self, inbound: Inbound, now: float) -> None:
        """Answer a CANCEL with 200 if its INVITE is known, even if it comes too late (§9.2).

        The To tag is that of the INVITE's own answers.
        """
        invite = self._transactions.invite_for(inbound.request)
        if invite is None:
            self._answer(inbound, Answer(481), now)
        else:
            self._answer(inbound, Answer(200), now, self._transactions.to_tag(invite))
            self._calls.cancelled(invite, inbound.request, now)

    def _receive_outside(self, inbound: Inbound, now: float) -> None:
        request = inbound.request
        is_merged = self._transactions.is_merged(request) or self._is_recent(request, now)
        answer = uas_checks.refuse(request, self._identity, is_merged=is_merged)
        answer = answer or uas_checks.refuse_sips(request, inbound.flow.server)
        if answer is None and request.method == "INVITE":
            answer = self._calls.invited(inbound, now)
            if answer is None:
                return
        self._answer(inbound, answer or self._serve(request, now), now)

    def _serve(self, request: Request, now: float) -> Answer:
        if request.method == "OPTIONS":
            return uas_checks.answer_options()
        self._accept_message(request, now)
        return Answer(200)

    def _accept_message(self, request: Request, now: float) -> None:
        self._remember(request, now)
        bodies = find_bodies(request, uas_checks.ACCEPT["MESSAGE"])
        texts = [decode_text(body.content, body.kind.params.get("charset")) for body in bodies]
        self._emit(
            events.InstantMessage(
                direction="received",
                sender=str(request.from_.uri),
                to=str(request.to.uri),
                text="\n".join(texts),
                status=200,
            )
        )

    def _remember(self, request: Request, now: float) -> None:
        """Remember a MESSAGE for as long as Timer J would run."""
        key = merge_key(request)
        self._recent.pop(key, None)  # keeps the newest last
        self._recent[key] = now + TRANSACTION_TIMEOUT_S, request.via.branch
        if len(self._recent) > MAX_REMEMBERED:
            del self._recent[next(iter(self._recent))]

    def _is_recent(self, request: Request, now: float) -> bool:
        """True if a MESSAGE that was served came over another path, too."""
        until, branch = self._recent.get(merge_key(request), (now, None))
        return until > now and branch != request.via.branch

    def _answer(
        self, inbound: Inbound, answer: Answer, now: float, to_tag: str | None = None
    ) -> None:
        response = build.response(
            inbound.request,
            answer.status,
            answer.reason,
            to_tag=to_tag or self._identity.new_tag(),
            headers=answer.headers,
        )
        self._transactions.respond(inbound, response, now)

"""Send OPTIONS and MESSAGE outside dialogs (RFC 3261 §11, RFC 3428)."""

from collections.abc import Callable
from typing import Final, TypeAlias

from sipcli.core import events
from sipcli.core.connection.flow import Flow
from sipcli.core.requests.exchange import Exchange, FinalResponse, NotSent, Outcome, Unauthorized
from sipcli.core.requests.requester import Requester
from sipcli.core.requests.route import Proxies, lack_of_security
from sipcli.sip.address import Address
from sipcli.sip.uri import Uri

Emit: TypeAlias = Callable[[events.Event], None]
OnQueryOutcome: TypeAlias = Callable[[Outcome], None]

TEXT_TYPE: Final = "text/plain;charset=UTF-8"


def ping(
    requester: Requester,
    flow: Flow | None,
    target: Uri,
    emit: Emit,
    on_outcome: OnQueryOutcome,
    now: float,
) -> None:
    """Send OPTIONS to `target`; emit one `Pong` event with the result."""

    def report(outcome: Outcome) -> None:
        rtt = outcome.rtt if isinstance(outcome, FinalResponse) else None
        emit(events.Pong(target=str(target), status=final_status(outcome), rtt_s=rtt))
        on_outcome(outcome)

    headers = [("Accept", "application/sdp")]
    if flow is not None:
        headers.append(("Contact", requester.contact("OPTIONS", target, flow)))
    _ask(requester, flow, "OPTIONS", target, report, now, headers=headers)


def send_message(
    requester: Requester,
    flow: Flow | None,
    target: Uri,
    text: str,
    emit: Emit,
    on_outcome: OnQueryOutcome,
    now: float,
) -> None:
    """Send `text` to `target`; emit one `InstantMessage` event with the result."""

    def report(outcome: Outcome) -> None:
        emit(
            events.InstantMessage(
                direction="sent",
                sender=str(requester.identity.aor),
                to=str(target),
                text=text,
                status=final_status(outcome),
            )
        )
        on_outcome(outcome)

    headers = [("Content-Type", TEXT_TYPE)]
    _ask(requester, flow, "MESSAGE", target, report, now, headers=headers, body=text.encode())


def final_status(outcome: Outcome) -> int | None:
    """The status of the final response; None without one."""
    match outcome:
        case FinalResponse(response=response) | Unauthorized(response=response):
            return response.status
        case _:
            return None


def _ask(
    requester: Requester,
    flow: Flow | None,
    method: str,
    target: Uri,
    report: OnQueryOutcome,
    now: float,
    *,
    headers: list[tuple[str, str]],
    body: bytes = b"",
) -> None:
    if flow is None:
        report(NotSent())
        return
    lack = lack_of_security(target, flow.server)
    if lack is not None:
        report(NotSent(lack))
        return
    proxies, auth = Proxies(), requester.authenticator.session()

    def send(via: Address | None, at: float) -> None:
        request = requester.out_of_dialog(method, target, flow, headers=headers, body=body, via=via)
        Exchange(request, flow, requester, on_outcome, auth=auth).start(at)

    def on_outcome(exchange: Exchange, outcome: Outcome, at: float) -> None:
        proxy = proxies.named_by(outcome.response) if isinstance(outcome, FinalResponse) else None
        if proxy is None or not requester.permits_proxy(proxy):
            report(outcome)
        else:
            send(proxy, at)

    send(None, now)

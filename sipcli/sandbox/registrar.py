"""The registrar (RFC 3261 §10.3, RFC 5626 §6, RFC 5627 §5): binds contacts to flows."""

from collections.abc import Callable
from typing import Final

from sipcli.core.connection.flow import Flow
from sipcli.sandbox.locations import Locations, StoredBinding, TooManyBindings
from sipcli.sandbox.names import public_gruu, temporary_gruu
from sipcli.sip import build
from sipcli.sip.address import Address
from sipcli.sip.grammar import Malformed, integer
from sipcli.sip.header_values import MAX_DELTA_SECONDS
from sipcli.sip.message import Request, Response
from sipcli.sip.params import Params

MAX_EXPIRES_S: Final = 3600
"""Maximum lifetime that is granted, in seconds."""


class Registrar:
    """Answers REGISTER requests of authenticated users."""

    def __init__(self, locations: Locations, new_id: Callable[[], str]) -> None:
        self._locations = locations
        self._new_id = new_id

    def register(self, user: str, request: Request, flow: Flow, now: float) -> Response:
        """Add, refresh, remove or list bindings, as the contacts of the request ask."""
        if request.contact_is_star:
            return self._remove_all(user, request, now)
        asked = [self._binding(user, contact, request, flow, now) for contact in request.contacts]
        if any(self._is_out_of_order(binding, now) for binding in asked):
            return self._answer(request, 500)
        for binding in asked:
            if binding.expires_at <= now:
                self._locations.remove(binding)
                continue
            try:
                self._locations.put(binding, now)
            except TooManyBindings:
                return self._answer(request, 403, "Too Many Bindings")
        fields = [("Contact", self._shown(one, request, now)) for one in self._all(user, now)]
        if any(binding.reg_id is not None for binding in asked):
            fields += [("Require", "outbound"), ("Supported", "outbound, path, gruu")]
        return self._answer(request, 200, None, fields)

    def _remove_all(self, user: str, request: Request, now: float) -> Response:
        if request.expires != 0:
            return self._answer(request, 400, "Contact * Needs Expires 0")
        for binding in self._all(user, now):
            self._locations.remove(binding)
        return self._answer(request, 200)

    def _binding(
        self, user: str, contact: Address, request: Request, flow: Flow, now: float
    ) -> StoredBinding:
        instance = (contact.params.get("+sip.instance") or "").strip("<>") or None
        has_outbound = "outbound" in request.supported and instance is not None
        return StoredBinding(
            user=user,
            contact=contact.uri,
            instance=instance,
            reg_id=_reg_id(contact) if has_outbound else None,
            flow=flow,
            call_id=request.call_id,
            cseq=request.cseq.number,
            expires_at=now + min(_lifetime(contact, request), MAX_EXPIRES_S),
        )

    def _is_out_of_order(self, binding: StoredBinding, now: float) -> bool:
        """Return True if a later REGISTER with the same Call-ID came before (§10.3 item 7)."""
        old = self._locations.find(binding, now)
        return old is not None and old.call_id == binding.call_id and old.cseq >= binding.cseq

    def _shown(self, binding: StoredBinding, request: Request, now: float) -> str:
        """Return a binding for the Contact of a 200, with its GRUUs (RFC 5627 §5.3)."""
        params = Params().with_("expires", str(max(1, round(binding.expires_at - now))))
        if binding.reg_id is not None:
            params = params.with_("reg-id", binding.reg_id)
        if binding.instance is not None:
            instance = binding.instance
            params = params.with_("+sip.instance", f"<{instance}>", quoted=True)
            if "gruu" in request.supported:
                name = self._new_id()
                self._locations.add_temporary(name, binding.user, instance)
                public = str(public_gruu(binding.user, instance))
                params = params.with_("pub-gruu", public, quoted=True)
                params = params.with_("temp-gruu", str(temporary_gruu(name)), quoted=True)
        return str(Address(binding.contact, None, params))

    def _all(self, user: str, now: float) -> tuple[StoredBinding, ...]:
        return self._locations.of(user, now)

    def _answer(
        self,
        request: Request,
        status: int,
        reason: str | None = None,
        fields: list[tuple[str, str]] | None = None,
    ) -> Response:
        tag = self._new_id()
        return build.response(request, status, reason, to_tag=tag, headers=fields or [])


def _reg_id(contact: Address) -> str | None:
    """Return the reg-id of a contact, at least 1 (RFC 5626 §4.2.1); None if it has none."""
    text = contact.params.get("reg-id")
    try:
        return None if text is None else str(integer(text, 1, MAX_DELTA_SECONDS, "reg-id"))
    except Malformed:
        return None


def _lifetime(contact: Address, request: Request) -> int:
    """Return the requested lifetime (s): of the contact, else of Expires, else the maximum."""
    text = contact.params.get("expires")
    if text is not None:
        try:
            return integer(text, 0, MAX_DELTA_SECONDS, "expires")
        except Malformed:
            return MAX_EXPIRES_S
    return MAX_EXPIRES_S if request.expires is None else request.expires

"""Answers of a registrar in a test."""

from typing import Any

from sipcli.sip import build
from sipcli.sip.message import Request, Response

NONCE = 'Digest realm="example.com", nonce="n{}", qop="auth", algorithm=MD5'


def challenge(request: Request, number: int = 1, *, stale: bool = False) -> Response:
    """A 401 with the nonce of that number."""
    text = NONCE.format(number) + (", stale=true" if stale else "")
    return build.response(request, 401, to_tag="r", headers=[("WWW-Authenticate", text)])


def accept(
    request: Request, expires: int | None = 600, *fields: tuple[str, str], **params: Any
) -> Response:
    """A 200 that shows the binding asked for, granted for `expires` seconds.

    With None the binding has no time of its own; `params` are added to it.
    """
    own = request.contacts[0]
    text = f"<{own.uri}>"
    for name in ("reg-id", "+sip.instance"):
        value = own.params.get(name)
        if value is not None:
            text += f";{name}={build_quoted(value)}"
    if expires is not None:
        text += f";expires={expires}"
    text += "".join(f";{name.replace('_', '-')}={value}" for name, value in params.items())
    return build.response(request, 200, to_tag="r", headers=[("Contact", text), *fields])


def refuse(request: Request, status: int, *fields: tuple[str, str]) -> Response:
    """A refusal."""
    return build.response(request, status, to_tag="r", headers=fields)


def build_quoted(value: str) -> str:
    return f'"{value}"' if value.startswith("<") else value

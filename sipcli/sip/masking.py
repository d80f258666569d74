"""Secrets in messages: where they are, and a copy of a message without them.

Used for all that is shown or written of a message. These are secret: what digest sends in place of
the password, as it allows guessing it (RFC 7616 §5.12), and all other credentials; the passwords of
URIs; tokens in header fields, URIs and parameters, recognized by name; and in session descriptions
the keys of ICE (RFC 8839), SDES (RFC 4568) and MIKEY (RFC 4567), and those of the line `k=`
(RFC 4566). User, realm and nonce stay, because they are needed to find faults, and so does the text
of a MESSAGE, because it is what was sent. Every search is linear in the length of the message.
"""

import re
from typing import Final

from sipcli.text import MASK, URI_PASSWORD

_MASK: Final = MASK.encode()

# A lone CR, which a peer may send, also ends a line here: better mask too much than too little.
_LINE_BEGIN: Final = rb"(?<![^\r\n])"
_FIELD_VALUE: Final = rb"([ \t]*:[ \t]*)([^\r\n]*(?:(?:\r\n?|\n)[ \t][^\r\n]*)*)"
_CREDENTIALS: Final = re.compile(
    _LINE_BEGIN + rb"((?:Proxy-)?(?:Authorization|Authentication-Info))" + _FIELD_VALUE,
    re.IGNORECASE,
)
_DIGEST_SECRETS: Final = re.compile(
    rb'\b(response|rspauth)(\s*=\s*)("[^"]*"|[^\s,]*)', re.IGNORECASE
)
_SECRET_FIELDS: Final = re.compile(
    _LINE_BEGIN
    + rb"(?=[\w.-]{0,80}(?:token|secret|passw|api-?key|credential|cookie)|x-[\w.-]{0,80}auth"
    + rb"|p-media-authorization)([\w.-]{1,200})"
    + _FIELD_VALUE,
    re.IGNORECASE,
)
"""Header fields that hold a token by their name, such as `X-Auth-Token` and `Cookie`."""
_SECRET_PARAMETERS: Final = re.compile(
    rb"(?<![\w-])((?:[\w-]{0,40}[_-])?(?:token|secret|password|passwd|api_?key|jwt)"
    rb"|pn-prid|pn-tok)(\s{0,4}=\s{0,4})(\"[^\"\r\n]*\"|[^\s;,&>?\"]+)",
    re.IGNORECASE,
)
"""Parameters of URIs and header fields, push tokens among them (RFC 8599)."""
_BEARER: Final = re.compile(
    rb"\b((?:Bearer|Basic)[ \t]{1,8})[\w.~+/-]{16,4000}=*+(?=[\s,;]|\Z)", re.IGNORECASE
)
_JWT: Final = re.compile(rb"(?<![\w.-])eyJ[\w-]{10,2000}\.[\w-]{2,8000}\.[\w-]{0,2000}")
"""A JSON web token (RFC 7519): it begins with a brace and a quotation mark, in base64url."""
_IDENTITY: Final = re.compile(rb"\n(?:Identity|y)[ \t]*:[ \t]*", re.IGNORECASE)
"""A field whose token everybody shall check (RFC 8224): it is no secret."""
_MAX_FIELD_NAME: Final = 64
"""Bytes of a field's name and the blanks around its colon."""
_USER_INFORMATION: Final = re.compile(
    rb"(\b[a-z][a-z0-9+.-]{1,20}://[^\s:@/<>\"]{0,256}):[^\s@/<>\"]{0,256}@", re.IGNORECASE
)
"""A password in a URI such as `https://user:password@host`."""
_URI_PASSWORD: Final = re.compile(URI_PASSWORD.pattern.encode(), re.IGNORECASE)
_MEDIA_SECRETS: Final = re.compile(
    _LINE_BEGIN + rb"((?:a=(?:ice-pwd|crypto|key-mgmt)|k=[ \t]*(?:clear|base64|uri)):)[^\r\n]*",
    re.IGNORECASE,
)
_END_OF_HEAD: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n")
_CONTENT_LENGTH: Final = re.compile(
    rb"(?<=[\r\n])((?:Content-Length|l)[ \t]*:\s*)([0-9]{1,9})(?=[ \t]*[\r\n])", re.IGNORECASE
)


def without_secrets(data: bytes) -> bytes:
    """Return a message with each secret replaced by `MASK`.

    Its Content-Length says as before how long its body is.
    """
    end = _END_OF_HEAD.search(data)
    begin = end.end() if end else len(data)
    head, body = _masked_head(data[:begin]), _masked_text(data[begin:])
    grown = len(body) - (len(data) - begin)
    if grown:
        head = _CONTENT_LENGTH.sub(
            lambda found: found[1] + str(max(int(found[2]) + grown, 0)).encode(), head
        )
    return head + body


def line_without_secrets(line: str) -> str:
    """Return one line, such as a header field or an address, with its secrets replaced."""
    return without_secrets(line.encode(errors="surrogateescape")).decode(errors="surrogateescape")


def _masked_head(data: bytes) -> bytes:
    data = _SECRET_FIELDS.sub(rb"\1\2" + _MASK, _masked_text(data))
    data = _SECRET_PARAMETERS.sub(rb"\1\2" + _MASK, data)
    return _JWT.sub(_mask_jwt, _BEARER.sub(rb"\1" + _MASK, data))


def _masked_text(data: bytes) -> bytes:
    data = _CREDENTIALS.sub(_mask_credentials, data)
    data = _MEDIA_SECRETS.sub(rb"\1" + _MASK, data)
    data = _USER_INFORMATION.sub(rb"\1:" + _MASK + b"@", data)
    return _URI_PASSWORD.sub(rb"\1:" + _MASK + b"@", data)


def _mask_jwt(found: re.Match[bytes]) -> bytes:
    nearest = max(found.start() - _MAX_FIELD_NAME, 0)
    begin = found.string.rfind(b"\n", nearest, found.start())
    is_identity = begin >= 0 and _IDENTITY.fullmatch(found.string, begin, found.start())
    return found[0] if is_identity else _MASK


def _mask_credentials(found: re.Match[bytes]) -> bytes:
    name, colon, value = found.groups()
    is_digest = value.lstrip()[:7].lower() == b"digest " or name.lower().endswith(b"info")
    value = _DIGEST_SECRETS.sub(rb'\1\2"' + _MASK + b'"', value) if is_digest else _MASK
    return name + colon + value

"""Values of all kinds, made up by hypothesis."""

from hypothesis import strategies as st

from sipcli.sip.address import Address
from sipcli.sip.headers import Headers
from sipcli.sip.message import Request, Response
from sipcli.sip.params import Params
from sipcli.sip.uri import OtherUri, SipUri
from sipcli.sip.via import Via

ASCII = [chr(code) for code in range(33, 127)]
TOKENS = st.text([c for c in ASCII if c.isalnum() or c in "-.!%*_+`'~"], min_size=1, max_size=12)
ANY_BYTE = st.binary(max_size=20).map(lambda data: data.decode("utf-8", "surrogateescape"))


def _writable(text: str) -> str:
    for bad in "\r\n\0":
        text = text.replace(bad, "")
    # Bytes that have come together may be a character now, and are read as one.
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


WRITABLE = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), ANY_BYTE).map(
    _writable
)
"""Text that may stand in a header we write; bytes that are no UTF-8 among it."""

HOSTS = st.one_of(
    st.text(
        [c for c in ASCII if c.isdigit() or c.islower() or c in "-._"], min_size=1, max_size=12
    ),
    st.sampled_from(["192.0.2.1", "[2001:db8::1]", "[::ffff:192.0.2.10]", "pbx1", "100"]),
)
PORTS = st.none() | st.integers(0, 65535)


PLAIN_VALUES = st.text([c for c in ASCII if c not in '",;<>'], max_size=12)
HEADER_PARAMS = st.lists(
    st.one_of(
        st.tuples(TOKENS, st.none(), st.just(False)),
        st.tuples(TOKENS, PLAIN_VALUES, st.just(False)),
        st.tuples(TOKENS, WRITABLE, st.just(True)),
    ),
    max_size=4,
).map(Params)
URI_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
URI_PARAMS = st.lists(st.tuples(URI_TEXT, st.none() | URI_TEXT, st.just(False)), max_size=3).map(
    Params
)
SIP_URIS = st.builds(
    lambda password, **parts: SipUri(
        password=password if parts["user"] is not None else None, **parts
    ),
    password=st.none() | URI_TEXT,
    scheme=st.sampled_from(["sip", "sips"]),
    user=st.none() | URI_TEXT,
    host=HOSTS,
    port=PORTS,
    params=URI_PARAMS,
    headers=st.lists(st.tuples(URI_TEXT, URI_TEXT), max_size=2).map(tuple),
)
OTHER_URIS = st.builds(
    OtherUri,
    st.sampled_from(["tel", "urn", "soap.beep", "X-y"]),
    st.text([c for c in ASCII if c not in '<>"'], min_size=1, max_size=12),
)
ADDRESSES = st.builds(Address, SIP_URIS | OTHER_URIS, st.none() | WRITABLE, HEADER_PARAMS)
VIAS = st.builds(Via, TOKENS, HOSTS, PORTS, HEADER_PARAMS, st.just("SIP/2.0"))
FIELDS = st.lists(st.tuples(TOKENS, WRITABLE), max_size=6)
BODIES = st.binary(max_size=30)
REQUESTS = st.builds(
    lambda method, uri, fields, body: Request(
        method=method, target=str(uri), headers=Headers(fields), body=body
    ),
    TOKENS.filter(lambda method: not method.upper().startswith("SIP/")),
    SIP_URIS | OTHER_URIS,
    FIELDS,
    BODIES,
)
RESPONSES = st.builds(
    lambda status, reason, fields, body: Response(
        status=status, reason=reason.strip(" \t"), headers=Headers(fields), body=body
    ),
    st.integers(100, 699),
    WRITABLE,
    FIELDS,
    BODIES,
)

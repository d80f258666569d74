"""The Via header field."""

import pytest

from sipcli.sip.grammar import Malformed
from sipcli.sip.params import Params
from sipcli.sip.via import Via


def test_a_via_has_transport_host_port_and_parameters() -> None:
    via = Via.parse(
        "SIP/2.0/WSS df7jal23ls0d.invalid:8443;branch=z9hG4bK1;received=192.0.2.3;rport"
    )
    assert (via.transport, via.host, via.port) == ("WSS", "df7jal23ls0d.invalid", 8443)
    assert (via.branch, via.received) == ("z9hG4bK1", "192.0.2.3")
    assert "rport" in via.params


def test_blanks_may_stand_nearly_everywhere() -> None:
    via = Via.parse("SIP  / 2.0  / TCP     spindle.example.com  :\t5060 ;\t branch  =   z9hG4bK9")
    assert str(via) == "SIP/2.0/TCP spindle.example.com:5060;branch=z9hG4bK9"


@pytest.mark.parametrize("host", ["pbx1", "100", "my_pbx.local", "192.0.2.1", "[2001:db8::9:1]"])
def test_hosts_of_all_kinds(host: str) -> None:
    assert Via.parse(f"SIP/2.0/UDP {host};branch=x").host == host


def test_an_unknown_version_is_kept_for_the_answer() -> None:
    via = Via.parse("SIP / 7.0/UDP c.example.com")
    assert via.protocol == "SIP/7.0"
    assert via.branch is None


def test_what_is_built_can_be_written() -> None:
    via = Via("WSS", "a.invalid", None, Params.parse(";branch=z9hG4bKx"))
    assert str(via) == "SIP/2.0/WSS a.invalid;branch=z9hG4bKx"
    assert Via.parse(str(via)) == via


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0 UDP host",
        "SIP/2.0/UDPhost",
        "2.0/UDP host",
        "SIP/2.0/UDP host:70000",
        "SIP/2.0/UDP host:x",
        "SIP/2.0/UDP 192.0.2.15;;",
        "SIP/2.0/UDP a b",
        "SIP/2.0/UDP [2001:db8::1",
        "SIP/2.0/UDP hôte",
    ],
)
def test_malformed_vias_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Via.parse(text)

"""What a registrar's 2xx says: which binding is ours, for how long, and what comes with it."""

import pytest

from sipcli.core.registration.bindings import MAX_BINDINGS, MIN_ASSUMED_S, RegistrationGrant, read
from sipcli.core.requests.identity import Granted
from sipcli.sip import build
from sipcli.sip.message import Request
from sipcli.sip.uri import SipUri
from tests.core.factories import accept
from tests.core.wire import Wire

INSTANCE = "<urn:uuid:8f1fa16a-1165-4a96-8341-785b1ef24f12>"
OTHER = "<urn:uuid:00000000-1165-4a96-8341-785b1ef24f12>"


@pytest.fixture
def register() -> Request:
    wire = Wire()
    wire.start()
    return wire.last()


def understood(register: Request, *fields: tuple[str, str]) -> RegistrationGrant:
    return read(register, build.response(register, 200, headers=fields), INSTANCE, 600)


def binding(uri: object, **params: str) -> tuple[str, str]:
    text = "".join(f";{name.replace('_', '-')}={value}" for name, value in params.items())
    return ("Contact", f"<{uri}>{text}")


def quoted(text: str) -> str:
    return f'"{text}"'


def test_instance_and_reg_id_find_it_even_under_another_uri(register: Request) -> None:
    own = ("Contact", f'<sip:nat@192.0.2.9>;+sip.instance="{INSTANCE}";reg-id=1;expires=50')
    other = ("Contact", f'<sip:nat@192.0.2.9>;+sip.instance="{OTHER}";reg-id=1;expires=7')
    reading = understood(register, other, own)
    assert reading.expires == 50
    assert [one.ours for one in reading.bindings] == [False, True]
    assert reading.warnings == ()


def test_the_instance_is_compared_without_regard_to_case(register: Request) -> None:
    own = ("Contact", f'<sip:x@y>;+sip.instance="{INSTANCE.upper()}";reg-id=1;expires=50')
    assert understood(register, own).expires == 50


def test_another_flow_of_the_same_instance_is_not_it(register: Request) -> None:
    other = ("Contact", f'<sip:x@y>;+sip.instance="{INSTANCE}";reg-id=2;expires=7')
    uri = register.contacts[0].uri
    assert understood(register, other, binding(uri, expires="50")).expires == 50


def test_else_the_uri_finds_it(register: Request) -> None:
    uri = register.contacts[0].uri
    reading = understood(register, binding("sip:x@y", expires="7"), binding(uri, expires="50"))
    assert reading.expires == 50
    assert reading.warnings == ()


def test_several_contacts_may_share_a_line_or_not(register: Request) -> None:
    uri = register.contacts[0].uri
    services = ("Contact", f"<sip:a@b>;expires=1, <{uri}>;expires=50,<sip:c@d>")
    assert [one.expires_s for one in understood(register, services).bindings] == [1, 50, None]


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "99999999999999", '"60"x', ""])
def test_a_malformed_time_counts_as_not_said(register: Request, value: str) -> None:
    uri = register.contacts[0].uri
    reading = understood(register, binding(uri, expires=value), ("Expires", "40"))
    assert reading.expires == 40


@pytest.mark.parametrize("value", ["68.5", "abc", "", "99999999999999", "x" * 5000])
def test_a_malformed_time_is_told_and_taken_for_a_short_one(register: Request, value: str) -> None:
    uri = register.contacts[0].uri
    for others in ([], [("Expires", "3600")]):
        reading = understood(register, binding(uri, expires=value), *others)
        assert reading.expires == MIN_ASSUMED_S
        (warning,) = reading.warnings
        assert f'malformed expires for our binding, "{value[:40]}"' in warning
        assert len(warning) < 200
    others_binding = binding("sip:x@y", expires=value)
    assert understood(register, others_binding, binding(uri, expires="500")).warnings == ()


@pytest.mark.parametrize("value", ["", "<>", "tel:1", "nonsense", "sip:a b"])
def test_a_gruu_that_cannot_be_used_is_none(register: Request, value: str) -> None:
    own = binding(register.contacts[0].uri, pub_gruu=quoted(value), temp_gruu=quoted(value))
    assert understood(register, own).granted == Granted()


def test_all_that_was_granted_is_found(register: Request) -> None:
    own = binding(
        register.contacts[0].uri,
        pub_gruu=quoted("sip:a@b;gr=1"),
        temp_gruu=quoted("sip:t@b;gr"),
    )
    routes = ("Service-Route", "<sip:one;lr>, <sip:two;lr>")
    granted = understood(register, own, routes, ("Require", "outbound")).granted
    assert (granted.pub_gruu, granted.temp_gruu) == ("sip:a@b;gr=1", "sip:t@b;gr")
    assert [str(route) for route in granted.service_routes] == ["<sip:one;lr>", "<sip:two;lr>"]
    assert granted.outbound


def test_only_our_own_gruus_are_ours(register: Request) -> None:
    other = binding("sip:x@y", pub_gruu=quoted("sip:a@b;gr=1"))
    assert understood(register, other, binding("sip:z@y")).granted.pub_gruu is None


def test_a_registrar_cannot_make_us_show_any_number_of_bindings(register: Request) -> None:
    crowd = [binding(f"sip:{number}@y") for number in range(MAX_BINDINGS + 20)]
    assert len(understood(register, *crowd).bindings) <= MAX_BINDINGS


OURS = "2000000000"
"""The user part of our Contact in these tests, which is random otherwise."""


def test_the_user_part_here_is_ours(register: Request) -> None:
    uri = register.contacts[0].uri
    assert isinstance(uri, SipUri)
    assert uri.user == OURS


@pytest.mark.parametrize(
    "uri",
    [
        f"sip:{OURS}@198.51.100.7:52344;transport=ws",
        f"sip:{OURS}@198.51.100.7:52344;transport=wss",
        f"sip:{OURS}@edge.example.com",
        f"sips:{OURS}@[2001:db8::1]:443;alias=198.51.100.7~52344~6",
        f"sip:%32{OURS[1:]}@198.51.100.7",
    ],
)
def test_our_random_user_part_is_ours_whatever_became_of_the_rest(
    register: Request, uri: str
) -> None:
    reading = understood(register, binding("sip:x@y", expires="7"), binding(uri, expires="50"))
    assert reading.expires == 50
    assert [one.ours for one in reading.bindings] == [False, True]
    assert reading.warnings == ()


@pytest.mark.parametrize(
    "written",
    [
        INSTANCE,
        f'"{INSTANCE[1:-1]}"',
        INSTANCE[1:-1],
        '"%3Curn:uuid:8f1fa16a-1165-4a96-8341-785b1ef24f12%3E"',
        "%3Curn%3Auuid%3A8f1fa16a-1165-4a96-8341-785b1ef24f12%3E",
        r'"\<urn:uuid:8f1fa16a-1165-4a96-8341-785b1ef24f12\>"',
        rf'"\"{INSTANCE}\""',
        f'"{INSTANCE.upper()}"',
    ],
)
def test_our_instance_is_known_however_it_is_written_back(register: Request, written: str) -> None:
    own = ("Contact", f"<sip:nat@192.0.2.9>;+sip.instance={written};reg-id=1;expires=50")
    other = ("Contact", f'<sip:nat@192.0.2.9>;+sip.instance="{OTHER}";reg-id=1;expires=7')
    reading = understood(register, other, own)
    assert reading.expires == 50
    assert [one.ours for one in reading.bindings] == [False, True]


def test_ours_beyond_what_is_shown_is_found_and_shown(register: Request) -> None:
    crowd = [binding(f"sip:{number}@y", expires="9000") for number in range(MAX_BINDINGS + 20)]
    reading = understood(register, *crowd, binding(f"sip:{OURS}@z", expires="50"))
    assert reading.expires == 50
    assert len(reading.bindings) == MAX_BINDINGS
    assert [one.contact for one in reading.bindings if one.ours] == [f"sip:{OURS}@z"]


def test_a_sole_binding_is_ours(register: Request) -> None:
    reading = understood(register, binding("sip:alice@198.51.100.7:5060", expires="50"))
    assert (reading.expires, reading.warnings) == (50, ())
    assert [one.ours for one in reading.bindings] == [True]


def test_a_sole_binding_of_another_instance_is_not(register: Request) -> None:
    other = ("Contact", f'<sip:alice@198.51.100.7>;+sip.instance="{OTHER}";expires=50')
    reading = understood(register, other)
    assert [one.ours for one in reading.bindings] == [False]
    assert len(reading.warnings) == 1


def test_ours_of_today_goes_before_that_of_the_run_before(register: Request) -> None:
    before = ("Contact", f'<sip:old@old>;+sip.instance="{INSTANCE}";reg-id=1;expires=7')
    reading = understood(register, before, binding(f"sip:{OURS}@z", expires="50"))
    assert reading.expires == 50


def test_where_several_may_be_ours_the_shortest_time_counts(register: Request) -> None:
    twins = [
        binding(f"sip:{OURS}@{host}", expires=time) for host, time in (("a", "90"), ("b", "50"))
    ]
    assert understood(register, *twins).expires == 50
    twins = [
        ("Contact", f'<sip:x@{host}>;+sip.instance="{INSTANCE}";expires={time}')
        for host, time in (("a", "50"), ("b", "90"))
    ]
    assert understood(register, *twins).expires == 50


@pytest.mark.parametrize(
    ("times", "field", "expected"),
    [
        (("90", "50"), None, 50),
        (("90", "5000"), None, 90),
        (("9000", "5000"), None, 600),  # what was asked for is shorter
        (("9000", "5000"), "70", 70),
        (("0", "90"), None, 90),  # that one is gone, and was not ours
    ],
)
def test_where_none_is_known_to_be_ours_the_shortest_time_counts_with_a_warning(
    register: Request, times: tuple[str, str], field: str | None, expected: int
) -> None:
    others = [binding(f"sip:{n}@y", expires=time) for n, time in enumerate(times)]
    fields = [("Expires", field)] if field else []
    reading = understood(register, *others, *fields)
    assert reading.expires == expected
    assert not any(one.ours for one in reading.bindings)
    assert len(reading.warnings) == 1


def test_an_answer_with_nothing_in_it_counts_with_a_warning(register: Request) -> None:
    reading = understood(register)
    assert (reading.expires, reading.bindings, len(reading.warnings)) == (600, (), 1)
    assert read(register, accept(register, 60), INSTANCE, 600).warnings == ()

"""Parameters of header fields."""

import pytest

from sipcli.sip.grammar import Malformed
from sipcli.sip.params import NO_PARAMS, Params


def test_parameters_keep_their_order_and_their_spelling() -> None:
    params = Params.parse(";Tag=a;lr;Branch=z9hG4bK")
    assert params.items == (("Tag", "a", False), ("lr", None, False), ("Branch", "z9hG4bK", False))
    assert str(params) == ";Tag=a;lr;Branch=z9hG4bK"


def test_names_match_in_any_case_and_the_first_counts() -> None:
    params = Params.parse(";TAG=a;tag=b")
    assert params.get("tag") == params.get("Tag") == "a"
    assert "taG" in params
    assert "ta" not in params


def test_a_parameter_without_a_value_is_there_but_has_none() -> None:
    params = Params.parse(";rport;x=")
    assert "rport" in params
    assert params.get("rport") is None
    assert params.get("x") == ""


def test_blanks_around_separators_do_not_count() -> None:
    params = Params.parse(" ;  tag \t = 1918 ;\tq= 0.5 ; lr ")
    assert str(params) == ";tag=1918;q=0.5;lr"


def test_separators_in_quotes_belong_to_the_value() -> None:
    params = Params.parse(';a="x;y,z=\\"w\\"";b=1')
    assert params.get("a") == 'x;y,z="w"'
    assert params.get("b") == "1"
    assert str(params) == ';a="x;y,z=\\"w\\"";b=1'


def test_an_instance_id_survives() -> None:
    text = ';reg-id=1;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"'
    params = Params.parse(text)
    assert params.get("+sip.instance") == "<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"
    assert str(params) == text


def test_percent_signs_are_no_escapes_in_a_header() -> None:
    assert Params.parse(";branch=z9%66").get("branch") == "z9%66"


@pytest.mark.parametrize(
    "value", ["2001:db8::9:255", "[2001:db8::9:255]", "a@b", "x=y=", "/path", "мир"]
)
def test_values_are_more_than_tokens_in_the_wild(value: str) -> None:
    params = Params.parse(f";received={value}")
    assert params.get("received") == value
    assert str(params) == f";received={value}"


@pytest.mark.parametrize(
    "text",
    [
        ";",
        ";;a",
        ";a;",
        ";a;;b",
        "a=b",
        ";=b",
        ';a="x',
        ';a="x"y',
        ";a=b c",
        ";a b",
        ";a=<b",
        ";a=b>",
        ";a=<b>c",
        ";a=<b<c>",
        ';a="\\\0"',
        ';a="x\r\ny"',
        ";ü=1",
        ";a=b\0",
    ],
)
def test_malformed_parameters_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Params.parse(text)


def test_the_place_of_the_fault_is_told() -> None:
    with pytest.raises(Malformed) as caught:
        Params.parse("<sip:a@b>;tag=1;;", 9)
    assert caught.value.offset == 15


def test_setting_keeps_the_place() -> None:
    params = Params.parse(";a=1;tag=2;b=3;TAG=4")
    assert str(params.with_("Tag", "5")) == ";a=1;Tag=5;b=3"
    assert str(params.with_("c", None)) == ";a=1;tag=2;b=3;TAG=4;c"
    assert str(params) == ";a=1;tag=2;b=3;TAG=4"


def test_leaving_out_takes_all_of_a_name() -> None:
    assert str(Params.parse(";a=1;tag=2;b=3;TAG=4").without("tag")) == ";a=1;b=3"


def test_parameters_are_values() -> None:
    assert Params.parse(";a=1") == Params.parse(" ; a = 1") == NO_PARAMS.with_("a", "1")
    assert hash(Params.parse(";a=1")) == hash(NO_PARAMS.with_("a", "1"))
    assert Params.parse(";a=1") != Params.parse(';a="1"')
    assert repr(Params.parse(";a=1")) == "Params((('a', '1', False),))"
    assert Params.parse(";a=1") != ";a=1"
    assert not NO_PARAMS
    assert Params.parse(";a")


@pytest.mark.parametrize(
    ("name", "value", "quoted"),
    [
        ("a b", "x", False),
        ("", "x", False),
        ("a", "x y", False),
        ("a", 'x"', False),
        ("a", "x\r\nEvil: 1", True),
        ("a", "x\0", True),
        ("a", "x;b", False),
    ],
)
def test_what_cannot_stand_in_a_header_is_not_written(name: str, value: str, quoted: bool) -> None:
    with pytest.raises(Malformed):
        str(NO_PARAMS.with_(name, value, quoted))


def test_a_feature_tag_in_brackets_alone_is_taken_and_written_in_quotes() -> None:
    params = Params.parse(";+sip.instance=<urn:uuid:1>;reg-id=1")
    assert params.get("+sip.instance") == "<urn:uuid:1>"
    assert str(params) == ';+sip.instance="<urn:uuid:1>";reg-id=1'

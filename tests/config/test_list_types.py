"""Lists of headers and codecs: repeated, in order, and never shown."""

from sipcli.config.list_types import codecs, headers


def test_headers_may_repeat_and_keep_their_order() -> None:
    found = headers().from_toml({"X-B": ["1", "2"], "X-A": "3"})
    assert found == (("X-B", "1"), ("X-B", "2"), ("X-A", "3"))
    assert headers().plain(found) == {"X-B": "(hidden)", "X-A": "(hidden)"}
    assert headers().from_words(["none"]) == ()


def test_headers_in_a_variable_stand_one_a_line() -> None:
    assert headers().split("A: 1 2\nB: 3") == ["A: 1 2", "B: 3"]


def test_codecs_may_be_separated_by_commas_or_repeated() -> None:
    assert codecs().from_words(["pcmu, OPUS", "g722"]) == ("pcmu", "opus", "g722")

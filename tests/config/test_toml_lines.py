"""The line found is the line written, whatever the layout."""

import string
import tomllib
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.config.toml_lines import KeyPath, find_lines

NAMES = st.text(string.ascii_lowercase + string.digits + "_-", min_size=1, max_size=4)
ODD_NAMES = st.sampled_from(['"a b"', "'a.b'", '"[x]"', '"#"', r'"\u0041\""', '""', "'\"'"])
SCALARS = st.sampled_from(
    [
        "1",
        "-1.5e3",
        "true",
        "inf",
        "1979-05-27 07:32:00.5",
        '"a = [b], # {c}"',
        r'"\"\\"',
        "''",
        "'a\\'",
        '"""\na\n[b]\nc = 1 \\\n  """',
        '"""a""b"""""',
        "'''\n'a''\n'''",
        '""""""',
    ]
)
BREAKS = st.sampled_from(["", " ", "\n", "\r\n", " # ]} \" '''\n", "\n\n\t"])
KEYS = st.one_of(NAMES, NAMES, ODD_NAMES)


@dataclass
class Writer:
    """Writes TOML and notes what stands in which line."""

    text: str = ""
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def note(self, path: KeyPath) -> None:
        self.lines.setdefault(path, self.text.count("\n") + 1)

    def add(self, text: str) -> None:
        self.text += text


def plain(key: str) -> str:
    return next(iter(tomllib.loads(f"{key} = 1")))


def write_value(draw: st.DrawFn, out: Writer, path: KeyPath, depth: int) -> None:
    kind = draw(st.sampled_from(["scalar", "array", "table"])) if depth else "scalar"
    if kind == "scalar":
        out.add(draw(SCALARS))
    elif kind == "array":
        out.add("[")
        for index in range(draw(st.integers(0, 3))):
            out.add(draw(BREAKS))
            out.note((*path, index))
            write_value(draw, out, (*path, index), depth - 1)
            out.add(draw(BREAKS) + ",")
        out.add(draw(BREAKS) + "]")
    else:
        out.add("{ ")
        names = draw(st.lists(KEYS, max_size=3, unique_by=plain))
        for position, name in enumerate(names):
            out.add(", " if position else "")
            out.note((*path, plain(name)))
            out.add(f"{name} = ")
            write_value(draw, out, (*path, plain(name)), depth - 1)
        out.add(" }")


def write_pairs(draw: st.DrawFn, out: Writer, path: KeyPath) -> None:
    for name in draw(st.lists(KEYS, max_size=3, unique_by=plain)):
        out.add(draw(st.sampled_from(["", "\n", "  ", "# x = 1\n"])))
        here = (*path, plain(name))
        out.note(here)
        out.add(name)
        if draw(st.booleans()):
            inner = draw(KEYS)
            out.add(f" . {inner}")
            here = (*here, plain(inner))
            out.note(here)
        out.add(" = ")
        write_value(draw, out, here, 2)
        out.add(draw(st.sampled_from(["\n", "\r\n", " # it's [\n"])))


@st.composite
def documents(draw: st.DrawFn) -> Writer:
    out = Writer()
    write_pairs(draw, out, ())
    for position, name in enumerate(draw(st.lists(NAMES, max_size=3, unique=True))):
        table = f"T{position}{name}"
        for index in range(draw(st.integers(1, 3))):
            out.note((table,))
            out.note((table, index))
            out.add(f"[[ {table} ]] # [[x]]\n")
            write_pairs(draw, out, (table, index))
            if draw(st.booleans()):
                out.note((table, index, "Sub"))
                out.note((table, index, "Sub", "t"))
                out.add(f"[{table}.Sub . 't']\n")
                write_pairs(draw, out, (table, index, "Sub", "t"))
    return out


@given(documents())
def test_every_key_and_element_is_found_where_it_was_written(out: Writer) -> None:
    tomllib.loads(out.text)
    assert find_lines(out.text) == out.lines


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a = 1\nb = 2", ("b",), 2),
        ("\r\n\r\na = 1", ("a",), 3),
        ("[a]\n[b]\nc = 1", ("b", "c"), 3),
        ("a = [\n1,\n2 ]", ("a", 1), 3),
        ("[[a]]\nb = 1\n[[a]]\nb = 2", ("a", 1, "b"), 4),
        ("[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nc = 2", ("a", 1, "b", "c"), 6),
        ("a.b.c = 1\na.b.d = 2", ("a", "b"), 1),
        ("a.b.c = 1\na.b.d = 2", ("a", "b", "d"), 2),
        ('a = """\n\n"""\nb = 1', ("b",), 4),
        ("# a = 1\na = 1", ("a",), 2),
        ("\"a\" = 1\n'b' = 2", ("b",), 2),
        ("[a . b]\nc=1", ("a", "b", "c"), 2),
        ("[[a.b]]\n[[a.b]]\n[[a.b.c]]\nd = 1", ("a", "b", 1, "c", 0, "d"), 4),
        ('x = """a\\"""\n"""\ny = 1', ("y",), 3),
    ],
)
def test_places(text: str, path: KeyPath, line: int) -> None:
    tomllib.loads(text)
    assert find_lines(text)[path] == line


@pytest.mark.parametrize("text", ["a = [1", "a = {", "a = { b = [", "a", "[", "[a.", "a ="])
def test_a_text_that_breaks_off_ends_the_walk(text: str) -> None:
    with pytest.raises(ValueError, match="ends too early"):
        find_lines(text)

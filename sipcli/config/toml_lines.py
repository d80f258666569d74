"""Finds the line of each key, table and array element of a TOML file.

`tomllib` gives values without lines, so this walks over the same text again. It expects text that
`tomllib` has accepted, and checks nothing.
"""

import re
import tomllib
from typing import Final, NamedTuple, TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Names of tables and keys, and indices of array elements, from the top level down."""

_TOKEN: Final = re.compile(
    r'''
      (?P<blank>  [ \t\r]+ | \#[^\n]* )
    | (?P<newline> \n )
    | (?P<string>
          """ (?: [^"\\] | \\. | "{1,2}(?!") )* "{3,5}
        | \'\'\' (?: [^'] | '{1,2}(?!') )* '{3,5}
        | " (?: [^"\\\n] | \\. )* "
        | ' [^'\n]* '
      )
    | (?P<mark> [\[\]{}=,.] )
    | (?P<bare> [^\s\#"'\[\]{}=,.]+ )
    ''',
    re.VERBOSE | re.DOTALL,
)


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


_END: Final = _Token("end", "", 0)


def find_lines(text: str) -> dict[KeyPath, int]:
    """Return the line, from 1, of each key, table and array element of valid TOML text.

    May raise `RecursionError` for arrays nested hundreds of levels deep, as `tomllib` does.
    """
    walk = _Walk(_tokens(text))
    walk.document()
    return walk.lines


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    line = 1
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or ""
        if kind != "blank":
            tokens.append(_Token(kind, found.group(), line))
        line += found.group().count("\n")
    return tokens


class _Walk:
    """One pass over the tokens; each method leaves `_at` behind the tokens it has read."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._tokens = tokens
        self._at = 0
        self._elements: dict[KeyPath, int] = {}
        """Number of `[[…]]` headers so far, for each array of tables."""

    def document(self) -> None:
        table: KeyPath = ()
        while (token := self._skip_newlines()) is not _END:
            if token.text == "[" and token.kind == "mark":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> KeyPath:
        line = self._take().line
        of_array = self._peek().text == "["
        if of_array:
            self._take()
        *parents, last = self._key()
        self._at += 2 if of_array else 1
        path: KeyPath = ()
        for name in parents:
            path = self._latest((*path, name), line)
        path = (*path, last)
        if not of_array:
            return self._latest(path, line)
        self._elements[path] = self._elements.get(path, 0) + 1
        return self._latest(path, line)

    def _latest(self, path: KeyPath, line: int) -> KeyPath:
        """Record `path`; if it is an array of tables, return the path of its last element."""
        self.lines.setdefault(path, line)
        count = self._elements.get(path)
        if count is None:
            return path
        element = (*path, count - 1)
        self.lines.setdefault(element, line)
        return element

    def _pair(self, table: KeyPath) -> None:
        line = self._peek().line
        path = table
        for name in self._key():
            path = (*path, name)
            self.lines.setdefault(path, line)
        self._take()  # the equals sign
        self._value(path)

    def _key(self) -> list[str]:
        names = [_name(self._take())]
        while self._peek().text == ".":
            self._take()
            names.append(_name(self._take()))
        return names

    def _value(self, path: KeyPath) -> None:
        token = self._take()
        if token.kind == "mark" and token.text == "[":
            self._array(path)
        elif token.kind == "mark" and token.text == "{":
            self._inline_table(path)
        else:  # a number or date may come in several pieces: 1.5, 1979-05-27 07:32:00.5
            while self._peek().kind == "bare" or self._peek().text == ".":
                self._take()

    def _array(self, path: KeyPath) -> None:
        index = 0
        while (token := self._skip_newlines()).text != "]":
            if token.text == ",":
                self._take()
                continue
            self.lines[(*path, index)] = token.line
            self._value((*path, index))
            index += 1
        self._take()

    def _inline_table(self, path: KeyPath) -> None:
        while (token := self._skip_newlines()).text != "}":
            if token.text == ",":
                self._take()
            else:
                self._pair(path)
        self._take()

    def _skip_newlines(self) -> _Token:
        while self._peek().kind == "newline":
            self._at += 1
        return self._peek()

    def _peek(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _take(self) -> _Token:
        if self._at >= len(self._tokens):
            raise ValueError("the text ends too early")  # never for what tomllib accepts
        self._at += 1
        return self._tokens[self._at - 1]


def _name(token: _Token) -> str:
    if token.kind != "string":
        return token.text
    if "\\" in token.text:
        return str(tomllib.loads(f"name = {token.text}")["name"])
    return token.text[1:-1]

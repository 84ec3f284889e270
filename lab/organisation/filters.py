# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of Get-CsUser: the OPath subset that -Filter takes, and the LDAP filters of -LdapFilter.

source: the page on Get-CsUser: -eq, -ne, -like, -notlike, -gt, -lt and their kin, -and, -or, -not, values in quotes, or
$True, $False, $Null; a comparison does not look at case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

Test = Callable[[Callable[[str], Any]], bool]
TOKEN = re.compile(
    r"""\s*(?:(?P<open>[({])|(?P<close>[)}])|(?P<op>-[a-z]+)|(?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
    |(?P<constant>\$[a-z]+)|(?P<word>[^\s(){}"']+))""",
    re.IGNORECASE | re.VERBOSE,
)
COMPARISONS = ("-eq", "-ne", "-like", "-notlike", "-gt", "-ge", "-lt", "-le")
DEPTH = 50


class FilterError(ValueError):
    """The filter cannot be read. The text says why."""


class Opath:
    """Recursive descent over the tokens of an OPath filter."""

    def __init__(self, text: str, properties: dict[str, str]) -> None:
        self.properties = properties  # lower-case name -> name
        self.tokens: list[tuple[str, str]] = []
        place = 0
        text = text.rstrip()
        while place < len(text):
            match = TOKEN.match(text, place)
            if match is None or match.end() == place:
                raise FilterError(f"unexpected text at position {place}")
            self.tokens.append((str(match.lastgroup), match.group(str(match.lastgroup))))
            place = match.end()
        self.place = 0
        self.depth = 0

    def read(self) -> Test:
        test = self._or()
        if self.place != len(self.tokens):
            raise FilterError(f"unexpected '{self.tokens[self.place][1]}'")
        return test

    def _peek(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self.place += 1
        return token

    def _operator(self, name: str) -> bool:
        kind, text = self._peek()
        if kind == "op" and text.casefold() == name:
            self.place += 1
            return True
        return False

    def _or(self) -> Test:
        tests = [self._and()]
        while self._operator("-or"):
            tests.append(self._and())
        return tests[0] if len(tests) == 1 else lambda get: any(test(get) for test in tests)

    def _and(self) -> Test:
        tests = [self._not()]
        while self._operator("-and"):
            tests.append(self._not())
        return tests[0] if len(tests) == 1 else lambda get: all(test(get) for test in tests)

    def _not(self) -> Test:
        if self._operator("-not"):
            inner = self._not()
            return lambda get: not inner(get)
        kind, _text = self._peek()
        if kind == "open":
            self.depth += 1
            if self.depth > DEPTH:
                raise FilterError("it is nested too deeply")
            self._next()
            test = self._or()
            if self._next()[0] != "close":
                raise FilterError("a bracket is not closed")
            self.depth -= 1
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        kind, word = self._next()
        name = self.properties.get(word.casefold())
        if kind != "word" or name is None:
            raise FilterError(f"'{word}' is not a property that can be filtered on")
        kind, operator = self._next()
        operator = operator.casefold()
        if kind != "op" or operator not in COMPARISONS:
            raise FilterError(f"'{operator}' is not a comparison operator")
        kind, text = self._next()
        wanted = _value(kind, text)
        compare = _compare(operator, wanted)
        return lambda get: compare(get(name))


def _value(kind: str, text: str) -> Any:
    if kind == "text":
        quote = text[0]
        return text[1:-1].replace(quote * 2, quote)
    if kind == "constant":
        constants = {"$true": True, "$false": False, "$null": None}
        if text.casefold() not in constants:
            raise FilterError(f"'{text}' is not a constant")
        return constants[text.casefold()]
    if kind == "word":
        return text
    raise FilterError("a value is missing")


def _plain(value: Any) -> Any:
    """A property as a filter sees it: objects by their text, empty texts and lists as null."""
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, bool | int | float | datetime):
        return value
    return getattr(value, "text", None) or str(value)


def _compare(operator: str, wanted: Any) -> Callable[[Any], bool]:
    if operator in ("-like", "-notlike"):
        pattern = re.compile(re.escape(str(wanted or "")).replace(r"\*", ".*"), re.IGNORECASE | re.DOTALL)
        positive = operator == "-like"
        return lambda value: (_plain(value) is not None and bool(pattern.fullmatch(str(_plain(value))))) is positive
    if operator in ("-eq", "-ne"):
        positive = operator == "-eq"
        return lambda value: _equal(_plain(value), wanted) is positive
    sign = {"-gt": (1,), "-ge": (0, 1), "-lt": (-1,), "-le": (-1, 0)}[operator]
    return lambda value: _order(_plain(value), wanted) in sign


def _equal(value: Any, wanted: Any) -> bool:
    if wanted is None or wanted == "" or value is None:
        return value is None and wanted in (None, "")
    if isinstance(value, bool) or isinstance(wanted, bool):
        return str(value).casefold() == str(wanted).casefold()
    if isinstance(value, datetime):
        return _order(value, wanted) == 0
    return str(value).casefold() == str(wanted).casefold()


def _order(value: Any, wanted: Any) -> int | None:
    if value is None or wanted is None:
        return None
    if isinstance(value, datetime):
        try:
            moment = datetime.fromisoformat(str(wanted))
        except ValueError as error:
            raise FilterError(f"'{wanted}' is not a date") from error
        moment = moment if moment.tzinfo else moment.replace(tzinfo=value.tzinfo)
        return (value > moment) - (value < moment)
    left, right = str(value).casefold(), str(wanted).casefold()
    return (left > right) - (left < right)


def opath(text: str, properties: dict[str, str]) -> Test:
    """A test over ``get(property)``. FilterError where the filter cannot be read."""
    return Opath(text, properties).read()


# --- LDAP: (attribute=value) with &, | and !, * as a wildcard ---------------------------------------------------------


def ldap(text: str, attributes: dict[str, str]) -> Test:
    """``attributes``: lower-case LDAP name -> property."""
    test, place = _ldap(text, 0, attributes, 0)
    if text[place:].strip():
        raise FilterError(f"unexpected text at position {place}")
    return test


def _ldap(text: str, place: int, attributes: dict[str, str], depth: int) -> tuple[Test, int]:
    if depth > DEPTH:
        raise FilterError("it is nested too deeply")
    if place >= len(text) or text[place] != "(":
        raise FilterError(f"'(' is missing at position {place}")
    place += 1
    sign = text[place : place + 1]
    if sign in ("&", "|", "!"):
        place += 1
        tests: list[Test] = []
        while place < len(text) and text[place] == "(":
            test, place = _ldap(text, place, attributes, depth + 1)
            tests.append(test)
        if not tests or (sign == "!" and len(tests) > 1) or text[place : place + 1] != ")":
            raise FilterError(f"')' is missing at position {place}")
        if sign == "!":
            return (lambda get: not tests[0](get)), place + 1
        join = all if sign == "&" else any
        return (lambda get: join(test(get) for test in tests)), place + 1
    match = re.compile(r"([\w-]+(?::[\d.]+:)?)(=|>=|<=)((?:[^()\\]|\\[0-9a-fA-F]{2})*)\)").match(text, place)
    if match is None:
        raise FilterError(f"no comparison at position {place}")
    name = attributes.get(match.group(1).casefold())
    if name is None or match.group(2) != "=":
        raise FilterError(f"'{match.group(1)}{match.group(2)}' cannot be filtered on")
    return _ldap_test(name, match.group(3)), match.end()


def _ldap_test(name: str, value: str) -> Test:
    if value == "*":
        return lambda get: _plain(get(name)) is not None
    parts = [_unescape(part) for part in value.split("*")]
    pattern = re.compile(".*".join(re.escape(part) for part in parts), re.IGNORECASE | re.DOTALL)

    def test(get: Callable[[str], Any]) -> bool:
        found = get(name)
        values = [_plain(one) for one in (found if isinstance(found, list | tuple) else [found])]
        return any(one is not None and bool(pattern.fullmatch(str(one))) for one in values)

    return test


def _unescape(text: str) -> str:
    """RFC 4515: backslash and two hex digits are a byte of UTF-8."""
    raw = re.sub(rb"\\([0-9a-fA-F]{2})", lambda m: bytes([int(m.group(1), 16)]), text.encode("utf-8"))
    return raw.decode("utf-8", "replace")

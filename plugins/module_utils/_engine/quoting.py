# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One argument string out of many arguments: Start-Process joins with blanks and quotes nothing.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .errors import InvalidRequest

_NEEDS_QUOTES = re.compile(r'[\s"]')
_PROPERTY = re.compile(r"([A-Z_][A-Z0-9_.]*)=(.*)", re.DOTALL)


def _checked(argument: str) -> str:
    if not isinstance(argument, str) or any(c in argument for c in "\x00\r\n"):
        raise InvalidRequest(f"{argument!r} cannot be an argument of a program.")
    return argument


def quote_argv(arguments: Iterable[str]) -> str:
    """As CommandLineToArgvW and the C runtime read it: backslashes count double only in front of a quotation mark."""
    return " ".join(_argument(_checked(one)) for one in arguments)


def _argument(text: str) -> str:
    if text and not _NEEDS_QUOTES.search(text):
        return text
    quoted, backslashes = ['"'], 0
    for character in text:
        if character == "\\":
            backslashes += 1
            continue
        if character == '"':
            quoted.append("\\" * (2 * backslashes + 1))
        else:
            quoted.append("\\" * backslashes)
        quoted.append(character)
        backslashes = 0
    quoted.append("\\" * (2 * backslashes) + '"')
    return "".join(quoted)


def quote_msi(arguments: Iterable[str]) -> str:
    """As msiexec reads it: PROPERTY="value", quotation marks doubled, so that no value becomes a second property."""
    return " ".join(_msi(_checked(one)) for one in arguments)


def _msi(text: str) -> str:
    found = _PROPERTY.fullmatch(text)
    if found:
        name, value = found.groups()
        return f'{name}="' + value.replace('"', '""') + '"'
    if '"' in text:
        raise InvalidRequest(f"{text!r} is no argument of msiexec: only a property's value may hold a quotation mark.")
    return f'"{text}"' if not text or _NEEDS_QUOTES.search(text) or "=" in text else text

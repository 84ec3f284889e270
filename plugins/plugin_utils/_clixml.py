# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PowerShell writes to stderr (CLIXML), as lines to be shown. Nothing is ever decided on them.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from xml.parsers import expat

LIMIT = 256_000
"""Bytes that are looked at; what comes after is only counted."""
LINES = 200

_BEGIN, _END = b"<Objs", b"</Objs>"
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# Progress says "Preparing modules for first use." and the like: of no interest to anybody.
_STREAMS = frozenset(("error", "warning", "verbose", "debug", "information"))


class _Refused(Exception):
    """The document holds what a serialised PowerShell stream never holds."""


class _Reader:
    """Collects the texts of `<S S="stream">` elements."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._open: list[str] | None = None

    def read(self, document: bytes) -> list[str]:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(document, True)
        return self.texts

    def _doctype(self, *_args: object) -> None:
        raise _Refused("a DOCTYPE")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "S" and attributes.get("S", "").lower() in _STREAMS:
            self._open = []

    def _text(self, text: str) -> None:
        if self._open is not None:
            self._open.append(text)

    def _end(self, name: str) -> None:
        if name == "S" and self._open is not None:
            self.texts.append("".join(self._open))
            self._open = None


def _unescape(text: str) -> str:
    """`_x000A_` is a line feed. Two of them may be one character beyond the first 65 536; half of one is replaced."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def messages(stderr: bytes) -> list[str]:
    """The lines of errors, warnings and the like in what a process wrote to stderr; text that is no CLIXML as it is."""
    seen, left_out = stderr[:LIMIT], len(stderr) - LIMIT
    texts: list[str] = []
    position = 0
    while True:
        # found by hand: a lazy pattern starts anew at every beginning that has no end
        begin = seen.find(_BEGIN, position)
        end = seen.find(_END, begin) + len(_END)
        if begin < 0 or end < len(_END):
            break
        texts.append(seen[position:begin].decode("utf-8", "replace"))
        try:
            texts.extend(_Reader().read(seen[begin:end]))
        except (expat.ExpatError, _Refused) as exc:
            texts.append(f"(an unreadable message on stderr: {exc})")
        position = end
    texts.append(seen[position:].decode("utf-8", "replace"))
    lines = [line.strip() for line in _unescape("\n".join(texts)).splitlines()]
    lines = [line for line in lines if line and line != "#< CLIXML"]
    if len(lines) > LINES:
        lines = [*lines[:LINES], f"({len(lines) - LINES} more lines)"]
    if left_out > 0:
        lines.append(f"({left_out:,} more bytes on stderr)")
    return lines

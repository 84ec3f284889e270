# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads an XMPP stream that anybody may send: bounded, and without document types, instructions and comments."""

from __future__ import annotations

import typing as t
from collections import deque
from xml.parsers import expat

MAX_BYTES = 64 * 1024
MAX_WORK = 16 * 1024 * 1024  # bytes that expat may read, with unfinished tokens read again each time something comes
MAX_DEPTH = 16


class Broken(Exception):
    """No stream, or more than one may be."""


class Element(t.NamedTuple):
    namespace: str
    name: str


class Reader:
    """``header`` are the attributes of the root; ``ready`` the elements below it that are complete."""

    def __init__(self) -> None:
        self.header: dict[str, str] | None = None
        self.ready: deque[Element] = deque()
        self.closed = False
        self._depth = self._fed = self._work = 0
        self._parser = expat.ParserCreate("UTF-8", " ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        for name in ("StartDoctypeDecl", "ProcessingInstruction", "Comment"):
            setattr(self._parser, f"{name}Handler", self._refuse)
        if hasattr(self._parser, "SetReparseDeferralEnabled"):
            self._parser.SetReparseDeferralEnabled(False)

    def feed(self, data: bytes) -> None:
        self._fed += len(data)
        self._work += self._fed
        if self._fed > MAX_BYTES or self._work > MAX_WORK:
            raise Broken("too many bytes")
        try:
            self._parser.Parse(data, False)
        except expat.ExpatError as error:
            raise Broken(str(error)) from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Broken("too deep")
        if self._depth == 1:
            if name != "http://etherx.jabber.org/streams stream":
                raise Broken("no stream")
            self.header = attributes

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._depth == 1:
            namespace, _blank, local = name.rpartition(" ")
            self.ready.append(Element(namespace, local))
        elif not self._depth:
            self.closed = True

    def _refuse(self, *_: t.Any) -> None:
        raise Broken("forbidden in XMPP")

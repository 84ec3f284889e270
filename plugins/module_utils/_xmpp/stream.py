# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XMPP between servers, as far as a probe needs it: what is sent, and a reader of what comes that trusts nobody.

Bytes in, elements out; no sockets here. Standard library only: the probe also runs on ordinary hosts.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

STREAM = "http://etherx.jabber.org/streams"
SERVER = "jabber:server"
DIALBACK = "jabber:server:dialback"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
DIALBACK_FEATURE = "urn:xmpp:features:dialback"
STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams"
BIDI_FEATURE, BIDI = "urn:xmpp:features:bidi", "urn:xmpp:bidi"
PING = "urn:xmpp:ping"

PORT = 5269
#: Of one stream.
MAX_BYTES = 64 * 1024
#: expat reads an unfinished token from its beginning each time something comes: this many bytes it may read in all.
MAX_WORK = 16 * 1024 * 1024
MAX_DEPTH = 16
MAX_ELEMENTS = 500

ERROR, WARNING, INFO = "error", "warning", "info"


@dataclass(frozen=True)
class Finding:
    """Something that was found: ``id`` for programs, ``reason`` for people, ``evidence`` for who wants to see it."""

    id: str
    severity: str
    reason: str
    domain: str = ""
    address: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "severity": self.severity,
            "reason": self.reason,
            "domain": self.domain,
            "address": self.address,
            "evidence": dict(self.evidence),
        }


class Hostile(Exception):
    """What came is no XMPP, or more than a stream may be. ``id`` is that of the finding."""

    def __init__(self, id: str, text: str) -> None:
        super().__init__(text)
        self.id, self.text = id, text


@dataclass
class Element:
    namespace: str
    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def find(self, namespace: str, name: str) -> Element | None:
        return next((one for one in self.children if (one.namespace, one.name) == (namespace, name)), None)


@dataclass(frozen=True)
class Header:
    """The peer's stream header."""

    id: str | None
    sender: str | None
    version: str | None
    legal: bool


class StreamReader:
    """Feeds on bytes of one stream. ``header`` first, then the elements below the root, one by one."""

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self.header: Header | None = None
        self.closed = False
        self._limit, self._fed, self._work, self._elements = limit, 0, 0, 0
        self._open: list[Element] = []
        self._ready: deque[Element] = deque()
        parser = expat.ParserCreate("UTF-8", " ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.EntityDeclHandler = self._refuse_doctype
        parser.ProcessingInstructionHandler = self._refuse_instruction
        parser.CommentHandler = self._refuse_comment
        if hasattr(parser, "SetReparseDeferralEnabled"):
            # Newer expats wait for more before they say what they have read; a server may wait for us just then.
            parser.SetReparseDeferralEnabled(False)
        self._parser = parser

    def feed(self, data: bytes) -> None:
        self._fed += len(data)
        self._work += self._fed
        if self._fed > self._limit or self._work > MAX_WORK:
            raise Hostile("too_much", "more came, or came in smaller pieces, than before a stream gets anywhere")
        try:
            self._parser.Parse(data, False)
        except expat.ExpatError as exc:
            raise Hostile("not_xml", f"what came is not XML ({expat.errors.messages.get(exc.code, 'error')})") from exc

    def next(self) -> Element | None:
        return self._ready.popleft() if self._ready else None

    # --- the parser's events

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._open) >= MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise Hostile("too_much", "the elements are nested too deeply, or there are too many of them")
        namespace, _blank, local = name.rpartition(" ")
        element = Element(namespace, local, attributes)
        if not self._open:
            self.header = Header(
                attributes.get("id"),
                attributes.get("from"),
                attributes.get("version"),
                (namespace, local) == (STREAM, "stream"),
            )
        elif len(self._open) > 1:
            self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if len(self._open) == 1:
            self._ready.append(element)
        elif not self._open:
            self.closed = True

    def _characters(self, text: str) -> None:
        if len(self._open) > 1:
            self._open[-1].text += text

    def _refuse_doctype(self, *_: Any) -> None:
        raise Hostile("hostile_xml", "a document type declaration came, which XMPP forbids")

    def _refuse_instruction(self, *_: Any) -> None:
        raise Hostile("hostile_xml", "a processing instruction came, which XMPP forbids")

    def _refuse_comment(self, *_: Any) -> None:
        raise Hostile("hostile_xml", "a comment came, which XMPP forbids")


# --- what is sent

STARTTLS_REQUEST = f"<starttls xmlns='{TLS}'/>".encode()
CLOSE = b"</stream:stream>"


def opening(sender: str, to: str, stream: str = "") -> bytes:
    """The header of a stream between servers (RFC 6120 4.7); with an id where it answers one."""
    number = f" id={quoteattr(stream)}" if stream else ""
    return (
        f"<?xml version='1.0'?><stream:stream xmlns='{SERVER}' xmlns:db='{DIALBACK}' xmlns:stream='{STREAM}'{number} "
        f"from={quoteattr(sender)} to={quoteattr(to)} version='1.0' xml:lang='en'>"
    ).encode()


def external(sender: str) -> bytes:
    """SASL EXTERNAL with the authorization identity, which old servers want to see (XEP-0178)."""
    identity = base64.b64encode(sender.encode()).decode()
    return f"<auth xmlns='{SASL}' mechanism='EXTERNAL'>{identity}</auth>".encode()


BOTH_WAYS = f"<bidi xmlns='{BIDI}'/>".encode()


def dialback_key(secret: bytes, receiving: str, originating: str, stream: str) -> str:
    """A key that proves itself (XEP-0185): nobody has to remember it."""
    key = hashlib.sha256(secret).hexdigest().encode()
    return hmac.new(key, f"{receiving} {originating} {stream}".encode(), hashlib.sha256).hexdigest()


def dialback(kind: str, sender: str, to: str, text: str = "", **attributes: str) -> bytes:
    """<db:result/> or <db:verify/>."""
    more = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<db:{kind} from={quoteattr(sender)} to={quoteattr(to)}{more}>{escape(text)}</db:{kind}>".encode()


def ping(sender: str, to: str, number: str) -> bytes:
    """XEP-0199."""
    return (
        f"<iq type='get' id={quoteattr(number)} from={quoteattr(sender)} to={quoteattr(to)}><ping xmlns='{PING}'/></iq>"
    ).encode()


# --- what is read


@dataclass(frozen=True)
class Features:
    starttls: bool = False
    starttls_required: bool = False
    mechanisms: tuple[str, ...] = ()
    dialback: bool = False
    both_ways: bool = False


def features(element: Element) -> Features:
    starttls = element.find(TLS, "starttls")
    mechanisms = element.find(SASL, "mechanisms")
    names = [one.text.strip()[:64] for one in mechanisms.children if one.name == "mechanism"] if mechanisms else []
    return Features(
        starttls is not None,
        starttls is not None and starttls.find(TLS, "required") is not None,
        tuple(name for name in names if name),
        element.find(DIALBACK_FEATURE, "dialback") is not None,
        element.find(BIDI_FEATURE, "bidi") is not None,
    )


def is_features(element: Element) -> bool:
    return (element.namespace, element.name) == (STREAM, "features")


_CONDITION = re.compile(r"[a-z-]{1,40}")


def condition(element: Element, namespace: str) -> str:
    """The condition inside an error, and what the peer adds in its own words."""
    found = "undefined-condition"
    for child in element.children:
        if child.namespace == namespace and child.name != "text" and _CONDITION.fullmatch(child.name):
            found = child.name
            break
    said = next((one.text for one in element.children if one.namespace == namespace and one.name == "text"), "")
    return f"{found}: {said.strip()[:200]}" if said.strip() else found


def stream_error(element: Element) -> str | None:
    """The condition of a stream error, None where the element is something else."""
    if (element.namespace, element.name) != (STREAM, "error"):
        return None
    return condition(element, STREAM_ERRORS)

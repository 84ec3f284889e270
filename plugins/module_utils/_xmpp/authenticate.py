# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authentication between servers, carried through to its end: SASL EXTERNAL and dialback, and a ping over what came of it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from . import stream as xmpp
from .dialback import Authoritative
from .line import Line
from .stream import Element, Features, Hostile

PING_SECONDS = 5.0
STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"
#: Elements that a server may send before the one that is waited for.
MAX_BETWEEN = 20


@dataclass(frozen=True)
class Attempt:
    """What came of it. ``done`` None: it was not tried; ``ping`` None: nothing could be sent."""

    done: bool | None = None
    said: str = ""
    ping: bool | None = None


def by_external(line: Line, sender: str, domain: str, offers: Features, authoritative: Authoritative | None) -> Attempt:
    """An offer proves nothing: only <success/>, and a stream after it, do."""
    try:
        both = _both_ways(line, offers)
        line.send(xmpp.external(sender))
        element = _awaited(line, (xmpp.SASL, "success"), (xmpp.SASL, "failure"), (xmpp.SASL, "challenge"))
        if element.name == "challenge":  # there is nothing more to say than who we are
            line.send(f"<response xmlns='{xmpp.SASL}'/>".encode())
            element = _awaited(line, (xmpp.SASL, "success"), (xmpp.SASL, "failure"))
        if element.name != "success":
            return Attempt(False, xmpp.condition(element, xmpp.SASL))
        line.opened(sender, domain)
        return Attempt(True, "", _pinged(line, sender, domain, both, authoritative))
    except Hostile as exc:
        return Attempt(False, exc.text)
    except TimeoutError:
        return Attempt(False, "no answer in time")


def by_dialback(
    line: Line, sender: str, domain: str, stream: str, offers: Features, authoritative: Authoritative
) -> Attempt:
    """Send a key for this stream; the server asks the authoritative one (us), and then says what it thinks of it."""
    if not stream:
        return Attempt(False, "the server gave its stream no id, so no key can be made for it")
    both = _both_ways(line, offers)
    line.send(xmpp.dialback("result", sender, domain, authoritative.key(domain, stream)))
    try:
        element = _awaited(line, (xmpp.DIALBACK, "result"))
    except Hostile as exc:
        return Attempt(False, f"{exc.text}; {_asked(authoritative, domain)}")
    except OSError as exc:
        return Attempt(False, f"{exc.strerror or 'no answer in time'}; {_asked(authoritative, domain)}")
    kind = element.attributes.get("type", "")
    if kind != "valid":
        error = element.find(xmpp.SERVER, "error")
        why = xmpp.condition(error, STANZA_ERRORS) if error is not None else kind or "no type"
        return Attempt(False, f"{why}; {_asked(authoritative, domain)}")
    return Attempt(True, "", _pinged(line, sender, domain, both, authoritative))


def _asked(authoritative: Authoritative, domain: str) -> str:
    """What the authoritative server knows of it: most failures are a service record that leads elsewhere."""
    for name, valid in reversed(authoritative.asked):
        if name.lower() == domain:
            return f"it asked the authoritative server, which called the key {'valid' if valid else 'invalid'}"
    return "it never asked the authoritative server"


def _both_ways(line: Line, offers: Features) -> bool:
    """Without it what a server has to say comes on a stream of its own (XEP-0288)."""
    if offers.both_ways:
        line.send(xmpp.BOTH_WAYS)
    return offers.both_ways


def _pinged(line: Line, sender: str, domain: str, both: bool, authoritative: Authoritative | None) -> bool | None:
    if not both and authoritative is None:
        return None  # the answer would come on a stream to us, and nobody listens
    number = secrets.token_hex(8)
    line.send(xmpp.ping(sender, domain, number))
    if not both and authoritative is not None:
        return authoritative.answer(number, min(PING_SECONDS, line.deadline.left())) is not None
    try:
        for _between in range(MAX_BETWEEN):
            element = line.element()
            line.refused(element, "closed the stream")
            if element.name == "iq" and element.attributes.get("id") == number:
                return True  # an error says as well that what was sent arrived
    except (Hostile, OSError):
        pass
    return False


def _awaited(line: Line, *wanted: tuple[str, str]) -> Element:
    for _between in range(MAX_BETWEEN):
        element = line.element()
        line.refused(element, "closed the stream")
        if (element.namespace, element.name) in wanted:
            return element
    raise Hostile("too_much", "the server sent other things than the answer that was waited for")

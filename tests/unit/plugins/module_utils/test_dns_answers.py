# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of name servers: what each error of a signature means in words, and that noise is never a defect of ours."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import dns.exception
import dns.message
import dns.tsig
import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns import delegation, servers
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import Unreachable
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp import targets
from hypothesis import given, settings
from hypothesis import strategies as st

TSIG_WORDS = {
    dns.tsig.PeerBadKey(): "does not know the key",
    dns.tsig.PeerBadSignature(): "says that the signature is wrong",
    dns.tsig.PeerBadTime(): "clocks of controller and server differ by more than five minutes",
    dns.tsig.PeerBadTruncation(): "no signature as short as ours",
    dns.tsig.BadSignature(): "the signature of its answer is wrong",
    dns.tsig.BadTime(): "the signature of its answer is wrong",
    dns.exception.FormError("missing TSIG"): "is not signed",
    dns.exception.Timeout(): "no answer in time",
    EOFError(): "EOFError",
    ConnectionResetError(104, "Connection reset by peer"): "Connection reset by peer",
}


@pytest.mark.parametrize("error", TSIG_WORDS, ids=lambda one: type(one).__name__)
def test_each_doubt_about_an_update_has_its_words(error: Exception) -> None:
    assert TSIG_WORDS[error] in servers.DnsShell._doubt(error)


def test_no_two_of_them_say_the_same() -> None:
    assert len(set(TSIG_WORDS.values())) == len(TSIG_WORDS) - 1  # both ways to a wrong signature of an answer


# --- noise

NAME = b"\x0c_xmpp-server\x04_tcp\x07contoso\x04test\0"
RECORD = b"\xc0\x0c\0\x21\0\1\0\0\0\5"
SECTIONS = st.lists(
    st.one_of(
        st.just(NAME + b"\0\x21\0\1"), st.just(RECORD + b"\0\x08\0\0\0\0\x14\x95\xc0\x0c"), st.just(b"\xc0\xff"),
        st.just(b"\xc0\x0c"), st.just(RECORD + b"\xff\xff"), st.just(b"\xc0\x0c\0\5\0\1\0\0\0\5\0\2\xc0\x0c"),
        st.just(b"\0\0\6\0\1\0\0\0\5\0\0"), st.just(b"\0\0\x29\xff\xff\xff\0\0\0\0\0"), st.binary(max_size=20),
    ),
    max_size=5,
).map(b"".join)  # fmt: skip
HEADS = st.tuples(
    st.sampled_from([0x8400, 0x8403, 0x8402, 0x8405, 0x8600, 0x8000, 0x0400, 0xFFFF]),
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
).map(lambda one: struct.pack("!5H", one[0], *one[1]))
QUESTION = NAME + b"\0\x21\0\1"
NOISE = st.one_of(
    st.tuples(HEADS, SECTIONS).map(lambda one: b"id" + one[0] + one[1]),
    st.tuples(HEADS, SECTIONS).map(lambda one: b"id" + one[0] + QUESTION + one[1]),
    st.binary(max_size=80),
)


@settings(max_examples=300, deadline=None)
@given(wire=NOISE)
def test_noise_in_a_plain_answer_is_left_to_the_resolver(wire: bytes) -> None:
    found = targets.plain_answer(wire, b"id", QUESTION)
    assert found is None or found is targets.NOTHING or list(found.answer)


class Canned:
    """Whatever is asked, by either way, these bytes come."""

    wire = b""

    def exchange(self, query: dns.message.Message, *_: Any) -> dns.message.Message:
        answer = dns.message.from_wire(query.to_wire()[:2] + self.wire[2:])
        if not query.is_response(answer):
            raise dns.exception.FormError("something else")
        return answer

    def fallback(self, query: dns.message.Message, *_: Any) -> tuple[dns.message.Message, bool]:
        return self.exchange(query), False


@pytest.fixture(scope="module")
def canned() -> Iterator[Canned]:
    canned = Canned()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(servers, "_exchange", canned.exchange)
        patch.setattr(delegation.dns.query, "udp_with_fallback", canned.fallback)
        yield canned


@settings(max_examples=300, deadline=None)
@given(wire=NOISE)
def test_noise_of_an_authoritative_server_is_an_answer_or_a_sentence(canned: Canned, wire: bytes) -> None:
    canned.wire = wire
    server = servers.Server("127.0.0.1")
    for ask in (
        lambda: servers.ask(server, "contoso.test", "_xmpp-server._tcp.contoso.test", "SRV"),
        lambda: delegation.told(server, "contoso.test"),
    ):
        try:
            assert ask() is not None
        except Unreachable as exc:
            assert "127.0.0.1" in exc.text

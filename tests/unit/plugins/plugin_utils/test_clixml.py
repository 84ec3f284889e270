# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time

import pytest
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _clixml
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._clixml import LIMIT, messages
from hypothesis import given
from hypothesis import strategies as st

HEAD = b"#< CLIXML\r\n"


def objs(inner: str) -> bytes:
    space = "http://schemas.microsoft.com/powershell/2004/04"
    return f'<Objs Version="1.1.0.1" xmlns="{space}">{inner}</Objs>'.encode()


def test_messages_of_all_streams_without_progress() -> None:
    progress = '<Obj S="progress" RefId="0"><MS><PR N="Record"><AV>Preparing modules for first use.</AV></PR></MS></Obj>'
    stderr = HEAD + objs(progress + '<S S="Error">größe_x000D__x000A_zweite</S><S S="warning">acht</S>') + objs('<S S="verbose">v</S>')
    assert messages(stderr) == ["größe", "zweite", "acht", "v"]


def test_text_that_is_no_clixml_is_shown() -> None:
    assert messages(b"'powershell.exe' wurde nicht gefunden\r\n") == ["'powershell.exe' wurde nicht gefunden"]


def test_a_doctype_is_refused() -> None:
    bomb = b'<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>'
    # a document begins at its root, so the declaration has to stand inside of what is taken for one
    said = messages(HEAD + b"<Objs><Objs " + bomb + b'<S S="Error">&b;</S></Objs>')
    assert len(said) == 1 and "unreadable" in said[0]
    assert "aaaaaaaaaa" not in "".join(messages(HEAD + bomb + objs('<S S="Error">&b;</S>'))[1:])


def test_the_reader_refuses_a_doctype_itself() -> None:
    with pytest.raises(_clixml._Refused):
        _clixml._Reader().read(b'<!DOCTYPE x [<!ENTITY a "b">]><Objs><S S="Error">&a;</S></Objs>')


def test_escapes_of_wide_and_half_characters() -> None:
    assert messages(objs('<S S="Error">_xD83D__xDE00_ _xD800_</S>')) == ["\U0001f600 \ufffd"]


def test_what_is_too_long_is_counted_and_read_in_no_time() -> None:
    began = time.monotonic()
    said = messages(b"<Objs>" + b"<S>" * 3_000_000)
    assert said[-1] == f"({6 + 9_000_000 - LIMIT:,} more bytes on stderr)"
    assert messages(b"<Objs" * 1_000_000)[-1].endswith("more bytes on stderr)")
    assert time.monotonic() - began < 2


@given(st.binary(max_size=500) | st.text(max_size=200).map(lambda text: objs(f'<S S="Error">{text}</S>')))
def test_anything_is_shown_somehow(stderr: bytes) -> None:
    for line in messages(stderr):
        line.encode("utf-8")

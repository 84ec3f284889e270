# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One table of hostile documents for every parser of XML: none resolves an entity, reads a file, or takes long."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation import topology as lab_topology
from ansible_collections.lync.xmpp_migration.lab.wsman import soap
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology import document
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp import stream as xmpp
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _clixml
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._frames import Decoder

CANARY = "CANARY-in-a-file"
REFUSED = "refused"


def _bomb(root: str) -> str:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE {root} [<!ENTITY e0 "laughter">{levels}]><{root}>&e11;</{root}>'


def hostile(path: Path) -> dict[str, bytes]:
    secret = path / "secret"
    secret.write_text(CANARY)
    inner = '<!DOCTYPE x [<!ENTITY a "expanded">]><x>&a;</x>'
    return {
        "entity": inner.encode(),
        "entity after a declaration": b"<?xml version='1.0'?>" + inner.encode(),
        "file": f"<!DOCTYPE x [<!ENTITY a SYSTEM 'file://{secret}'>]><x>&a;</x>".encode(),
        "parameter entity": f"<!DOCTYPE x [<!ENTITY % a SYSTEM 'file://{secret}'> %a;]><x/>".encode(),
        "external document type": f"<!DOCTYPE x SYSTEM 'file://{secret}'><x/>".encode(),
        "bomb": _bomb("x").encode(),
        "bomb in UTF-16": b"\xff\xfe" + _bomb("x").encode("utf-16-le"),
        "quadratic": ('<!DOCTYPE x [<!ENTITY a "' + "a" * 50_000 + '">]><x>' + "&a;" * 5_000 + "</x>").encode(),
        "deep": b"<x>" * 100_000,
        "attributes": b"<x " + b" ".join(b"a%d='1'" % n for n in range(50_000)) + b"/>",
        "one attribute": b"<x a='" + b"y" * 4_000_000 + b"'/>",
        "torn": b"<x><y",
        "no XML": b"\x00\x01\x02" * 1000,
    }


def _topology(data: bytes) -> Any:
    try:
        return document.read(document.decode(data))
    except document.TopologyError as exc:
        assert "\n" not in str(exc)
        return REFUSED


def _lab_topology(data: bytes) -> Any:
    try:
        return lab_topology.parse(lab_topology.decode(data))
    except (lab_topology.TopologyError, UnicodeDecodeError):
        return REFUSED


def _soap(data: bytes) -> Any:
    try:
        return soap.parse(data)
    except soap.BadEnvelope:
        return REFUSED


def _clixml_text(data: bytes) -> Any:
    return "\n".join(_clixml.messages(b'#< CLIXML\r\n<Objs Version="1.1.0.1">' + data + b"</Objs>"))


def _clixml_document(data: bytes) -> Any:
    reader = _clixml._Reader()
    try:
        return reader.read(data)
    except (expat.ExpatError, _clixml._Refused):
        return REFUSED


def _stream(data: bytes) -> Any:
    reader = xmpp.StreamReader()
    try:
        return reader.feed(data)
    except xmpp.Hostile:
        return REFUSED


PARSERS: dict[str, Callable[[bytes], Any]] = {
    "topology": _topology,
    "topology of the lab": _lab_topology,
    "SOAP of the lab": _soap,
    "CLIXML": _clixml_text,
    "CLIXML document": _clixml_document,
    "XMPP": _stream,
}


@pytest.mark.parametrize("parser", PARSERS)
def test_hostile_documents(tmp_path: Path, parser: str) -> None:
    for case, data in hostile(tmp_path).items():
        started = time.process_time()
        found = PARSERS[parser](data)
        assert time.process_time() - started < 1, case
        # CLIXML that cannot be read is shown as the text that it is
        assert CANARY not in str(found) and str(found).count("laughter") < 10, case
        if "DOCTYPE" in data.decode("utf-16" if "16" in case else "utf-8", "replace") and parser != "CLIXML":
            assert found == REFUSED, case


def test_a_drip_of_eight_megabytes_ends_in_a_second() -> None:
    """expat takes quadratic time where one token comes in drips; whatever is fed in pieces has to end before that."""
    piece = b"x" * 1000
    reader = xmpp.StreamReader()
    decoder = Decoder("0" * 32)
    started = time.process_time()
    with pytest.raises(xmpp.Hostile):
        reader.feed(b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' a='")
        for _ in range(8_000):
            reader.feed(piece)
    for _ in range(8_000):
        list(decoder.feed(piece))
    assert len(decoder._buffer) < 1_000_000
    assert time.process_time() - started < 1


def test_eight_megabytes_on_stderr_are_read_in_a_second() -> None:
    for data in (
        b"#< CLIXML\r\n<Objs" + b" x" * 4_000_000,
        b'<Objs><S S="Error">' + b"x" * 8_000_000,
        b"<Objs>" * 1_300_000,
    ):
        started = time.process_time()
        assert len("".join(_clixml.messages(data))) < 1_000_000
        assert time.process_time() - started < 1

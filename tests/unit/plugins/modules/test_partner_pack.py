# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""partner_pack: what a partner is told, and that nothing in it works."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.negotiation import MATRIX
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.pack import code, plain
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.window import planned_pause
from ansible_collections.lync.xmpp_migration.plugins.modules import partner_pack
from ansible_collections.lync.xmpp_migration.tests.lab.xmpp_authority import Authority
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented
from hypothesis import given
from hypothesis import strategies as st

EXTERNAL = {
    "domain": "fabrikam.test",
    "tls_negotiation": "Required",
    "sasl_negotiation": "Required",
    "support_dialback_negotiation": False,
}
DIALBACK = {
    "domain": "nwtraders.test",
    "tls_negotiation": "Optional",
    "sasl_negotiation": "NotSupported",
    "support_dialback_negotiation": True,
    "additional_domains": ["sales.nwtraders.test"],
}
OPTIONS: dict[str, Any] = {
    "partners": [EXTERNAL, DIALBACK],
    "domains": ["contoso.test", "wingtip.test"],
    "host": "access.contoso.test",
    "addresses": ["203.0.113.40", "2001:db8::40"],
    "old_host": "xmppgw.contoso.test",
    "old_addresses": ["203.0.113.30"],
    "window": "Saturday 28 November 2026, 20:00 to 22:00 UTC",
    "drop_streams_at": "21:10 UTC",
    "pause_seconds": 182,
    "contacts": ["Ann Beebe, +1 425 555 0100"],
    "thumbprints": ["A" * 40],
    "tls_versions": ["TLS 1.2"],
}


def run(bench: Bench, check: bool = False, **more: Any) -> dict[str, Any]:
    return bench.run(partner_pack, {**OPTIONS, **more}, "localhost", check=check)


def read(result: dict[str, Any], domain: str) -> str:
    return next(Path(one["file"]).read_text(encoding="utf-8") for one in result["packs"] if one["domain"] == domain)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_what_each_partner_is_told(bench: Bench) -> None:
    result = run(bench)
    assert result["changed"] and undocumented(partner_pack, result) == []
    assert [one["planned_pause"] for one in result["packs"]] == [0, 182]
    dialback, external = read(result, "nwtraders.test"), read(result, "fabrikam.test")
    for text in (dialback, external):
        for told in (
            "`access.contoso.test`", "`203.0.113.40`", "`2001:db8::40`", "`xmppgw.contoso.test`", "`203.0.113.30`", "5269/TCP",
            "**At 21:10 UTC: drop s2s streams and DNS cache**", "`_xmpp-server._tcp.wingtip.test`", "20:00 to 22:00 UTC",
            "Ann Beebe", "A" * 40, "two people on the telephone", "TLS 1.2",
        ):  # fmt: skip
            assert told in text, told
    assert (
        "at most 182 seconds" in dialback
        and "sales.nwtraders.test" in dialback
        and "TLS dialback, TCP dialback" in dialback
    )
    assert "No pause is planned" in external and "182" not in external and "one of: SASL over TLS" in external
    assert "server and client authentication" in external and "server and client authentication" not in dialback
    for one in result["packs"]:
        assert Path(one["file"]).stat().st_mode & 0o777 == 0o600


def test_the_same_again_and_something_new(bench: Bench) -> None:
    planned = run(bench, check=True)
    assert planned["changed"] and not (bench.state_dir / "partner_packs").exists()
    first = run(bench)
    assert [one["sha256"] for one in first["packs"]] == [one["sha256"] for one in planned["packs"]]
    files = {one["file"]: Path(one["file"]).stat().st_mtime_ns for one in first["packs"]}
    again = run(bench)
    assert not again["changed"] and {one: Path(one).stat().st_mtime_ns for one in files} == files
    later = run(bench, pause_seconds=300)
    assert [one["changed"] for one in later["packs"]] == [False, True] and list(later["diff"]["after"]) == [
        "nwtraders.test"
    ]


def test_what_is_not_known_yet_is_said_so(bench: Bench) -> None:
    result = run(bench, window=None, drop_streams_at=None, pause_seconds=None, contacts=[], thumbprints=[])
    text = read(result, "nwtraders.test")
    assert (
        "agreed with you in writing" in text and "a time that we tell you before the window" in text and "hh:mm" in text
    )
    assert "we send it to you before the window" in text and result["packs"][1]["planned_pause"] is None


def test_the_chain_by_its_fingerprints(bench: Bench, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    text = read(run(bench, chain=str(authority.file)), "fabrikam.test")
    assert "SHA-256 `" in text and "issued under: CN=" in text and "PRIVATE" not in text
    assert "cannot be read" in run(bench, chain=str(tmp_path / "none.pem"))["msg"]
    (tmp_path / "junk.pem").write_text("junk")
    assert "no certificate in PEM" in run(bench, chain=str(tmp_path / "junk.pem"))["msg"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"domains": []}, {"addresses": []}, {"addresses": ["edge"]}, {"host": "edge"}, {"old_host": "x y"},
        {"pause_seconds": -1}, {"thumbprints": ["x"]}, {"partners": [{"domain": "../x"}]}, {"partners": [{}]},
        {"partners": [{**EXTERNAL, "tls_negotiation": "NotSupported"}]}, {"partners": [{**EXTERNAL, "tls_negotiation": "Maybe"}]},
    ],
)  # fmt: skip
def test_what_cannot_be_told(bench: Bench, wrong: dict[str, Any]) -> None:
    assert run(bench, **wrong)["error"]["kind"] == "invalid_input" and not (bench.state_dir / "partner_packs").exists()


HOSTILE = "\x1b]0;owned\x07\x9b2J\u202egnp.exe\u2066\u200b\u2028# [x](javascript:y) <script>`|*_\ud800\x00\n\r\t"


def test_nothing_in_it_works(bench: Bench) -> None:
    text = read(
        run(bench, window=HOSTILE, drop_streams_at=HOSTILE, contacts=[HOSTILE], tls_versions=[HOSTILE]), "fabrikam.test"
    )
    assert not [one for one in text if one != "\n" and unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert "[x](" not in text.replace("\\[", "").replace("`", "") or "\\[x\\](" in text
    assert "\\u001b" in text and "\\u202e" in text and "\\<script\\>" in text


@given(st.text(max_size=60))
def test_no_text_gets_through(text: str) -> None:
    for shown in (plain(text), code(text)):
        assert not [one for one in shown if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co")]
    assert code(text).count("`") == 2


@pytest.mark.parametrize("triple", [one for one, verdict in MATRIX.items() if verdict.valid])
def test_every_valid_row_is_put_into_words(bench: Bench, triple: tuple[str, str, bool]) -> None:
    tls, sasl, dialback = triple
    partner = {
        "domain": "p.test",
        "tls_negotiation": tls,
        "sasl_negotiation": sasl,
        "support_dialback_negotiation": dialback,
    }
    result = run(bench, partners=[partner])
    text, methods = read(result, "p.test"), MATRIX[triple].methods
    assert f"one of: {', '.join(methods)}." in text
    assert ("Dialback (XEP-0220): we do it" in text) is (methods != ("SASL over TLS",))
    assert result["packs"][0]["planned_pause"] == (0 if methods == ("SASL over TLS",) else 182)


def test_the_addresses_of_the_machines_that_the_world_sees(bench: Bench) -> None:
    behind = {"fqdn": "e1.contoso.test", "external_address": "10.9.1.1", "public_address": "203.0.113.41"}
    open_one = {"fqdn": "e2.contoso.test", "external_address": "203.0.113.42", "public_address": None}
    text = read(run(bench, addresses=[], machines=[behind, open_one, behind]), "fabrikam.test")
    assert "`203.0.113.41`, `203.0.113.42` |" in text and "10.9.1.1" not in text


def test_the_pause_is_that_of_the_window(bench: Bench) -> None:
    result = run(bench, pause_seconds=None, ttl=300, margin=30)
    assert result["packs"][1]["planned_pause"] == planned_pause(300, 30, True)
    assert f"at most {planned_pause(300, 30, True)} seconds" in read(result, "nwtraders.test")
    assert run(bench, pause_seconds=None, ttl=-1)["error"]["kind"] == "invalid_input"

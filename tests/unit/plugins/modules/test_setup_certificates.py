# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of a server that is being set up, against the lab."""

from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates import share as _certificate_share
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates import stored as _stored_certificates
from ansible_collections.lync.xmpp_migration.plugins.modules import (
    certificate,
    certificate_assignment,
)
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.setup_site import (
    DOMAINS,
    EXTERNAL,
    FRONT_END,
    INTERNAL,
    OUTSIDE,
    XMPP,
    Site,
)


@pytest.fixture(name="site")
def _site(tmp_path, monkeypatch):
    site = Site(tmp_path)
    monkeypatch.setattr(_stored_certificates, "now", site.world.clock.now)
    return site


# --- certificates


def test_a_certificate_is_made_for_the_key_on_the_server(site):
    site.pool()
    result = site.bench.done(certificate, {**FRONT_END, **site.authority})
    shown = result["certificate"]
    assert shown["obtained"] is True and shown["names"][0] == "pool2013.contoso.test"
    assert {"sip.contoso.test", "sip.wingtip.test"} <= set(shown["names"])
    store = site.world.computer("pool2013.contoso.test").certificates
    assert store.find(shown["thumbprint"]).key is not None


def test_a_certificate_is_obtained_and_assigned_in_one_task_and_found_done_in_one_request(site):
    site.pool()
    options = {**FRONT_END, **site.authority, "assign": True, "server_name": True}
    result = site.bench.done(certificate, options)
    thumbprint = result["certificate"]["thumbprint"]
    assert {one["thumbprint"] for one in result["certificates"]["uses"].values()} == {thumbprint}
    assert "pool2013.contoso.test" in result["certificate"]["names"]
    shell = site.bench.hosts["fe2013"]
    asked: list[int] = []
    request = shell.request
    shell.request = lambda calls, seconds: asked.append(len(calls)) or request(calls, seconds)
    again = site.bench.done(certificate, options)
    assert again["changed"] is False and len(asked) == 1


def test_a_certificate_is_shared_with_its_key_and_nothing_of_it_is_kept(site):
    site.pool()
    site.edge()
    theirs = site.bench.done(certificate, {**FRONT_END, **site.authority})["certificate"]["thumbprint"]
    options = {**FRONT_END, **site.authority, "shared_from": "fe2013"}
    planned = site.bench.run(certificate, options, host="edge2013", check=True)
    assert planned["changed"] is True and planned["certificate"]["thumbprint"] == theirs
    result = site.bench.done(certificate, options, host="edge2013")
    calls = [one["cmdlet"] for one in result["calls"]]
    assert calls == [one["cmdlet"] for one in planned["calls"]]
    assert calls.count("Export-PfxCertificate") == calls.count("Import-PfxCertificate") == 1 and "Request-CsCertificate" not in calls
    mine, other = (site.world.computer(f"{one}.contoso.test").certificates.find(theirs) for one in ("edge2013", "pool2013"))
    assert mine.key.public_bytes == other.key.public_bytes and mine.exportable
    for one in ("edge2013", "pool2013"):
        assert not site.world.files.exists(site.world.computer(f"{one}.contoso.test"), _certificate_share.FILE)
    kept = "".join(path.read_text("utf-8", "replace") for path in site.bench.state_dir.rglob("*") if path.is_file())
    assert "PRIVATE KEY" not in kept and '"secret"' in kept
    assert site.bench.done(certificate, options, host="edge2013")["changed"] is False


def test_a_key_that_is_shared_has_to_be_there_first_and_on_a_windows_that_can(site):
    site.pool()
    site.edge()
    options = {**FRONT_END, **site.authority, "shared_from": "fe2013"}
    assert "run this on that server first" in site.bench.run(certificate, options, host="edge2013")["msg"]
    site.bench.hosts["edge2013"].hello  # noqa: B018 - greets
    site.bench.hosts["edge2013"]._hello = {**site.bench.hosts["edge2013"]._hello, "windows": "6.1.7601.0"}
    assert "by hand (MMC, Certificates)" in site.bench.run(certificate, options, host="edge2013")["msg"]


def test_an_edge_is_made_to_trust_the_authority(site):
    site.pool()
    site.edge()
    edge = site.world.computer("edge2013.contoso.test")
    result = site.bench.done(certificate, {**INTERNAL, **site.authority}, host="edge2013")
    assert [c["cmdlet"] for c in result["calls"]].count("Import-Certificate") == 1
    assert len(edge.certificates.stores["Root"]) == 1


def test_a_certificate_that_ends_soon_is_obtained_anew(site):
    site.pool()
    first = site.bench.done(certificate, {**FRONT_END, **site.authority})
    site.world.clock.advance(86400 * 710)
    second = site.bench.done(certificate, {**FRONT_END, **site.authority})
    assert second["changed"] is True
    assert first["certificate"]["thumbprint"] != second["certificate"]["thumbprint"]


@pytest.mark.parametrize(
    "change, said",
    [
        ({"authority_passphrase": "wrong"}, "The passphrase does not open"),
        ({"authority_passphrase": None}, "no passphrase is given"),
        ({"authority": None}, "has no certificate with its private key for Default"),
        ({"subject": "*.contoso.test"}, "contains a wildcard"),
        ({"names": ["webcon.contoso.test, evil.test"]}, "The certificate cannot be as wanted"),
        ({"uses": ["Everything"]}, "'Everything' is none of them"),
        ({"uses": []}, "uses is empty"),
    ],
)
def test_what_keeps_a_certificate_from_being_made(site, change, said):
    site.pool()
    start = len(site.world.transcript)
    options = {**FRONT_END, **site.authority, **change}
    result = site.bench.run(certificate, {k: v for k, v in options.items() if v is not None})
    assert result["failed"] and said in result["msg"], result["msg"]
    assert site.bench.called(start) == []


def test_a_key_that_others_can_read_signs_nothing(site, tmp_path):
    site.pool()
    (tmp_path / "ca.key").chmod(0o640)
    assert "can be read by others" in site.bench.run(certificate, {**FRONT_END, **site.authority})["msg"]


def test_nothing_is_assigned_that_lacks_a_name(site):
    site.pool()
    site.edge()
    site.bench.done(certificate, {**OUTSIDE, **site.authority}, host="edge2013")
    result = site.bench.run(certificate_assignment, {**OUTSIDE, "xmpp_domains": DOMAINS}, host="edge2013")
    assert result["failed"] and "contoso.test is not among its alternative names" in result["msg"]
    assert "Set-CsCertificate" not in site.bench.called()


def test_an_assignment_is_undone_to_what_was_there(site):
    site.pool()
    site.edge()
    old = site.bench.done(certificate, {**OUTSIDE, **site.authority}, host="edge2013")["certificate"]["thumbprint"]
    site.bench.done(certificate_assignment, OUTSIDE, host="edge2013")
    site.bench.done(certificate, {**XMPP, "uses": EXTERNAL, **site.authority}, host="edge2013")
    site.bench.done(certificate_assignment, {**XMPP, "uses": EXTERNAL}, host="edge2013")
    undo = [
        e["undo"]
        for e in site.bench.journal()
        if e["kind"] == "intent" and e["call"].get("name") == "Set-CsCertificate"
    ]
    assert [call["name"] for call in undo[0]] == ["Remove-CsCertificate"]
    assert undo[1][0]["parameters"]["Thumbprint"] == old


@pytest.mark.parametrize("answer", ["refused", "accepted"])
def test_a_request_names_xmpp_domains_before_the_ports_are_there(tmp_path, monkeypatch, answer):
    site = Site(tmp_path, xmpp_certificate_before_ports=answer)
    monkeypatch.setattr(_stored_certificates, "now", site.world.clock.now)
    site.pool()
    site.edge()
    names = site.bench.done(certificate, {**XMPP, **site.authority}, host="edge2013")["certificate"]["names"]
    assert set(DOMAINS) <= set(names)

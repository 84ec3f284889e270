# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to a certificate, against the lab: planned, done, found done, renewed; and what they leave behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.lab import consoles
from ansible_collections.lync.xmpp_migration.lab.organisation.certificates import Stored, certificates_of
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates import stored as _stored
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.server import FOLDER
from ansible_collections.lync.xmpp_migration.plugins.modules import certificate, certificate_assignment
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils import certificate_samples as make
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.setup_site import (
    DOMAINS,
    FRONT_END,
    OUTSIDE,
    XMPP,
    Site,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

CANARY = "CANARY-pfx-passphrase"
NAMES = ["access.contoso.test", "webcon.contoso.test", "sip.contoso.test", "sip.wingtip.test", *DOMAINS]
OUTER_NAMES = NAMES[:4]
DAY = 86_400


@pytest.fixture(name="site")
def _site(tmp_path, monkeypatch):
    site = Site(tmp_path)
    monkeypatch.setattr(_stored, "now", site.world.clock.now)
    site.pool()
    return site


@pytest.fixture(name="edge")
def _edge(site):
    site.edge()
    certificates_of(site.world.computer("edge2013.contoso.test")).add(Stored(make.root()), "Root")
    return site


def names_of_calls(result):
    return [one["cmdlet"] for one in result["calls"]]


def origin(source, **more):
    return {"origin": {"source": source, **more}}


def kept(site):
    """All that is in the files of the controller, and what the servers were asked."""
    files = "".join(path.read_text("latin-1") for path in site.bench.state_dir.rglob("*") if path.is_file())
    return files + str(site.world.transcript.lines())


# --- an online authority


def test_an_online_authority_answers_at_once(site):
    options = {**FRONT_END, **origin("online_ca", ca=site.world.ca.location), "assign": True}
    planned = site.bench.run(certificate, options, check=True)
    assert planned["changed"] and names_of_calls(planned) == ["Request-CsCertificate", "Set-CsCertificate"]
    result = site.bench.done(certificate, options)
    assert names_of_calls(result) == names_of_calls(planned)
    parameters = result["calls"][0]["parameters"]
    assert parameters["CA"] == site.world.ca.location and parameters["PrivateKeyExportable"] is True
    assert not {"CaAccount", "CaPassword", "Output"} & set(parameters)
    shown = result["certificate"]
    assert shown["obtained"] and {"pool2013.contoso.test", "sip.contoso.test"} <= set(shown["names"])
    assert site.world.computer("pool2013.contoso.test").certificates.find(shown["thumbprint"]).exportable
    assert site.bench.done(certificate, options)["changed"] is False


def test_no_password_for_an_authority_goes_to_a_server_outside_the_domain(edge):
    start = len(edge.world.transcript)
    result = edge.bench.run(certificate, {**OUTSIDE, **origin("online_ca", ca=edge.world.ca.location)}, host="edge2013")
    assert "is in no domain" in result["msg"] and "choose source offline" in result["msg"]
    assert edge.bench.called(start) == []


def test_what_an_authority_issued_is_looked_at(site, monkeypatch):
    issue = site.world.ca.issue
    monkeypatch.setattr(
        site.world.ca, "issue", lambda *args, **more: issue(args[0], args[1], ["pool2013.contoso.test"], args[3])
    )
    result = site.bench.run(
        certificate, {**FRONT_END, **origin("online_ca", ca=site.world.ca.location), "assign": True}
    )
    assert "which is not as wanted: sip.contoso.test is not among its alternative names" in result["msg"]
    assert "Set-CsCertificate" not in site.bench.called()


# --- a request that others answer


def test_a_request_is_brought_here_and_its_answer_is_judged_and_imported(edge, tmp_path):
    directory = tmp_path / "requests"
    options = {**XMPP, **origin("offline", directory=str(directory))}
    planned = edge.bench.run(certificate, options, host="edge2013", check=True)
    assert planned["changed"] and not directory.exists()
    start = len(edge.world.transcript)
    stopped = edge.bench.run(certificate, options, host="edge2013")
    request, answer = directory / "edge2013-AccessEdgeExternal.req", directory / "edge2013-AccessEdgeExternal.cer"
    assert stopped["failed"] and str(request) in stopped["msg"] and str(answer) in stopped["msg"]
    assert "the subject access.contoso.test" in stopped["msg"] and "Then run this again" in stopped["msg"]
    first = request.read_bytes()
    again = edge.bench.run(certificate, options, host="edge2013")
    assert (
        again["failed"]
        and request.read_bytes() == first
        and edge.bench.called(start).count("Request-CsCertificate") == 1
    )
    edge.bench.hosts["edge2013"].computer.certificates.add(edge.world.ca.stored(), "Root")
    consoles.act(edge.world, "certificate_answer", str(request))
    result = edge.bench.done(certificate, options, host="edge2013")
    assert result["certificate"]["obtained"] and set(NAMES) <= set(result["certificate"]["names"])
    store = edge.world.computer("edge2013.contoso.test").certificates
    found = store.find(result["certificate"]["thumbprint"])
    assert found.key is not None and found.exportable
    writes = [
        one
        for one in names_of_calls(planned)
        if one in ("Request-CsCertificate", "Import-CsCertificate", "Remove-Item")
    ]
    assert [one for one in edge.bench.called(start) if one in writes] == writes
    assert [one.suffix for one in directory.iterdir()] == [".cer"] and not answer.exists()
    for suffix in ("req", "cer", "p7b"):
        path = f"{FOLDER}\\lync_xmpp_migration-AccessEdgeExternal.{suffix}"
        assert not edge.world.files.exists(edge.world.computer("edge2013.contoso.test"), path)
    assert edge.bench.done(certificate, options, host="edge2013")["changed"] is False


def test_a_request_that_lacks_a_name_is_made_anew(edge, tmp_path):
    more = origin("offline", directory=str(tmp_path / "requests"))
    assert edge.bench.run(certificate, {**OUTSIDE, **more}, host="edge2013")["failed"]
    request = tmp_path / "requests" / "edge2013-AccessEdgeExternal.req"
    first = request.read_bytes()
    assert edge.bench.run(certificate, {**OUTSIDE, **more, "xmpp_domains": DOMAINS}, host="edge2013")["failed"]
    assert request.read_bytes() != first
    names = x509.load_pem_x509_csr(request.read_bytes()).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert set(DOMAINS) <= set(names.value.get_values_for_type(x509.DNSName))


def test_an_answer_without_client_authentication_names_the_partners_that_may_mind(edge, tmp_path):
    partners = [
        {"domain": "fabrikam.test", "sasl_negotiation": "Required"},
        {"domain": "nwtraders.test", "sasl_negotiation": "NotSupported"},
    ]
    options = {**XMPP, **origin("offline", directory=str(tmp_path)), "partners": partners}
    edge.bench.run(certificate, options, host="edge2013")
    edge.bench.hosts["edge2013"].computer.certificates.add(edge.world.ca.stored(), "Root")
    consoles.act(edge.world, "certificate_answer", str(tmp_path / "edge2013-AccessEdgeExternal.req"))
    warnings = edge.bench.done(certificate, options, host="edge2013")["warnings"]
    assert any("client authentication" in one and "fabrikam.test" in one and "nwtraders" not in one for one in warnings)


# --- a PFX file


def pfx_file(directory, names=NAMES, passphrase=CANARY, **more):
    own = make.key()
    leaf = make.certificate("access.contoso.test", names, **more)
    file = Path(directory) / "access.pfx"
    file.write_bytes(make.pfx(leaf, own, passphrase, [make.root()]))
    file.chmod(0o600)
    return file, leaf


def test_a_pfx_file_travels_under_another_password(edge, tmp_path, monkeypatch):
    file, leaf = pfx_file(tmp_path)
    options = {**XMPP, **origin("pfx", file=str(file)), "pfx_passphrase": CANARY}
    planned = edge.bench.run(certificate, options, host="edge2013", check=True)
    written = []
    write = edge.world.files.write
    monkeypatch.setattr(
        edge.world.files,
        "write",
        lambda where, path, data, at: written.append((path, data)) or write(where, path, data, at),
    )
    result = edge.bench.done(certificate, options, host="edge2013")
    assert names_of_calls(result) == names_of_calls(planned) and "Import-PfxCertificate" in names_of_calls(result)
    found = edge.world.computer("edge2013.contoso.test").certificates.find(result["certificate"]["thumbprint"])
    assert found.certificate == leaf and found.exportable and found.key is not None
    travelled = [data for path, data in written if path.endswith(".pfx") and data]
    assert travelled
    for data in travelled:
        with pytest.raises(ValueError):
            pkcs12.load_pkcs12(data, CANARY.encode())
    assert CANARY not in kept(edge) and CANARY not in str(result) and "PRIVATE KEY" not in kept(edge)
    assert edge.bench.done(certificate, options, host="edge2013")["changed"] is False


def test_every_edge_of_a_pool_gets_the_same_key(edge, tmp_path):
    file, leaf = pfx_file(tmp_path)
    certificates_of(edge.world.computer("pool2013.contoso.test")).add(Stored(make.root()), "Root")
    options = {**XMPP, **origin("pfx", file=str(file)), "pfx_passphrase": CANARY, "shared_from": "edge2013"}
    for host in ("edge2013", "fe2013"):
        calls = names_of_calls(edge.bench.done(certificate, options, host=host))
        assert "Import-PfxCertificate" in calls and "Export-PfxCertificate" not in calls
    stores = [edge.world.computer(f"{one}.contoso.test").certificates for one in ("edge2013", "pool2013")]
    keys = {one.find(make_thumbprint(leaf)).key.public_bytes for one in stores}
    assert len(keys) == 1


def test_an_edge_with_a_key_of_its_own_gets_that_of_the_pool(edge):
    """A/V authentication wants the same key on every server of a pool, however good another certificate is."""
    own, theirs = edge.world.ca.keys.next(), edge.world.ca.keys.next()
    mine = make.certificate("access.contoso.test", OUTER_NAMES, own=own.private, days=500.0)  # lasts longer
    shared = make.certificate("access.contoso.test", OUTER_NAMES, own=theirs.private)
    store = certificates_of(edge.world.computer("edge2013.contoso.test"))
    store.add(Stored(mine, own, exportable=True))
    edge.bench.done(certificate_assignment, OUTSIDE, host="edge2013")
    wanted = certificates_of(edge.world.computer("pool2013.contoso.test")).add(Stored(shared, theirs, exportable=True))
    options = {**OUTSIDE, "shared_from": "fe2013", "assign": True}
    edge.bench.done(certificate, options, host="edge2013")
    assert store.find(wanted).key.public_bytes == theirs.public_bytes
    assert {one.thumbprint for one in store.assignments.values()} == {wanted}
    assert edge.bench.done(certificate, options, host="edge2013")["changed"] is False
    alone = {**OUTSIDE, "shared_from": "fe2013"}
    assert edge.bench.done(certificate_assignment, alone, host="edge2013")["changed"] is False


@pytest.mark.parametrize("first", [True, False])
def test_the_key_of_a_pool_is_that_of_the_certificate_which_serves(edge, first):
    """After step 4 two certificates have the names that step 2 wants, with two keys, and last equally long."""
    keys = [edge.world.ca.keys.next() for _one in range(2)]
    leaves = [make.certificate("access.contoso.test", OUTER_NAMES, own=one.private) for one in keys]
    pair = list(zip(leaves, keys, strict=True))
    stores = [certificates_of(edge.world.computer(f"{one}.contoso.test")) for one in ("pool2013", "edge2013")]
    for store in stores:
        for leaf, key in pair if first else reversed(pair):
            store.add(Stored(leaf, key, exportable=True))
        for use in OUTSIDE["uses"]:
            store.assign(use, make_thumbprint(leaves[0]), edge.world.clock.now())
    options = {**OUTSIDE, "shared_from": "fe2013", "assign": True}
    assert edge.bench.done(certificate, options, host="edge2013")["changed"] is False


def test_a_server_that_joins_a_pool_gets_the_certificate_which_serves(edge):
    """Not the one that lasts longest, which the others do not use."""
    keys = [edge.world.ca.keys.next() for _one in range(2)]
    serving, other = (make.certificate("access.contoso.test", OUTER_NAMES, own=one.private, days=days) for one, days in zip(keys, (400.0, 500.0), strict=True))
    theirs = certificates_of(edge.world.computer("pool2013.contoso.test"))
    for leaf, key in zip((serving, other), keys, strict=True):
        theirs.add(Stored(leaf, key, exportable=True))
    for use in OUTSIDE["uses"]:
        theirs.assign(use, make_thumbprint(serving), edge.world.clock.now())
    result = edge.bench.done(certificate, {**OUTSIDE, "shared_from": "fe2013", "assign": True}, host="edge2013")
    assert result["certificate"]["thumbprint"] == make_thumbprint(serving)


def make_thumbprint(leaf):
    return Stored(leaf).thumbprint


def test_windows_server_2008_r2_is_left_to_hands(edge, tmp_path):
    file, _leaf = pfx_file(tmp_path)
    shell = edge.bench.hosts["edge2013"]
    shell.hello  # noqa: B018 - greets
    shell._hello = {**shell._hello, "windows": "6.1.7601.0"}
    start = len(edge.world.transcript)
    result = edge.bench.run(
        certificate, {**XMPP, **origin("pfx", file=str(file)), "pfx_passphrase": CANARY}, host="edge2013"
    )
    assert "by hand on that server (MMC" in result["msg"] and "mark the key as exportable" in result["msg"]
    assert edge.bench.called(start) == []


# --- from the legacy Edge


def test_the_legacy_edge_gives_its_certificate_where_its_name_is_kept(edge):
    own = edge.world.ca.keys.next()
    leaf = make.certificate("access.contoso.test", OUTER_NAMES, own=own.private)
    theirs = certificates_of(edge.world.computer("pool2013.contoso.test")).add(Stored(leaf, own, exportable=True))
    options = {**OUTSIDE, **origin("legacy_edge", holder="fe2013")}
    result = edge.bench.done(certificate, options, host="edge2013")
    assert result["certificate"]["thumbprint"] == theirs
    assert edge.bench.done(certificate, options, host="edge2013")["changed"] is False


# --- renewal


def renewable(site, way, directory):
    """Options of a way, and what somebody has to do for a renewal, if anything."""
    if way == "online_ca":
        return FRONT_END, origin("online_ca", ca=site.world.ca.location), "fe2013", lambda: None
    if way == "private_ca":
        return FRONT_END, site.authority, "fe2013", lambda: None
    if way == "offline":
        request = Path(directory) / "fe2013-Default.req"
        return FRONT_END, origin("offline", directory=str(directory)), "fe2013", (
            lambda: consoles.act(site.world, "certificate_answer", str(request))
        )  # fmt: skip

    def put(days=365.0):
        pfx_file(directory, days=days)

    put()
    more = {**origin("pfx", file=str(Path(directory) / "access.pfx")), "pfx_passphrase": CANARY}
    return XMPP, more, "edge2013", lambda: put(800.0)


@pytest.mark.parametrize("way", ["online_ca", "private_ca", "offline", "pfx"])
def test_a_certificate_is_renewed_inside_the_window_only(edge, tmp_path, way):
    wanted, how, host, somebody = renewable(edge, way, tmp_path)
    options = {**wanted, **how, "renew_days": 20}
    if way == "offline":
        assert edge.bench.run(certificate, options, host=host)["failed"]
        somebody()
    first = edge.bench.done(certificate, options, host=host)["certificate"]
    until = edge.world.computer(f"{'pool' if host == 'fe2013' else 'edge'}2013.contoso.test").certificates.find(
        first["thumbprint"]
    ).certificate.not_valid_after_utc  # fmt: skip
    edge.world.clock.advance((until - edge.world.clock.now()).total_seconds() - 21 * DAY)
    assert edge.bench.done(certificate, options, host=host)["changed"] is False
    edge.world.clock.advance(2 * DAY)
    if way in ("offline", "pfx"):  # the old one serves until somebody has done his part
        waiting = edge.bench.done(certificate, options, host=host)
        assert waiting["certificate"]["thumbprint"] == first["thumbprint"] and waiting["warnings"]
        assert edge.bench.done(certificate, options, host=host)["changed"] is False
        somebody()
    second = edge.bench.done(certificate, options, host=host)
    assert second["changed"] and second["certificate"]["thumbprint"] != first["thumbprint"]
    assert edge.bench.done(certificate, options, host=host)["changed"] is False


def test_a_renewed_certificate_is_assigned_and_nothing_else_is(site):
    options = {**FRONT_END, **site.authority, "assign": True}
    first = site.bench.done(certificate, options)["certificate"]["thumbprint"]
    site.bench.done(
        certificate, {**FRONT_END, **site.authority, "subject": "other.contoso.test"}
    )  # lasts no longer in days
    assert site.bench.done(certificate, options)["changed"] is False
    site.world.clock.advance(DAY * 705)
    second = site.bench.done(certificate, options)
    uses = {one["thumbprint"] for one in second["certificates"]["uses"].values()}
    assert uses == {second["certificate"]["thumbprint"]} != {first}
    assert names_of_calls(second).count("Set-CsCertificate") == 1
    assert site.bench.done(certificate, options)["changed"] is False


def test_a_renewal_keeps_the_names_that_were_added_later(edge):
    """Step 2 asks for the names without XMPP. Renewed by it, the certificate serves step 4 too."""
    edge.bench.done(certificate, {**XMPP, **edge.authority}, host="edge2013")
    edge.world.clock.advance(DAY * 705)
    renewed = edge.bench.done(certificate, {**OUTSIDE, **edge.authority}, host="edge2013")["certificate"]
    assert renewed["obtained"] and set(NAMES) <= set(renewed["names"])
    assert edge.bench.done(certificate, {**XMPP, **edge.authority}, host="edge2013")["changed"] is False


# --- names


def test_the_host_of_the_service_record_is_named_where_it_is_of_the_domain(edge):
    options = {**XMPP, **edge.authority, "srv_targets": ["xmpp.contoso.test", "access.contoso.test"]}
    names = edge.bench.done(certificate, options, host="edge2013")["certificate"]["names"]
    assert "xmpp.contoso.test" in names and "xmpp.wingtip.test" not in names


def test_the_common_name_outside_is_the_access_edge_fqdn(edge):
    store = edge.world.computer("edge2013.contoso.test").certificates
    own = edge.world.ca.keys.next()
    leaf = make.certificate("webcon.contoso.test", OUTER_NAMES, own=own.private)
    store.add(Stored(leaf, own, True))
    result = edge.bench.run(certificate_assignment, OUTSIDE, host="edge2013")
    assert "Its subject has the common name webcon.contoso.test, and access.contoso.test is wanted" in result["msg"]


@pytest.mark.parametrize(
    "given, said",
    [
        ({"origin": {"source": "online_ca"}}, "wants ca: HOST"),
        ({"origin": {"source": "pfx"}}, "wants file: the PFX file"),
        ({"origin": {"source": "legacy_edge"}}, "edge2010"),
        ({"origin": {"source": "private_ca"}}, "wants an authority"),
        ({"origin": {"source": "online_ca", "ca": "ca\ncontoso"}}, "cannot be had"),
        ({"renew_days": 500}, "renew_days is 0 to 365"),
    ],
)
def test_what_a_way_needs(site, given, said):
    result = site.bench.run(certificate, {**FRONT_END, **given})
    assert result["failed"] and said in result["msg"]

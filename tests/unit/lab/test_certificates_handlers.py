# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates: requests, answers, imports and assignments, with real keys."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation.certificate_authority import make_request, subject
from ansible_collections.lync.xmpp_migration.lab.organisation.certificate_files import (
    UnreadableCertificate,
    read,
    request_text,
)
from ansible_collections.lync.xmpp_migration.lab.organisation.certificate_store import Keys
from ansible_collections.lync.xmpp_migration.lab.organisation.certificates import certificates_of, names_of, state
from ansible_collections.lync.xmpp_migration.tests.unit.lab import deployment_steps as steps
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs7, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

REQUEST, ANSWER = rf"{steps.TEMP}\x.req", rf"{steps.TEMP}\x.cer"
STORE = "Cert:\\LocalMachine\\My"


@pytest.fixture
def world():
    return steps.published()


@pytest.fixture
def edge(world):
    return steps.install(world, steps.EDGE)


@pytest.fixture
def authority(world, edge):
    authority = steps.PrivateAuthority(world)
    authority.trust(edge)
    return authority


def request(host, uses, output=REQUEST, **parameters):
    return host.call("Request-CsCertificate", New=True, Type=list(uses), Output=output, **parameters)


def csr_of(host, path=REQUEST):
    return x509.load_pem_x509_csr(host.session.world.files.read(host.session.computer, path))


def stored(host, *properties):
    return host.call("Get-ChildItem", list(properties), LiteralPath=STORE).ok()


# --- requests


def test_a_request_is_a_real_one_with_the_names_of_the_topology(world, edge):
    edge_uses = [*steps.EXTERNAL]
    request(
        edge, edge_uses, AllSipDomain=True, DomainName="contoso.test, xmpp.contoso.test", Organization="Contoso",
        Country="US", ClientEKU=True, KeySize=3072,
    ).ok()  # fmt: skip
    csr = csr_of(edge)
    assert csr.is_signature_valid and csr.public_key().key_size == 3072
    assert csr.subject.rfc4514_string() == "CN=access.contoso.test,O=Contoso,C=US"
    assert names_of(csr) == [
        "access.contoso.test", "sip.contoso.test", "sip.wingtip.test", "webcon.contoso.test", "contoso.test",
        "xmpp.contoso.test",
    ]  # fmt: skip
    usages = csr.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usages) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    text = world.files.read(edge.session.computer, REQUEST)
    assert text.startswith(b"-----BEGIN NEW CERTIFICATE REQUEST-----\r\n")
    assert stored(edge, "Thumbprint") == [], "the key waits in the Request store"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"Type": ["Nonsense"]}, "CannotConvertArgumentNoMessage"),
        ({"Type": ["Default"]}, "ProcessingFailed"),
        ({"KeySize": 512}, "ProcessingFailed"),
        ({"DomainName": "a..b"}, "ProcessingFailed"),
        ({"DomainName": "ж" * 70 + ".test"}, "ProcessingFailed"),
        ({"Country": "USA"}, "ProcessingFailed"),
        ({"Output": r"C:\nowhere\x.req"}, "ProcessingFailed"),
    ],
)
def test_impossible_requests_leave_nothing_behind(world, edge, parameters, error):
    answer = edge.call("Request-CsCertificate", **{"New": True, "Type": ["Internal"], "Output": REQUEST, **parameters})
    assert len(answer.errors) == 1
    if error != "CannotConvertArgumentNoMessage":
        assert answer.ids == [error]
    assert certificates_of(edge.session.computer).pending == []


def test_pending_requests_are_listed_and_cleared(edge):
    request(edge, ["Internal"], FriendlyName="one").ok()
    request(edge, steps.EXTERNAL, rf"{steps.TEMP}\y.req").ok()
    rows = edge.call("Request-CsCertificate", ["RequestId", "Use", "Subject"], List=True).ok()
    assert rows == [
        [1, "Internal", f"CN={steps.EDGE}"],
        [2, ",".join(steps.EXTERNAL), "CN=access.contoso.test"],
    ]
    assert edge.call("Request-CsCertificate", List=True, RequestId=7).ids == ["ProcessingFailed"]
    assert edge.call("Request-CsCertificate", Retrieve=True, RequestId=1).ids == ["ProcessingFailed"]
    edge.call("Request-CsCertificate", Clear=True, RequestId=1).ok()
    assert [row[0] for row in edge.call("Request-CsCertificate", ["RequestId"], List=True).ok()] == [2]


def test_a_member_of_the_domain_gets_its_certificate_at_once(world):
    fe = steps.install(world, steps.FRONT_END)
    uses = ["Default", "WebServicesInternal", "WebServicesExternal"]
    properties = ["Thumbprint", "Use", "AlternativeNames"]
    [[thumb, used, names]] = fe.call("Request-CsCertificate", properties, New=True, Type=uses, AllSipDomain=True).ok()
    assert used == ",".join(uses) and {steps.FRONT_END, "sip.contoso.test", "sip.wingtip.test"} <= set(names)
    assert stored(fe, "Thumbprint", "HasPrivateKey") == [[thumb, True]]
    wrong = fe.call("Request-CsCertificate", New=True, Type=uses, CA=r"other\Nobody CA")
    assert wrong.ids == ["ProcessingFailed"]


def test_an_edge_needs_an_account_for_an_online_authority(world, edge):
    new = {"New": True, "Type": ["Internal"]}
    location = world.ca.location
    assert edge.call("Request-CsCertificate", **new).ids == ["ProcessingFailed"]
    assert edge.call("Request-CsCertificate", CA=location, **new).ids == ["ProcessingFailed"]
    account = {"CaAccount": r"CONTOSO\admin", "CaPassword": "CANARY-ca"}
    assert edge.call("Request-CsCertificate", CA=location, **account, **new).errors == []
    assert "CANARY" not in json.dumps(world.transcript.lines())


# --- answers


def test_an_answer_joins_its_key_only_where_the_request_was_made(world, edge, authority):
    request(edge, ["Internal"], PrivateKeyExportable=True, FriendlyName="inside").ok()
    authority.answer(edge, REQUEST, ANSWER)
    other = steps.install(world, steps.FRONT_END)
    world.files.write(other.session.computer, ANSWER, world.files.read(edge.session.computer, ANSWER))
    elsewhere = other.call("Import-CsCertificate", ["Thumbprint"], Path=ANSWER)
    assert len(elsewhere.warnings) == 2 and stored(other, "HasPrivateKey") == [[False]]
    [[thumb]] = elsewhere.ok()
    assert other.call("Set-CsCertificate", Type=["Default"], Thumbprint=thumb, Confirm=False).ids == [
        "ProcessingFailed"
    ]
    here = edge.call("Import-CsCertificate", ["Thumbprint", "Use"], Path=ANSWER)
    assert (here.rows, here.warnings) == ([[thumb, ""]], [])
    [[has_key, name, raw]] = stored(edge, "HasPrivateKey", "FriendlyName", "RawData")
    assert (has_key, name) == (True, "inside")
    assert x509.load_der_x509_certificate(bytes(raw)).public_key() == csr_of(edge).public_key()
    assert certificates_of(edge.session.computer).pending == []
    edge.call("Import-CsCertificate", ["Thumbprint"], Path=ANSWER).ok()
    assert stored(edge, "HasPrivateKey") == [[True]], "a second import does not take the key away"


@pytest.mark.parametrize("kind", ["p7b pem", "p7b der", "der", "pem"])
def test_kinds_of_answers(world, edge, authority, kind):
    request(edge, ["Internal"]).ok()
    authority.answer(edge, REQUEST, ANSWER)
    leaf = x509.load_pem_x509_certificate(world.files.read(edge.session.computer, ANSWER))
    chain = [authority.authority.certificate, leaf]
    content = {
        "p7b pem": lambda: pkcs7.serialize_certificates(chain, Encoding.PEM),
        "p7b der": lambda: pkcs7.serialize_certificates(chain, Encoding.DER),
        "der": lambda: leaf.public_bytes(Encoding.DER),
        "pem": lambda: b"".join(c.public_bytes(Encoding.PEM) for c in chain),
    }[kind]()
    world.files.write(edge.session.computer, ANSWER, content)
    [[subject_name]] = edge.call("Import-CsCertificate", ["Subject"], Path=ANSWER).ok()
    assert subject_name == f"CN={steps.EDGE}" and stored(edge, "HasPrivateKey") == [[True]]


def test_a_bundle_opens_with_its_password_only(world, edge, authority):
    key = Keys("ECDH_P256", 0).next()
    certificate = authority.authority.issue(key.public, subject(steps.EDGE), [steps.EDGE], world.clock.now())
    bundle = pkcs12.serialize_key_and_certificates(
        b"moved", key.private, certificate, None, BestAvailableEncryption(b"CANARY-pfx")
    )
    path = ANSWER.replace(".cer", ".pfx")
    world.files.write(edge.session.computer, path, bundle)
    assert edge.call("Import-CsCertificate", Path=path).ids == ["ProcessingFailed"]
    assert edge.call("Import-CsCertificate", Path=path, Password="wrong").ids == ["ProcessingFailed"]
    edge.call("Import-CsCertificate", Path=path, Password="CANARY-pfx").ok()
    assert stored(edge, "HasPrivateKey", "FriendlyName") == [[True, "moved"]]
    assert "CANARY" not in json.dumps(world.transcript.lines())


@given(st.binary(max_size=200))
def test_any_other_file_is_refused_in_one_way(data):
    with pytest.raises(UnreadableCertificate):
        read(data)


# --- assignment


def test_only_assigned_certificates_are_listed_one_object_per_use(world, edge, authority):
    assert edge.call("Get-CsCertificate", ["Use"]).ok() == []
    thumb = authority.certify(edge, steps.EXTERNAL)
    rows = edge.call("Get-CsCertificate", ["Use", "Thumbprint", "SourceScope", "PreviousThumbprint"]).ok()
    assert sorted(rows) == sorted([use, thumb, "Global", None] for use in steps.EXTERNAL)
    world.clock.advance(60)
    newer = authority.certify(edge, ["DataEdgeExternal"])
    [row] = edge.call("Get-CsCertificate", ["Thumbprint", "PreviousThumbprint"], Type=["DataEdgeExternal"]).ok()
    assert row == [newer, thumb]
    edge.call("Remove-CsCertificate", Type=["DataEdgeExternal"], Confirm=False).ok()
    assert edge.call("Get-CsCertificate", Type=["DataEdgeExternal"]).rows == []
    assert edge.call("Remove-CsCertificate", Type=["DataEdgeExternal"], Confirm=False).ids == ["ProcessingFailed"]
    assert len(stored(edge, "Thumbprint")) == 2


def test_an_assignment_asks_warns_and_refuses(world, edge, authority):
    request(edge, ["Internal"]).ok()
    authority.answer(edge, REQUEST, ANSWER, ["other.contoso.test"], days=10)
    [[thumb]] = edge.call("Import-CsCertificate", ["Thumbprint"], Path=ANSWER).ok()
    assign = {"Type": ["AccessEdgeExternal"], "Thumbprint": thumb}
    assert edge.call("Set-CsCertificate", **assign).ids == ["InvalidOperation"]
    assert edge.call("Set-CsCertificate", Confirm=False, Type=["Internal"], Thumbprint="0" * 40).ids == [
        "ProcessingFailed"
    ]
    assert edge.call("Set-CsCertificate", Confirm=False, Type=["Default"], Thumbprint=thumb).ids == ["ProcessingFailed"]
    assert edge.call("Set-CsCertificate", Confirm=False, **assign).warnings == []
    certificates_of(edge.session.computer).stores["Root"].clear()
    assert len(edge.call("Set-CsCertificate", Confirm=False, **assign).warnings) == 1
    world.clock.advance(11 * 24 * 3600)
    assert edge.call("Set-CsCertificate", Confirm=False, **assign).ids == ["ProcessingFailed"]


def test_a_certificate_without_the_name_of_the_pool_is_taken_with_a_warning(world, edge, authority):
    csr = make_request(Keys("ECDH_P256", 0).next(), subject("x.test"), [])
    world.files.write(edge.session.computer, REQUEST, request_text(csr))
    key = Keys("ECDH_P256", 0).next()
    certificate = authority.authority.issue(key.public, subject("x.test"), [], world.clock.now())
    bundle = pkcs12.serialize_key_and_certificates(b"", key.private, certificate, None, BestAvailableEncryption(b"p"))
    world.files.write(edge.session.computer, ANSWER, bundle)
    edge.call("Import-CsCertificate", Path=ANSWER, Password="p").ok()
    [[thumb]] = stored(edge, "Thumbprint")
    answer = edge.call("Set-CsCertificate", Type=["Internal"], Thumbprint=thumb, Confirm=False)
    assert answer.errors == [] and "does not match" in answer.warnings[0]


@pytest.mark.parametrize("known", ["refused", "accepted"])
def test_the_use_of_xmpp_before_the_edge_has_its_ports(known):
    world = steps.published(unknowns={"xmpp_certificate_before_ports": known})
    edge, authority = steps.install(world, steps.EDGE), steps.PrivateAuthority(world)
    authority.trust(edge)
    uses = [*steps.EXTERNAL, "XmppServer"]
    ids = ["ProcessingFailed"] if known == "refused" else []
    assert request(edge, uses).ids == ids
    thumb = authority.certify(edge, steps.EXTERNAL)
    assert edge.call("Set-CsCertificate", Type=uses, Thumbprint=thumb, Confirm=False).ids == ids
    steps.add_xmpp(world)
    edge.call("Get-CsCertificate").ok()
    authority.certify(edge, ["xmppserver"])
    [[use, names]] = edge.call("Get-CsCertificate", ["Use", "AlternativeNames"], Type=["XmppServer"]).ok()
    assert (use, names) == ("XmppServer", ["contoso.test", "wingtip.test"])


def test_without_a_local_store_there_is_nothing_to_assign(world):
    host = Host(world, steps.FRONT_END)
    assert host.call("Get-CsCertificate").ids == ["ProcessingFailed"]
    assert request(host, ["Default"]).ids == ["ProcessingFailed"]


# --- what is in service from the start


def test_computers_in_service_have_what_their_roles_need(world):
    fe = Host(world, "pool2010.contoso.test")
    fe.session.computer.powershell = "3.0"
    rows = fe.call("Get-CsCertificate", ["Use", "Issuer", "AlternativeNames"]).ok()
    assert {"Default", "WebServicesInternal", "WebServicesExternal"} <= {row[0] for row in rows}
    assert {row[1] for row in rows} == {f"CN={world.ca.name}"}
    roots = fe.call("Get-ChildItem", ["Subject", "Issuer"], LiteralPath="Cert:\\LocalMachine\\Root").ok()
    assert roots == [[f"CN={world.ca.name}"] * 2]


def test_a_copied_world_and_the_printed_state_hold_no_second_key(world, edge, authority):
    thumb = authority.certify(edge, ["Internal"])
    computer = edge.session.computer
    twin = copy.deepcopy(computer)
    assert certificates_of(twin).find(thumb).key is certificates_of(computer).find(thumb).key
    text = json.dumps(state(computer))
    assert thumb in text and "PRIVATE" not in text and repr(certificates_of(computer).find(thumb).key) == "Key(…)"


def test_no_two_requests_of_a_world_share_a_key():
    first, second = Keys(), Keys()
    made = [first.next() for _ in range(3)]
    assert len({key.public_bytes for key in made}) == 3
    assert second.next() is made[0], "another world may: the process makes each key once"

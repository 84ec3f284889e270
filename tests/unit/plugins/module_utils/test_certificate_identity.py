# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names a certificate stands for, by both verdicts, and by published vectors where they are at hand."""

from __future__ import annotations

import ipaddress
import json
import os
import ssl
from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp import certificate as certificates
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.identity import covers, reference, subject_fault
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils.test_xmpp_peers import make, other
from cryptography import x509

ROOT = Path(__file__).resolve().parents[4]
#: Vectors of C2SP/x509-limbo (Apache-2.0). They are no part of the collection.
VECTORS_FILE = Path(os.environ.get("LYNC_X509_LIMBO_NAMES") or ROOT / ".." / "shared" / "data" / "x509_limbo_names.json")
WHY_NOT = f"No vectors of x509-limbo at {VECTORS_FILE} (LYNC_X509_LIMBO_NAMES names another file)."


def vectors():
    if not VECTORS_FILE.is_file():
        return []
    return json.loads(VECTORS_FILE.read_text(encoding="utf-8"))["testcases"]


@pytest.mark.skipif(not VECTORS_FILE.is_file(), reason=WHY_NOT)
@pytest.mark.parametrize("vector", vectors(), ids=lambda one: one["id"])
def test_vectors_of_x509_limbo(vector):
    seen = certificates.read(ssl.PEM_cert_to_DER_cert(vector["peer_certificate"]))
    taken, reason = seen.strictly(vector["expected_peer_name"]["value"])
    assert reason
    assert taken is (vector["expected_result"] == "SUCCESS"), reason


@pytest.mark.parametrize(
    ("presented", "wanted", "is_covered"),
    [
        ("contoso.test", "contoso.test", True),
        ("Contoso.TEST", "cONTOSO.test", True),
        ("contoso.test", "contoso.test.", True),  # the root's dot belongs to the name that is asked for
        ("contoso.test.", "contoso.test", False),  # and to no certificate
        ("*.contoso.test", "a.contoso.test", True),
        ("*.contoso.test", "xn--bcher-kva.contoso.test", True),
        ("*.contoso.test", "b\u00fccher.contoso.test", True),
        ("*.contoso.test", "contoso.test", False),
        ("*.contoso.test", ".contoso.test", False),
        ("*.contoso.test", "a.b.contoso.test", False),
        ("a*.contoso.test", "ab.contoso.test", False),
        ("*a.contoso.test", "ba.contoso.test", False),
        ("xn--*.contoso.test", "xn--bcher-kva.contoso.test", False),
        ("a.*.test", "a.contoso.test", False),
        ("*.*.test", "a.b.test", False),
        ("**.contoso.test", "a.contoso.test", False),
        ("*", "test", False),
        ("*", "contoso.test", False),
        ("*.", "contoso.", False),
        ("*.test", "contoso.test", False),
        ("*.co.uk", "contoso.co.uk", False),
        ("*.contoso.co.uk", "a.contoso.co.uk", True),
        ("xn--bcher-kva.test", "b\u00fccher.test", True),
        ("b\u00fccher.test", "b\u00fccher.test", False),
        ("192.0.2.1", "192.0.2.1", False),  # an address is no DNS name
        ("*.0.2.1", "192.0.2.1", False),
        ("", "", False),
        (".contoso.test", "a.contoso.test", False),
        ("contoso.test\0.evil.test", "contoso.test", False),
        ("contoso..test", "contoso..test", False),
        ("contoso.test ", "contoso.test", False),
    ],
)
def test_what_a_dns_name_covers(presented, wanted, is_covered):
    assert covers(presented, wanted) is is_covered


def test_addresses_are_found_among_addresses_alone():
    seen = certificates.read(
        make([x509.DNSName("192.0.2.9"), x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
              x509.IPAddress(ipaddress.ip_address("2001:db8::1"))], cn="192.0.2.7")
    )  # fmt: skip
    found = {one: seen.identifies(one) for one in ("192.0.2.1", "192.0.2.9", "192.0.2.7", "2001:DB8:0::1", "[2001:db8::1]")}
    assert found == {"192.0.2.1": True, "192.0.2.9": False, "192.0.2.7": False, "2001:DB8:0::1": True, "[2001:db8::1]": True}
    assert seen.identifies_by_older_rules("192.0.2.7") == ""


@pytest.mark.parametrize(
    ("names", "cn", "said"),
    [
        ([], "contoso.test", "CN"),
        ([], "*.contoso.test", ""),
        ([], "Contoso Ltd", ""),
        ([x509.RFC822Name("a@contoso.test")], "contoso.test", "CN"),  # no kind of name that stands for a server
        ([x509.DNSName("a.test")], "contoso.test", ""),
        ([other("1.3.6.1.5.5.7.8.7", 0x16, "_xmpp-server.a.test")], "contoso.test", ""),
        ([other("1.3.6.1.5.5.7.8.5", 0x0C, "contoso.test")], "a.test", "id-on-xmppAddr"),
    ],
)
def test_when_the_common_name_counts(names, cn, said):
    seen = certificates.read(make(names, cn=cn))
    assert seen.identifies("contoso.test") is False
    assert seen.identifies_by_older_rules("contoso.test") == said


def test_reasons_name_what_is_wrong():
    seen = certificates.read(make([x509.DNSName("*.com"), x509.DNSName("a*.contoso.test")], cn="contoso.test"))
    verdicts = seen.verdicts("contoso.test")
    assert "wildcard over a public suffix" in verdicts["rfc9525"]["reason"]
    assert "counts for nothing beside alternative names" in verdicts["older_rules"]["reason"]
    assert any("elsewhere than as the whole left-most label" in one for one in seen.faults())


@pytest.mark.parametrize(
    ("cn", "names", "addresses", "at_fault"),
    [
        ("contoso.test", ["contoso.test"], [], False),
        ("Contoso.test", ["contoso.test"], [], True),
        ("Contoso Ltd", ["contoso.test"], [], False),
        ("", ["contoso.test"], [], False),
        ("contoso.test", [], ["192.0.2.1"], False),
        ("192.0.2.01", [], ["192.0.2.1"], True),
        ("192.0.2.1", [], ["192.0.2.1"], False),
    ],
)
def test_a_common_name_repeats_an_alternative_one(cn, names, addresses, at_fault):
    assert bool(subject_fault(cn, names, addresses)) is at_fault


def test_a_name_is_looked_for_as_it_stands_in_certificates():
    assert reference("B\u00dcCHER.Test.") == "xn--bcher-kva.test"

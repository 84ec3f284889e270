# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates import judging as c
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils import certificate_samples as make
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils.certificate_samples import NOW, der
from cryptography.hazmat.primitives import hashes

NAMES = ["access.contoso.test", "webcon.contoso.test", "sip.contoso.test", "contoso.test"]


def codes(certificate, wanted=NAMES, use="XmppServer", **more):
    return [finding.code for finding in c.judge(der(certificate), wanted, use, NOW, **more)]


def test_names_of_an_edge():
    names = c.edge_names(
        "access.contoso.test",
        "webcon.contoso.test",
        ["contoso.test", "wingtip.test"],
        ["contoso.test", "wingtip.test"],
        {"contoso.test": "xmpp.contoso.test.", "wingtip.test": "access.contoso.test"},
    )
    assert names == [
        "access.contoso.test", "webcon.contoso.test", "sip.contoso.test", "sip.wingtip.test", "contoso.test",
        "wingtip.test", "xmpp.contoso.test",
    ]  # fmt: skip
    assert c.edge_names("SIP.contoso.test", None, ["contoso.test"]) == ["sip.contoso.test"]


def test_a_good_certificate_has_no_findings():
    good = make.certificate("access.contoso.test", NAMES)
    assert codes(good, trusted=[der(make.root())]) == []


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"names": NAMES[:3]}, ["name_missing"]),
        ({"names": ["*.contoso.test"]}, ["wildcard_only", "wildcard_only", "wildcard_only", "name_missing"]),
        ({"names": []}, ["name_missing"] * 4),
        ({"purposes": [make.SERVER]}, ["no_client_auth"]),
        ({"purposes": [make.CLIENT]}, ["no_server_auth"]),
        ({"purposes": []}, ["no_eku"]),
        ({"own": make.key("weak", 1024)}, ["weak_key"]),
        ({"days": 29.5}, ["expires_soon"]),
        ({"days": -0.5}, ["expired"]),
        ({"since": -0.5}, ["not_yet_valid"]),
        ({"algorithm": hashes.SHA512()}, []),
    ],
)
def test_findings(options, expected):
    options = {"names": NAMES, **options}
    assert codes(make.certificate("access.contoso.test", **options)) == expected


def test_a_weak_hash_is_found():
    # cryptography signs nothing with SHA-1 any more; SHA-224 is as little among what is taken
    weak = make.certificate("access.contoso.test", NAMES, algorithm=hashes.SHA224())
    assert codes(weak) == ["weak_signature"]


def test_client_authentication_matters_for_xmpp_only():
    certificate = make.certificate("access.contoso.test", NAMES, purposes=[make.SERVER])
    assert codes(certificate, use="AccessEdgeExternal") == []


def test_the_common_name_is_no_name():
    assert codes(make.certificate("contoso.test", ["other.test"]), wanted=["contoso.test"]) == ["name_missing"]


def test_chains():
    middle_key = make.key("middle")
    middle = make.certificate("Contoso Issuing", (), own=middle_key, purposes=(), ca=True)
    leaf = make.certificate("access.contoso.test", NAMES, issuer=middle, signer=middle_key)
    roots = [der(make.root())]
    assert codes(leaf, issuers=[der(middle)], trusted=roots) == []
    assert codes(leaf, trusted=roots) == ["no_chain"]
    assert codes(leaf, issuers=[der(middle)], trusted=[]) == ["no_chain"]
    late = make.certificate("Contoso Issuing", (), own=middle_key, purposes=(), ca=True, days=-0.1)
    assert codes(leaf, issuers=[der(late)], trusted=roots) == ["issuer_not_valid"]
    no_ca = make.certificate("Contoso Issuing", (), own=middle_key, purposes=())
    assert codes(leaf, issuers=[der(no_ca)], trusted=roots) == ["no_chain"]
    self_signed = make.certificate("access.contoso.test", NAMES, issuer=None, signer=make.key())
    assert codes(self_signed, trusted=roots) == ["no_chain"]


def test_what_is_no_certificate():
    with pytest.raises(c.CertificateError, match="cannot be read"):
        c.judge(b"nothing", NAMES, "Default", NOW)


def test_uses():
    assert c.use("xmppserver") == c.use("XMPPServer") == "XmppServer"
    with pytest.raises(c.CertificateError, match="'Everything' is none of them"):
        c.use("Everything")


def test_without_cryptography_there_is_a_sentence(monkeypatch):
    monkeypatch.setattr(c, "HAS_CRYPTOGRAPHY", False)
    monkeypatch.setattr(c, "CRYPTOGRAPHY_ERROR", ImportError("No module named 'cryptography'"), raising=False)
    with pytest.raises(c.CertificateError, match="pip install cryptography"):
        c.load(b"")

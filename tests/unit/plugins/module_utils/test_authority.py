# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from datetime import timedelta

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates import authority as a
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates.judging import (
    CertificateError,
    judge,
    names_of,
)
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils import certificate_samples as make
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils.certificate_samples import (
    NOW,
    PASSPHRASE,
    der,
    pem,
)
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519

PLAN = a.Plan("access.contoso.test", ("webcon.contoso.test", "sip.contoso.test", "contoso.test"))


@pytest.fixture(name="authority")
def _authority(tmp_path):
    return a.load_authority(*make.authority_files(tmp_path), PASSPHRASE, NOW)


def test_a_request_is_answered_as_planned(authority):
    issued = a.issue(authority, a.read_request(pem(make.request("access.contoso.test"))), PLAN, NOW)
    wanted = ["access.contoso.test", *PLAN.names]
    assert judge(der(issued), wanted, "XmppServer", NOW, trusted=[der(authority.certificate)]) == []
    assert names_of(issued) == wanted
    assert issued.not_valid_after_utc == NOW + timedelta(days=730)
    assert issued.extensions.get_extension_for_class(x509.BasicConstraints).critical


@pytest.mark.parametrize(
    "request_",
    [
        make.request("*", ["*.contoso.test", "evil.test"]),
        make.request("evil.test", (), None, [x509.BasicConstraints(ca=True, path_length=9)]),
        make.request("x", ["evil.test"], None, [x509.KeyUsage(True, True, True, True, True, True, True, False, False)]),
    ],
)
def test_of_a_request_only_the_public_key_counts(authority, request_):
    issued = a.issue(authority, a.read_request(pem(request_)), PLAN, NOW)
    assert names_of(issued) == ["access.contoso.test", *PLAN.names]
    assert issued.subject.rfc4514_string() == "CN=access.contoso.test"
    assert not issued.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not issued.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    assert a.answers(request_, issued)


def test_a_request_has_to_prove_its_key_and_have_a_strong_one():
    good = make.request("access.contoso.test")
    broken = bytearray(der(good))
    broken[-1] ^= 1
    for data, message in (
        (bytes(broken), "not signed by the key"),
        (pem(make.request(own=make.key("weak", 1024))), "has 1024 bits, and 2048 are wanted"),
        (b"nonsense", "cannot be read"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\n", "cannot be read"),
        (b"x" * 200_000, "larger than"),
    ):
        with pytest.raises(CertificateError, match=message):
            a.read_request(data)
    other = x509.CertificateSigningRequestBuilder().subject_name(make.named("x"))
    with pytest.raises(CertificateError, match="neither RSA nor"):
        a.read_request(pem(other.sign(ed25519.Ed25519PrivateKey.generate(), None)))


def test_a_request_is_read_in_the_forms_that_windows_writes():
    good = make.request("access.contoso.test")
    text = pem(good).decode().replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST").replace("\n", "\r\n")
    for data in (text.encode(), text.encode("utf-16"), der(good)):
        assert a.answers(a.read_request(data), _issued(data))


def _issued(data):
    authority = a.Authority(make.root(), make.key("root"))
    return a.issue(authority, a.read_request(data), PLAN, NOW)


def test_names_that_no_certificate_may_carry(authority):
    request = a.read_request(pem(make.request()))
    for plan in (
        a.Plan("*.contoso.test", ()),
        a.Plan("access.contoso.test", ("*.contoso.test",)),
        a.Plan("access.contoso.test", ("contoso.test\x00evil.test",)),
        a.Plan("contoso", ()),
    ):
        with pytest.raises(CertificateError, match="A name of the certificate cannot be"):
            a.issue(authority, request, plan, NOW)
    with pytest.raises(CertificateError, match="1 to 825 days, but 5000"):
        a.issue(authority, request, a.Plan("access.contoso.test", (), 5000), NOW)


def test_an_internationalised_domain_stands_as_in_dns(authority):
    issued = a.issue(authority, a.read_request(pem(make.request())), a.Plan("a.test", ("bücher.example",)), NOW)
    assert names_of(issued) == ["a.test", "xn--bcher-kva.example"]


def test_nothing_outlives_the_authority(tmp_path):
    short = make.root("Contoso Root", 10)
    authority = a.load_authority(*make.authority_files(tmp_path, certificate=short), PASSPHRASE, NOW)
    issued = a.issue(authority, a.read_request(pem(make.request())), PLAN, NOW)
    assert issued.not_valid_after_utc == NOW + timedelta(days=10)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path, mode):
    with pytest.raises(CertificateError, match=f"mode 0{mode:o}"):
        a.load_authority(*make.authority_files(tmp_path, mode=mode), PASSPHRASE, NOW)


def test_a_key_that_is_not_encrypted_is_refused(tmp_path):
    with pytest.raises(CertificateError, match="is not encrypted"):
        a.load_authority(*make.authority_files(tmp_path, encrypted=False), PASSPHRASE, NOW)


def test_other_things_that_keep_an_authority_from_issuing(tmp_path):
    certificate, key = make.authority_files(tmp_path)
    for passphrase, message in (("", "no passphrase is given"), ("wrong", "does not open")):
        with pytest.raises(CertificateError, match=message):
            a.load_authority(certificate, key, passphrase, NOW)
    with pytest.raises(CertificateError, match="is not valid now"):
        a.load_authority(certificate, key, PASSPHRASE, NOW + timedelta(days=5000))
    with pytest.raises(CertificateError, match="cannot be opened: No such file"):
        a.load_authority(certificate, str(tmp_path / "none"), PASSPHRASE, NOW)
    link = tmp_path / "link"
    os.symlink(key, link)
    with pytest.raises(CertificateError, match="cannot be opened"):
        a.load_authority(certificate, str(link), PASSPHRASE, NOW)
    with pytest.raises(CertificateError, match="is not a file"):
        a.load_authority(str(tmp_path), key, PASSPHRASE, NOW)


def test_a_certificate_that_is_no_authority(tmp_path):
    files = make.authority_files(tmp_path, certificate=make.root("Contoso Root", 3650, False))
    with pytest.raises(CertificateError, match="not that of a certification authority"):
        a.load_authority(*files, PASSPHRASE, NOW)
    other = make.certificate("Other", (), issuer=None, signer=make.key(), own=make.key(), purposes=(), ca=True)
    with pytest.raises(CertificateError, match="does not belong to its certificate"):
        a.load_authority(*make.authority_files(tmp_path, certificate=other), PASSPHRASE, NOW)


def test_no_key_is_printed(authority):
    assert "PRIVATE" not in repr(authority) and "key=" not in repr(authority)

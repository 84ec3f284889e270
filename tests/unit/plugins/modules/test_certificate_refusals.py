# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of every wrong kind, made by hand: each is refused with its reason, and no server hears of it."""

from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation.certificates import Stored, certificates_of
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates import stored as _stored
from ansible_collections.lync.xmpp_migration.plugins.modules import certificate
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils import certificate_samples as make
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.setup_site import DOMAINS, XMPP, Site
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import pkcs7

NAMES = ["access.contoso.test", "webcon.contoso.test", "sip.contoso.test", "sip.wingtip.test", *DOMAINS]
SUBJECT = NAMES[0]
CANARY = "CANARY-pfx-passphrase"
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.311.9999.1"), b"\x05\x00")
OTHER_DOMAIN = x509.NameConstraints([x509.DNSName("fabrikam.test")], None)
CRL_ONLY = x509.KeyUsage(False, False, False, False, False, False, True, False, False)


@pytest.fixture(name="site", scope="module")
def _site(tmp_path_factory):
    """An Edge Server whose request waits for its answer. Nothing that is refused changes it."""
    directory = tmp_path_factory.mktemp("refusals")
    with pytest.MonkeyPatch.context() as patch:
        site = Site(directory / "site")
        patch.setattr(_stored, "now", site.world.clock.now)
        site.pool()
        site.edge()
        site.directory = directory
        site.store = certificates_of(site.world.computer("edge2013.contoso.test"))
        site.store.add(Stored(make.root()), "Root")
        assert site.bench.run(certificate, offline(site), host="edge2013")["error"]["kind"] == "manual_gate"
        site.key = site.store.pending[-1].key.private
        yield site


def offline(site):
    return {**XMPP, "origin": {"source": "offline", "directory": str(site.directory)}}


def pem(*certificates):
    return b"".join(make.pem(one) for one in certificates)


def leaf(own, names=NAMES, subject=SUBJECT, **more):
    return make.certificate(subject, names, own=own, **more)


def between(name="Contoso Issuing", ca=True, **more):
    """An authority between the root and the server's certificate."""
    return make.certificate(name, (), own=make.key("middle", more.pop("bits", 2048)), purposes=(), ca=ca, **more)


def below(own, issuer, bits=2048):
    return leaf(own, issuer=issuer, signer=make.key("middle", bits))


#: What the file with the answer holds, by the key of the request; what is said of it.
ANSWERS = {
    "another name": (lambda own: pem(leaf(own, ["fabrikam.test"])), "access.contoso.test is not among its alternative names"),
    "a name is missing": (lambda own: pem(leaf(own, NAMES[:-1])), "wingtip.test is not among its alternative names"),
    "no alternative name": (lambda own: pem(leaf(own, [])), "contoso.test is not among its alternative names"),
    "a wildcard": (lambda own: pem(leaf(own, [SUBJECT, "*.contoso.test", *NAMES[3:]])), "covered by a wildcard only"),
    "another subject": (lambda own: pem(leaf(own, subject="contoso.test")), "access.contoso.test is wanted"),
    "expired": (lambda own: pem(leaf(own, days=-0.3)), "It expired on"),
    "not yet valid": (lambda own: pem(leaf(own, since=-3)), "It is not valid before"),
    "SHA-1": (lambda own: pem(make.signed_with_sha1(leaf(own), make.key("root"))), "signed with SHA1, and SHA-256"),
    "SHA-224": (lambda own: pem(leaf(own, algorithm=hashes.SHA224())), "signed with SHA224"),
    "no server authentication": (lambda own: pem(leaf(own, purposes=[make.CLIENT])), "lacks server authentication"),
    "no purposes": (lambda own: pem(leaf(own, purposes=[])), "has no enhanced key usage"),
    "no use for TLS": (lambda own: pem(leaf(own, extensions=[(CRL_ONLY, True)])), "neither digital signatures nor"),
    "an authority": (lambda own: pem(leaf(own, ca=True)), "(CA:TRUE), and no server's"),
    "an unknown critical extension": (
        lambda own: pem(leaf(own, extensions=[(UNKNOWN, True)])), "critical extension that nobody here knows"),
    "signed by itself": (lambda own: pem(leaf(own, issuer=None, signer=own)), "does not end in a trusted root"),
    "a root that nobody trusts": (
        lambda own: pem(below(own, between("Evil Root", issuer=None, signer=make.key("middle", 2048))),
                        between("Evil Root", issuer=None, signer=make.key("middle", 2048))),
        "does not end in a trusted root"),
    "a chain with a gap": (lambda own: pem(below(own, between())), "CN=Contoso Issuing is not known"),
    "an issuer that expired": (lambda own: pem(below(own, between(days=-0.3)), between(days=-0.3)), "is not valid now"),
    "an issuer that is no authority": (lambda own: pem(below(own, between(ca=False)), between(ca=False)), "wrong order"),
    "an issuer with a weak key": (
        lambda own: pem(below(own, between(bits=1024), 1024), between(bits=1024)), "Its chain does not hold"),
    "an issuer for other names": (
        lambda own: pem(below(own, between(extensions=[(OTHER_DOMAIN, True)])), between(extensions=[(OTHER_DOMAIN, True)])),
        "Its chain does not hold"),
    "an issuer with an unknown extension": (
        lambda own: pem(below(own, between(extensions=[(UNKNOWN, True)])), between(extensions=[(UNKNOWN, True)])),
        "Its chain does not hold"),
    "an issuer of the same name": (lambda own: pem(leaf(own, issuer=between()), between()), "wrong order"),
    "the wrong order": (lambda own: pem(between(), below(own, between())), "The server's own comes first"),
    "a foreign key": (lambda own: pem(leaf(make.key("foreign"))), "for another key than that of the request"),
    "a private key with it": (
        lambda own: pem(leaf(own)) + make.key("foreign").private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        "a private key in the clear"),
    "no certificate": (lambda own: b"<html>Sign in</html>", "holds no certificate that can be read"),
    "nothing": (lambda own: b"", "holds no certificate that can be read"),
    "half of one": (lambda own: pem(leaf(own))[:600], "holds no certificate that can be read"),
    "too much": (lambda own: pem(leaf(own)) + b"#" * 100_000, "larger than 100000 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_of_a_wrong_kind(site, kind):
    make_answer, said = ANSWERS[kind]
    answer = site.directory / "edge2013-AccessEdgeExternal.cer"
    answer.write_bytes(make_answer(site.key))
    start = len(site.world.transcript)
    result = site.bench.run(certificate, offline(site), host="edge2013")
    answer.unlink()
    assert result["failed"] and said in result["msg"], result["msg"]
    assert "othing was imported" in result["msg"] or "nothing was imported" in result["msg"], result["msg"]
    assert site.bench.called(start) == []


def pfx(certificate, own=None, chain=(), passphrase=CANARY):
    return make.pfx(certificate, own or make.key(), passphrase, chain)


def only_certificates():
    return make.pfx(None, None, CANARY, [leaf(make.key()), make.root()])


def other_kind_of_key():
    own = ed25519.Ed25519PrivateKey.generate()
    return make.pfx(make.certificate(SUBJECT, NAMES, own=own), own, CANARY)


PFX_FILES = {
    "another passphrase": (lambda: pfx(leaf(make.key()), passphrase="other"), "The passphrase does not open"),
    "no PFX file": (lambda: b"nothing", "The passphrase does not open"),
    "no key": (only_certificates, "has no private key"),
    "another kind of key": (other_kind_of_key, "neither RSA nor of an elliptic curve"),
    "a weak key": (lambda: pfx(leaf(make.key("weak", 1024)), make.key("weak", 1024)), "Its key has 1024 bits"),
    "another name": (lambda: pfx(leaf(make.key(), ["fabrikam.test"])), "is not among its alternative names"),
    "expired": (lambda: pfx(leaf(make.key(), days=-0.3)), "It expired on"),
    "SHA-1": (lambda: pfx(make.signed_with_sha1(leaf(make.key()), make.key("root"))), "signed with SHA1"),
    "an authority": (lambda: pfx(leaf(make.key(), ca=True)), "CA:TRUE"),
    "a chain with a gap": (lambda: pfx(below(make.key(), between())), "CN=Contoso Issuing is not known"),
    "no server authentication": (lambda: pfx(leaf(make.key(), purposes=[make.CLIENT])), "lacks server authentication"),
}


@pytest.mark.parametrize("kind", PFX_FILES)
def test_a_pfx_file_of_a_wrong_kind(site, kind):
    make_file, said = PFX_FILES[kind]
    result, called = bring(site, make_file())
    assert result["failed"] and said in result["msg"], result["msg"]
    assert "othing was imported" in result["msg"] and CANARY not in str(result)
    assert called == []


def bring(site, content, mode=0o600, passphrase=CANARY):
    file = site.directory / "access.pfx"
    file.unlink(missing_ok=True)
    file.write_bytes(content)
    file.chmod(mode)
    start = len(site.world.transcript)
    options = {**XMPP, "origin": {"source": "pfx", "file": str(file)}, "pfx_passphrase": passphrase}
    return site.bench.run(certificate, options, host="edge2013"), site.bench.called(start)


def test_a_pfx_file_that_others_can_read_is_refused(site):
    result, called = bring(site, pfx(leaf(make.key())), 0o640)
    assert "can be read by others" in result["msg"] and called == []


def test_a_pfx_file_wants_its_passphrase(site):
    result, called = bring(site, pfx(leaf(make.key())), passphrase=None)
    assert "without a passphrase" in result["msg"] and called == []


def test_an_answer_with_an_issuer_between_is_imported_with_it(site):
    """After the refusals the request is as good as it was."""
    issuer = between()
    answer = site.directory / "edge2013-AccessEdgeExternal.p7b"
    chain = [make.root(), issuer, below(site.key, issuer)]  # a PKCS #7 file has no order
    answer.write_bytes(pkcs7.serialize_certificates(chain, serialization.Encoding.DER))
    result = site.bench.done(certificate, offline(site), host="edge2013")
    assert site.store.find(result["certificate"]["thumbprint"]).key.private is site.key
    assert site.store.find(Stored(issuer).thumbprint, "CA") is not None
    assert site.bench.done(certificate, offline(site), host="edge2013")["changed"] is False

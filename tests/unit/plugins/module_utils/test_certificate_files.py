# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ctypes
import os
import resource

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates import files, pfx
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils import certificate_samples as make
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

PASSPHRASE = "CANARY-pfx-passphrase"


def leaf_and_issuer():
    issuer = make.certificate("Contoso Issuing", (), own=make.key("middle"), purposes=(), ca=True)
    leaf = make.certificate("access.contoso.test", ["access.contoso.test"], issuer=issuer, signer=make.key("middle"))
    return leaf, issuer


@pytest.mark.parametrize("form", ["PEM", "PEM in UTF-16", "DER", "PKCS #7", "PKCS #7 in PEM"])
def test_a_certificate_is_read_in_the_forms_that_authorities_give(form):
    leaf, issuer = leaf_and_issuer()
    pem = make.pem(leaf) + make.pem(issuer)
    data = {
        "PEM": pem,
        "PEM in UTF-16": pem.decode("ascii").encode("utf-16"),
        "DER": make.der(leaf),
        "PKCS #7": pkcs7.serialize_certificates([make.root(), issuer, leaf], serialization.Encoding.DER),
        "PKCS #7 in PEM": pkcs7.serialize_certificates([issuer, leaf], serialization.Encoding.PEM),
    }[form]
    bundle = files.read_bundle(data, "answer")
    assert bundle.certificate == leaf
    assert bundle.intermediates == (() if form == "DER" else (issuer,))  # a root is not among them


def test_what_windows_gets_has_the_issuers_between_with_it():
    leaf, issuer = leaf_and_issuer()
    content, suffix = files.Bundle(leaf, (issuer, make.root())).for_windows()
    assert suffix == "p7b" and set(pkcs7.load_der_pkcs7_certificates(content)) == {leaf, issuer}
    assert files.Bundle(leaf, (make.root(),)).for_windows() == (make.pem(leaf), "cer")


def test_what_travels_opens_with_the_password_of_its_journey_only(tmp_path):
    leaf, issuer = leaf_and_issuer()
    file = tmp_path / "access.pfx"
    file.write_bytes(make.pfx(leaf, make.key(), PASSPHRASE, [issuer]))
    file.chmod(0o600)
    travelling = pfx.load(str(file), PASSPHRASE).sealed("single use")
    with pytest.raises(ValueError):
        pkcs12.load_pkcs12(travelling, PASSPHRASE.encode())
    found = pkcs12.load_pkcs12(travelling, b"single use")
    assert found.cert.certificate == leaf and found.additional_certs == []
    assert PASSPHRASE not in repr(pfx.load(str(file), PASSPHRASE)) and "PrivateKey" not in repr(pfx.load(str(file), PASSPHRASE))


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="Only Linux says who may look into a process.")
def test_a_process_with_keys_leaves_no_core_and_shows_its_memory_to_nobody():
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # what is sealed stays so
        files.seal()
        os.write(writing, f"{resource.getrlimit(resource.RLIMIT_CORE)} {_dumpable()}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read().decode()
    os.waitpid(child, 0)
    assert said == "(0, 0) 0"


def _dumpable() -> int:
    return int(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))


def test_only_partners_that_may_use_external_are_named():
    partners = [{"domain": "a.test", "sasl_negotiation": "Optional"}, {"domain": "b.test", "sasl_negotiation": "NotSupported"},
                {"domain": "c.test"}]  # fmt: skip
    assert files.relying_on_external(partners) == ["a.test", "c.test"] and files.relying_on_external(None) == []

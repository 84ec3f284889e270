# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading hostile streams, hostile certificates, and choosing where a probe may connect to."""

from __future__ import annotations

import ipaddress
import time
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp import certificate as certificates
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp import stream as xmpp
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp import targets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

OPEN = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
    b"id='abc' from='contoso.test' version='1.0'>"
)
FEATURES = (
    b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
    b"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>"
    b"<dialback xmlns='urn:xmpp:features:dialback'/></stream:features>"
)


class TestReader:
    @pytest.mark.parametrize("size", [1, 7, 10_000])
    def test_header_and_features_in_pieces(self, size: int) -> None:
        reader, data = xmpp.StreamReader(), OPEN + FEATURES
        for start in range(0, len(data), size):
            reader.feed(data[start : start + size])
        assert reader.header == xmpp.Header("abc", "contoso.test", "1.0", True)
        element = reader.next()
        assert xmpp.is_features(element)
        assert xmpp.features(element) == xmpp.Features(True, True, ("EXTERNAL",), True)

    def test_stream_error(self) -> None:
        reader = xmpp.StreamReader()
        reader.feed(OPEN + b"<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
        element = reader.next()
        assert element is not None and xmpp.stream_error(element) == "host-unknown"

    def test_a_condition_is_a_word_or_nothing(self) -> None:
        reader = xmpp.StreamReader()
        reader.feed(OPEN + b"<stream:error><A.B xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
        element = reader.next()
        assert element is not None and xmpp.stream_error(element) == "undefined-condition"

    @pytest.mark.parametrize(
        ("data", "id"),
        [
            (b"<!DOCTYPE a [<!ENTITY x 'y'>]><stream/>", "hostile_xml"),
            (b"<?xml version='1.0'?><!DOCTYPE stream SYSTEM 'file:///etc/passwd'><stream/>", "hostile_xml"),
            (OPEN + b"<?php x ?>", "hostile_xml"),
            (OPEN + b"<!-- x -->", "hostile_xml"),
            (OPEN + b"<a>" * 40, "too_much"),
            (OPEN + b"<a/>" * 600, "too_much"),
            (OPEN + b"x" * xmpp.MAX_BYTES, "too_much"),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "not_xml"),
            (OPEN + b"<a></b>", "not_xml"),
            (OPEN + b"\xff\xfe", "not_xml"),
            (OPEN + b"<a>&undefined;</a>", "not_xml"),
            (b"\x00" * 10, "not_xml"),
        ],
    )
    def test_what_is_refused(self, data: bytes, id: str) -> None:
        with pytest.raises(xmpp.Hostile) as caught:
            xmpp.StreamReader().feed(data)
        assert caught.value.id == id

    def test_an_endless_drip_ends_in_a_second(self) -> None:
        reader, started, sent = xmpp.StreamReader(), time.monotonic(), 0
        reader.feed(OPEN + b"<a b='")
        with pytest.raises(xmpp.Hostile):
            while sent < 8_000_000:
                reader.feed(b"x" * 10)
                sent += 10
        assert time.monotonic() - started < 1

    def test_quotes_cannot_leave_the_header(self) -> None:
        sent = xmpp.opening("a' evil='1", "b<c&").decode()
        assert "evil='1'" not in sent and "&lt;c&amp;" in sent


def make(names: list[x509.GeneralName], days: int = 90, uses: list | None = None, cn: str = "edge") -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    name = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Contoso"), x509.NameAttribute(NameOID.COMMON_NAME, cn)]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def other(oid: str, tag: int, text: str) -> x509.OtherName:
    data = text.encode()
    return x509.OtherName(x509.ObjectIdentifier(oid), bytes([tag, len(data)]) + data)


class TestCertificate:
    def test_all_kinds_of_names(self) -> None:
        der = make(
            [
                x509.DNSName("access.contoso.test"),
                x509.DNSName("*.wingtip.test"),
                other("1.3.6.1.5.5.7.8.7", 0x16, "_xmpp-server.fabrikam.test"),
                other("1.3.6.1.5.5.7.8.5", 0x0C, "nwtraders.test"),
                x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
            ],
            uses=[ExtendedKeyUsageOID.SERVER_AUTH],
            cn="Зона",
        )
        seen = certificates.read(der)
        assert seen.dns_names == ("access.contoso.test", "*.wingtip.test")
        assert seen.srv_names == ("_xmpp-server.fabrikam.test",)
        assert seen.xmpp_addresses == ("nwtraders.test",)
        assert seen.common_name == "Зона"
        assert seen.allows(certificates.SERVER_AUTH) and not seen.allows(certificates.CLIENT_AUTH)
        parsed = x509.load_der_x509_certificate(der)
        assert seen.sha256 == parsed.fingerprint(hashes.SHA256()).hex().upper()
        assert seen.sha1 == parsed.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303  Lync's thumbprint
        assert seen.not_after == parsed.not_valid_after_utc

    @pytest.mark.parametrize(
        ("domain", "named"),
        [
            ("access.contoso.test", True),
            ("ACCESS.contoso.test.", True),
            ("contoso.test", False),
            ("a.wingtip.test", True),
            ("a.b.wingtip.test", False),
            ("wingtip.test", False),
            ("fabrikam.test", True),
            ("nwtraders.test", False),
            ("x.nwtraders.test", False),
            ("edge", False),
        ],
    )
    def test_identity_is_what_the_standards_say(self, domain: str, named: bool) -> None:
        der = make(
            [
                x509.DNSName("access.contoso.test"),
                x509.DNSName("*.wingtip.test"),
                other("1.3.6.1.5.5.7.8.7", 0x16, "_xmpp-server.fabrikam.test"),
                other("1.3.6.1.5.5.7.8.7", 0x16, "_xmpp-client.client.test"),
                other("1.3.6.1.5.5.7.8.5", 0x0C, "nwtraders.test"),
            ]
        )
        assert certificates.read(der).identifies(domain) is named

    @pytest.mark.parametrize(
        ("domain", "new", "old"),
        [
            ("access.contoso.test", True, True),
            ("nwtraders.test", False, True),
            ("xn--bcher-kva.test", False, True),
            ("edge.test", False, False),  # beside alternative names a CN counts for nothing
            ("other.test", False, False),
        ],
    )
    def test_both_verdicts_with_their_reasons(self, domain: str, new: bool, old: bool) -> None:
        names = [
            x509.DNSName("access.contoso.test"),
            other("1.3.6.1.5.5.7.8.5", 0x0C, "nwtraders.test"),
            other("1.3.6.1.5.5.7.8.5", 0x0C, "bücher.test"),
        ]
        verdicts = certificates.read(make(names, cn="edge.test")).verdicts(domain)
        assert (verdicts["rfc9525"]["matches"], verdicts["older_rules"]["matches"]) == (new, old)
        assert all(one["reason"] for one in verdicts.values())

    def test_without_any_extension(self) -> None:
        seen = certificates.read(make([]))
        assert seen.dns_names == () and seen.allows(certificates.CLIENT_AUTH)

    @settings(max_examples=300, deadline=None)
    @given(data=st.data())
    def test_broken_ones_are_said_to_be_broken(self, data: st.DataObject) -> None:
        der = bytearray(SAMPLE)
        for _change in range(data.draw(st.integers(1, 4))):
            der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
        try:
            certificates.read(bytes(der[: data.draw(st.integers(0, len(der)))]))
        except certificates.NotDer:
            pass


SAMPLE = make(
    [x509.DNSName("a.test"), other("1.3.6.1.5.5.7.8.5", 0x0C, "b.test")], uses=[ExtendedKeyUsageOID.CLIENT_AUTH]
)


class FakeLookup(targets.Lookup):
    def __init__(self, services: dict, addresses: dict) -> None:
        self.known, self.hosts = services, addresses

    def services(self, domain: str, service: str = "_xmpp-server") -> list[tuple[str, int]] | None:
        return self.known.get(domain if service == "_xmpp-server" else f"{service}.{domain}")

    def alias(self, host: str) -> str:
        return self.hosts.get(f"alias of {host}", "")

    def addresses(self, host: str) -> list[str]:
        return self.hosts.get(host, [])


class TestTargets:
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1", "127.40.50.40", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104
            "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "::ffff:10.0.0.1",
            "::ffff:169.254.169.254", "2002:a00:1::", "64:ff9b::a00:1", "64:ff9b::7f00:1", "ff02::1", "2001:db8::1",
        ],
    )  # fmt: skip
    def test_addresses_inside_are_refused(self, address: str) -> None:
        assert targets.refusal(ipaddress.ip_address(address), False)

    @pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
    def test_addresses_outside_are_not(self, address: str) -> None:
        assert targets.refusal(ipaddress.ip_address(address), False) is None

    @pytest.mark.parametrize(
        ("address", "refused"),
        [("127.40.50.40", False), ("10.0.0.1", False), ("0.0.0.0", True), ("224.0.0.1", True)],  # noqa: S104
    )
    def test_with_the_option_private_ones_are_asked(self, address: str, refused: bool) -> None:
        assert bool(targets.refusal(ipaddress.ip_address(address), True)) is refused

    def test_a_service_record_into_the_inside_is_a_finding(self) -> None:
        lookup = FakeLookup({"a.test": [("x.a.test", 5269)]}, {"x.a.test": ["8.8.8.8", "169.254.169.254"]})
        found, findings = targets.targets_of(["a.test"], [], [], 5269, lookup, False)
        assert [one.address for one in found] == ["8.8.8.8"]
        assert [(one.id, one.address) for one in findings] == [("refused_address", "169.254.169.254")]

    def test_no_service(self) -> None:
        _found, findings = targets.targets_of(["a.test"], [], [], 5269, FakeLookup({"a.test": [("", 0)]}, {}), False)
        assert [one.id for one in findings] == ["no_service"]

    def test_without_a_record_the_domain_itself(self) -> None:
        found, _ = targets.targets_of(["a.test"], [], [], 7, FakeLookup({}, {"a.test": ["8.8.8.8"]}), False)
        assert found == [targets.Target("a.test", "a.test", "8.8.8.8", 5269)]

    def test_without_a_record_that_is_said(self) -> None:
        _, findings = targets.targets_of(["a.test"], [], [], 7, FakeLookup({}, {"a.test": ["8.8.8.8"]}), False)
        assert [(one.id, one.severity) for one in findings] == [("no_service_record", "warning")]

    @pytest.mark.parametrize(
        ("services", "addresses", "id", "evidence"),
        [
            ({"a.test": [(".", 0)]}, {}, "no_service", {"target": "."}),
            (
                {"a.test": [("x.a.test", 1)]},
                {"x.a.test": ["8.8.8.8"], "alias of x.a.test": "y.b.test"},
                "alias_target",
                {"host": "x.a.test", "alias": "y.b.test"},
            ),
            (
                {"a.test": [("x.a.test", 1), ("z.a.test", 1)]},
                {"x.a.test": ["8.8.8.8"]},
                "target_without_address",
                {"host": "z.a.test"},
            ),
            (
                {"a.test": [("x.a.test", 1)], "_xmpps-server.a.test": [("old.a.test", 5270)]},
                {"x.a.test": ["8.8.8.8"]},
                "stray_direct_tls",
                {"targets": ["old.a.test:5270"]},
            ),
            (
                {"a.test": [("x.a.test", 1)], "_jabber.a.test": [("old.a.test", 5269)]},
                {"x.a.test": ["8.8.8.8"]},
                "stray_jabber",
                {"targets": ["old.a.test:5269"]},
            ),
            (
                {"a.test": [("x.a.test", 1), ("bad name", 1)]},
                {"x.a.test": ["8.8.8.8"]},
                "bad_target",
                {"host": "bad name"},
            ),
        ],
    )
    def test_what_is_wrong_with_the_records(self, services: dict, addresses: dict, id: str, evidence: dict) -> None:
        _, findings = targets.targets_of(["a.test"], [], [], 5269, FakeLookup(services, addresses), False)
        assert [(one.id, dict(one.evidence)) for one in findings] == [(id, evidence)]

    def test_a_private_target_that_may_be_asked_is_mentioned(self) -> None:
        lookup = FakeLookup({"a.test": [("x.a.test", 5269)]}, {"x.a.test": ["10.0.0.1"]})
        found, findings = targets.targets_of(["a.test"], [], [], 5269, lookup, True)
        assert found and [(one.id, one.severity) for one in findings] == [("private_target", "info")]

    def test_aim_before_dns(self) -> None:
        lookup = FakeLookup({"a.test": [("old.a.test", 5269)]}, {"new.a.test": ["8.8.8.8"]})
        found, _ = targets.targets_of(["a.test"], ["new.a.test"], [], 5269, lookup, False)
        assert found == [targets.Target("a.test", "new.a.test", "8.8.8.8", 5269)]
        found, _ = targets.targets_of(["a.test"], [], ["8.8.4.4"], 1234, lookup, False)
        assert found == [targets.Target("a.test", "", "8.8.4.4", 1234)]

    def test_nobody_is_asked_where_too_many_would_be(self) -> None:
        hosts = [(f"h{i}.a.test", 5269) for i in range(5000)]
        lookup = FakeLookup({"a.test": hosts}, {name: ["8.8.8.8", "8.8.4.4"] for name, _ in hosts})
        with pytest.raises(InvalidInput, match="more than 20"):
            targets.targets_of(["a.test"], [], [], 5269, lookup, False)

    def test_names_without_addresses(self) -> None:
        lookup = FakeLookup({"a.test": [("x.a.test", 5269)]}, {})
        _found, findings = targets.targets_of(["a.test"], [], [], 5269, lookup, False)
        assert [one.id for one in findings] == ["not_resolved"]
        _found, findings = targets.targets_of(["a.test"], [], ["nonsense"], 5269, lookup, False)
        assert [one.id for one in findings] == ["refused_address"]

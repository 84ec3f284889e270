# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe and its advice against a real XMPP server in twelve configurations; the advice is then tried between two servers,
in both directions.

Prosody stands in for Lync's own gateway in that trial, with the lab's module for a partner's settings: what is tried is the
negotiation, not the gateway.
"""

from __future__ import annotations

import contextlib
import os
import queue
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab import dns as name_servers
from ansible_collections.lync.xmpp_migration.lab.estate import Record, Zone
from ansible_collections.lync.xmpp_migration.lab.xmpp import Negotiation, Setup
from ansible_collections.lync.xmpp_migration.lab.xmpp import Prosody as Gateway
from ansible_collections.lync.xmpp_migration.lab.xmpp.component import Component
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import perform
from ansible_collections.lync.xmpp_migration.plugins.modules import xmpp_probe as module
from ansible_collections.lync.xmpp_migration.tests.lab.prosody_support import Prosody
from ansible_collections.lync.xmpp_migration.tests.lab.xmpp_authority import Authority
from cryptography.x509.oid import ExtendedKeyUsageOID

pytestmark = pytest.mark.needs("prosody", "lua-unbound")

US, THEM = "contoso.test", "fabrikam.test"
SECRET = "of the components"
R, O, N = "Required", "Optional", "NotSupported"  # noqa: E741
ALL = ("tls", "saslauth", "dialback")


class Bed:
    """Two addresses, a name server that leads each domain to its own, and certificates."""

    def __init__(self, directory: Path) -> None:
        prefix = f"127.{random.randrange(64, 250)}.{random.randrange(1, 250)}"
        self.us, self.them, self.directory = f"{prefix}.2", f"{prefix}.3", directory
        zones = [
            Zone(
                domain,
                5,
                (Record("_xmpp-server._tcp", "SRV", f"0 0 5269 xmpp.{domain}."), Record("xmpp", "A", address)),
            )
            for domain, address in ((US, self.us), (THEM, self.them))
        ]
        self.dns = name_servers.start(zones, directory / "dns", software="builtin")
        self.authority, self.stranger = Authority(directory), Authority(directory, "stranger.pem")
        self.own = self.authority.issue(US)
        for name, content in self.own.items():
            (directory / name).write_bytes(content)

    def probe(self, **options: Any) -> dict[str, Any]:
        params = {
            "domains": [THEM],
            "sender": US,
            "allow_private": True,
            "ca_file": str(self.authority.file),
            "certificate": str(self.directory / "certificate"),
            "key": str(self.directory / "key"),
            "dialback_listen": {"address": self.us},
            "name_servers": [{"address": self.dns.address, "port": self.dns.port}],
            "fail_on_error": False,
            "seconds": 40,
            **options,
        }
        return perform(module.ARGUMENT_SPEC, module.run, params, Context("", "", ""))


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    bed = Bed(tmp_path_factory.mktemp("prosody"))
    yield bed
    bed.dns.stop()


@dataclass(frozen=True)
class Case:
    """A partner's configuration, and what is to be found of it, written by hand."""

    name: str
    found: tuple[str, ...]
    advice: tuple[str, str, bool] | None
    modules: tuple[str, ...] = ALL
    required: bool = False
    issue: dict[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = (THEM,)
    stranger: bool = False
    external: bool | None = True
    dialback: bool = True
    tls: bool = True


CASES = [
    Case("TLS required, EXTERNAL and dialback", (), (R, R, False), required=True),
    Case("TLS optional, EXTERNAL and dialback", (), (R, R, False)),
    Case("no TLS, dialback", ("starttls_not_offered", "no_tls"), (O, N, True), ("dialback",), external=None, tls=False),
    Case("TLS required, no dialback", ("dialback_failed",), (R, R, False), ("tls", "saslauth"), True, dialback=False),
    Case(
        "TLS required, no EXTERNAL", ("external_not_offered",), (R, N, True), ("tls", "dialback"), True, external=None
    ),
    Case("expired certificate", ("not_trusted", "not_valid_now"), (R, O, True), issue={"days": -1}),
    Case("certificate of another name", ("name_mismatch",), (R, O, True), names=("xmpp.fabrikam.test",)),
    Case("self-signed certificate", ("not_trusted",), (R, O, True), issue={"self_signed": True}),
    Case("certificate of a stranger", ("not_trusted",), (R, O, True), stranger=True),
    Case(
        "certificate for clients only",
        ("not_trusted", "no_server_authentication"),
        (R, O, True),
        issue={"uses": [ExtendedKeyUsageOID.CLIENT_AUTH]},
    ),
    Case(
        "certificate for servers only",
        ("no_client_authentication",),
        (R, O, True),
        issue={"uses": [ExtendedKeyUsageOID.SERVER_AUTH]},
    ),
    Case(
        "neither EXTERNAL nor dialback",
        ("stream_error", "dialback_failed"),
        None,
        ("tls",),
        external=None,
        dialback=False,
    ),
]
GOOD = {"external_done", "dialback_done", "private_target"}


def _partner(bed: Bed, directory: Path, case: Case) -> Prosody:
    signer = bed.stranger if case.stranger else bed.authority
    certificate = signer.issue(*case.names, **case.issue) if case.tls else None
    return Prosody(
        directory / "partner", THEM, bed.them, bed.dns.port, case.modules, required=case.required, certificate=certificate,
        ca_file=bed.authority.file,
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_verdict_is_right_and_the_advice_works(bed: Bed, tmp_path: Path, case: Case) -> None:
    with _partner(bed, tmp_path, case) as partner:
        result = bed.probe()
        (answer,), (advice,) = result["answers"], result["advice"]
        assert {one["id"] for one in result["findings"]} - GOOD == set(case.found), (result["findings"], partner.log())
        assert answer["external_carried_through"] is case.external, partner.log()
        assert answer["dialback_carried_through"] is case.dialback, partner.log()
        assert answer["ping"] is (True if case.external or case.dialback else None)
        assert bool(answer["tls_version"]) is case.tls and answer["starttls_required"] is case.required
        triple = tuple(advice[f"{one}"] for one in _OPTIONS)
        assert triple == (case.advice or (None, None, None)), advice
        if case.advice is not None:
            with _ours(bed, tmp_path, case.advice) as ours:
                assert _answer_to_ping(bed) == "result", ours.log() + partner.log()
                said = partner.shell(f'xmpp:ping("{THEM}", "{US}")')
                assert "pong" in said.lower(), said + ours.log()


_OPTIONS = ("tls_negotiation", "sasl_negotiation", "support_dialback_negotiation")


@contextlib.contextmanager
def _ours(bed: Bed, directory: Path, triple: tuple[str, str, bool]) -> Iterator[Gateway]:
    """Our side, set up as Lync's partner is with this combination, for this partner and nobody else."""
    setup = Setup(
        bed.us,
        5269,
        (US,),
        bed.own["certificate"].decode(),
        bed.own["key"],
        bed.authority.file.read_text("ascii"),
        gateway=True,
    )
    ours = Gateway(setup, directory / "ours", (bed.dns.address, bed.dns.port), SECRET)
    ours.serve({THEM: Negotiation(*triple)}, silent=True)
    try:
        yield ours.start().wait()
    finally:
        ours.stop(at_once=True)


def _answer_to_ping(bed: Bed) -> str:
    """The type of what comes back from the partner, or nothing."""
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    component = Component(bed.us, US, SECRET, lambda stanza: answers.put(stanza.get("type", "")))
    try:
        assert component.connected.wait(20)
        ping = f"<iq type='get' id='p1' from='us@{US}' to='{THEM}'><ping xmlns='urn:xmpp:ping'/></iq>"
        assert component.send(ping)
        return answers.get(timeout=20)
    except queue.Empty:
        return ""
    finally:
        component.stop()


@pytest.mark.parametrize(
    ("case", "triple"),
    [
        (CASES[2], (R, O, True)),  # TLS is required, and the partner has none
        (CASES[3], (R, N, True)),  # dialback alone, and the partner does SASL EXTERNAL alone
        (CASES[4], (R, R, False)),  # SASL EXTERNAL alone, and the partner does dialback alone
        (CASES[7], (R, R, False)),  # SASL EXTERNAL alone, and the partner's certificate is nobody's
    ],
    ids=lambda value: value.name if isinstance(value, Case) else "",
)
def test_a_triple_that_does_not_fit_does_not_work(bed: Bed, tmp_path: Path, case: Case, triple: Any) -> None:
    with _partner(bed, tmp_path, case), _ours(bed, tmp_path, triple):
        assert _answer_to_ping(bed) == "error"


def test_a_triple_that_is_configured_is_compared(bed: Bed, tmp_path: Path) -> None:
    def with_triple(tls: str, sasl: str, dialback: bool) -> list[str]:
        triple = {"tls_negotiation": tls, "sasl_negotiation": sasl, "support_dialback_negotiation": dialback}
        return [one["id"] for one in bed.probe(negotiation=triple)["findings"] if "negotiation" in one["id"]]

    with Prosody(
        tmp_path / "partner", THEM, bed.them, bed.dns.port, ("tls", "dialback"), certificate=bed.authority.issue(THEM)
    ):
        assert with_triple(R, N, True) == []
        assert with_triple(R, R, True) == ["negotiation_will_fail"]
        assert with_triple(N, R, False) == ["negotiation_invalid"]
        assert with_triple(O, N, True) == ["negotiation_not_strictest"]


def test_a_partner_that_does_not_trust_us_and_one_that_is_not_answered(bed: Bed, tmp_path: Path) -> None:
    """A listener that the sender's service record does not lead to is never asked, and that is said."""
    with Prosody(tmp_path / "partner", THEM, bed.them, bed.dns.port, certificate=bed.authority.issue(THEM)):
        port = 20_000 + os.getpid() % 20_000
        result = bed.probe(dialback_listen={"address": bed.us, "port": port})
    failed = next(one for one in result["findings"] if one["id"] == "dialback_failed")
    assert "never asked the authoritative server" in failed["reason"]


def test_what_a_partner_says_is_passed_on(bed: Bed, tmp_path: Path) -> None:
    with Prosody(tmp_path / "partner", THEM, bed.them, bed.dns.port, certificate=bed.authority.issue(THEM)):
        result = bed.probe(domains=["elsewhere.test"], addresses=[bed.them], dialback_listen=None)
    assert "host-unknown" in result["findings"][0]["reason"]

# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""xmpp_partner_advice: what is declared of partners against what the lab's listeners do, found through the lab's DNS."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab import dns as name_servers
from ansible_collections.lync.xmpp_migration.lab.estate import Record, Zone
from ansible_collections.lync.xmpp_migration.lab.xmpp import Listener
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import perform
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.negotiation import MATRIX
from ansible_collections.lync.xmpp_migration.plugins.modules import xmpp_partner_advice as module
from ansible_collections.lync.xmpp_migration.tests.lab.xmpp_authority import Authority

_STREAMS = itertools.count()
#: partner -> what its server does; the certificate is trusted, none or without TLS
SERVERS: dict[str, dict[str, Any]] = {
    "external.test": {"external": True, "dialback": False},
    "both.test": {"external": True},
    "dialback.test": {},
    "plain.test": {"tls": False},
    # it takes the stream before TLS and refuses the one after it, as to a stranger
    "silent.test": {"dialback": False, "accept": lambda sender, to: next(_STREAMS) % 2 == 0},
}
STRICTEST = {
    "external.test": ("Required", "Required", False),
    "both.test": ("Required", "Required", False),
    "plain.test": ("Optional", "NotSupported", True),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    authority = Authority(tmp_path_factory.mktemp("ca"))
    zones, listeners = [], []
    for domain, told in SERVERS.items():
        options = dict(told)
        tls = authority.issue(domain) if options.pop("tls", True) else {}
        listeners.append(Listener("127.0.0.1", 0, [domain], **tls, **options).start())
        records = (
            Record("_xmpp-server._tcp", "SRV", f"0 0 {listeners[-1].port} xmpp.{domain}."),
            Record("xmpp", "A", "127.0.0.1"),
        )
        zones.append(Zone(domain, 2, records))
    server = name_servers.start(zones, tmp_path_factory.mktemp("dns"), software="builtin")
    servers = [{"address": server.address, "port": server.port}]
    ours = {name: tmp_path_factory.mktemp("ours") / f"{name}.pem" for name in ("certificate", "key")}
    for name, content in authority.issue("contoso.test").items():
        ours[name].write_bytes(content)
        ours[name].chmod(0o600)
    yield {
        "options": {"ca_file": str(authority.file), "name_servers": servers, "allow_private": True},
        "ours": {name: str(file) for name, file in ours.items()},
    }
    server.stop()
    for one in listeners:
        one.stop()


def advise(place: dict[str, Any], *partners: dict[str, Any], check: bool = False, **more: Any) -> dict[str, Any]:
    options = {"partners": list(partners), "seconds": 20, "sender": "contoso.test", **place["options"], **more}
    return perform(module.ARGUMENT_SPEC, module.run, options, Context("", "", "", check=check), **module.CONSTRAINTS)


def declared(domain: str, triple: tuple[str, str, bool]) -> dict[str, Any]:
    names = ("tls_negotiation", "sasl_negotiation", "support_dialback_negotiation")
    return {"domain": domain, **dict(zip(names, triple, strict=True))}


@pytest.mark.parametrize("check", [False, True])
def test_what_is_declared_against_what_will_work(place: dict[str, Any], check: bool) -> None:
    result = advise(place, *(declared(*one) for one in STRICTEST.items()), {"domain": "dialback.test"}, check=check)
    assert not result.get("failed"), result["msg"]
    advice = {one["domain"]: one for one in result["advice"]}
    for domain, triple in STRICTEST.items():
        assert advice[domain]["verdict"] == "as_recommended", advice[domain]
        assert tuple(advice[domain]["recommended"].values()) == triple
    # the cmdlet's defaults: SASL wanted of a partner that does dialback only, which shows only to who has a certificate
    left_out = advice["dialback.test"]
    assert left_out["verdict"] == "untried" and left_out["declared_level"] == "warned"
    assert "was not tried, because no certificate and key were given" in left_out["reason"]
    assert "Dialback is never used where both TLS and SASL are required." in left_out["reason"]
    (warning,) = [one for one in result["warnings"] if "dialback.test" in one]
    assert left_out["reason"] in warning
    assert result["table"] == result["say"] and len(result["table"]) == 5
    assert "dialback.test" in result["table"][-1] and "untried" in result["table"][-1]


@pytest.mark.parametrize("triple", list(MATRIX), ids=str)
def test_every_row_against_a_partner_that_does_both(place: dict[str, Any], triple: tuple[str, str, bool]) -> None:
    (advice,) = advise(place, declared("both.test", triple))["advice"]
    verdict = MATRIX[triple]
    assert advice["declared_level"] == verdict.level
    strictest = triple == STRICTEST["both.test"]
    expected = "as_recommended" if strictest else "not_strictest" if verdict.valid else "impossible"
    assert advice["verdict"] == expected, advice
    assert all(warning in advice["reason"] for warning in verdict.warnings)
    assert verdict.reason in advice["reason"]


@pytest.mark.parametrize(
    ("triple", "expected"),
    [(("Required", "Required", False), "as_recommended"), (("Required", "NotSupported", True), "impossible")],
)
def test_a_partner_that_is_silent_to_strangers(
    place: dict[str, Any], triple: tuple[str, str, bool], expected: str
) -> None:
    (advice,) = advise(place, declared("silent.test", triple))["advice"]
    assert advice["verdict"] == expected, advice


def test_a_certificate_tells(place: dict[str, Any]) -> None:
    (advice,) = advise(place, {"domain": "dialback.test"}, **place["ours"])["advice"]
    assert advice["verdict"] == "impossible" and "none of the methods that this permits is possible" in advice["reason"]
    assert tuple(advice["recommended"].values()) == ("Required", "NotSupported", True)


def test_who_does_not_answer_and_what_cannot_work(place: dict[str, Any]) -> None:
    (none,) = advise(place, {"domain": "nobody.test"})["advice"]
    assert none["verdict"] == "unknown" and none["recommended"] is None and "nobody.test" in none["reason"]
    failed = advise(place, {"domain": "dialback.test"}, fail_when_impossible=True, **place["ours"])
    assert failed["failed"] and "none of the methods" in failed["msg"]
    assert advise(place)["advice"] == []
    for wrong in ({"seconds": 0}, {"ca_file": "/nowhere.pem"}, {"sender": "x"}):
        assert advise(place, {"domain": "both.test"}, **wrong)["error"]["kind"] == "invalid_input"
    assert advise(place, {"domain": "both.test", "sasl_negotiation": "Perhaps"})["error"]["kind"] == "invalid_input"

# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an address said for a domain, and what is asked of that.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .._engine.errors import one_line
from .authenticate import Attempt
from .certificate import Certificate
from .dialback import Authoritative
from .stream import ERROR, Features, Finding
from .targets import Target
from .tls import Contexts


@dataclass
class Answer:
    """What an address said for a domain."""

    target: Target
    #: the connection came about, whatever was said then
    connected: bool = False
    answered: bool = False
    stream_from: str | None = None
    tls_version: str | None = None
    cipher: str | None = None
    #: TLS came about only after the own security had been lowered, to see what is wrong
    lowered: bool = False
    tls_versions: tuple[str, ...] | None = None
    trusted: bool | None = None
    certificate: Certificate | None = None
    before: Features = field(default_factory=Features)
    after: Features | None = None
    #: the server saw a certificate of ours
    asked_with_certificate: bool = False
    external: Attempt = field(default_factory=Attempt)
    dialback: Attempt = field(default_factory=Attempt)
    findings: list[Finding] = field(default_factory=list)

    def found(self, id: str, severity: str, reason: str, **evidence: Any) -> None:
        self.findings.append(Finding(id, severity, one_line(reason), self.target.domain, self.target.shown, evidence))

    @property
    def ok(self) -> bool:
        return self.answered and not any(one.severity == ERROR for one in self.findings)

    @property
    def offers(self) -> Features:
        return self.after or self.before

    @property
    def ping(self) -> bool | None:
        """Whether a ping was answered over a stream that was authenticated; None where none was."""
        known = [one.ping for one in (self.external, self.dialback) if one.ping is not None]
        return any(known) if known else None

    def shown(self) -> dict[str, Any]:
        seen = self.certificate
        return {
            "domain": self.target.domain,
            "host": self.target.host,
            "address": self.target.address,
            "port": self.target.port,
            "answered": self.answered,
            "stream_from": one_line(self.stream_from or "", 255),
            "starttls": self.before.starttls,
            "starttls_required": self.before.starttls_required,
            "tls_version": self.tls_version,
            "tls_versions": None if self.tls_versions is None else list(self.tls_versions),
            "cipher": self.cipher,
            "mechanisms_before_tls": list(self.before.mechanisms),
            "mechanisms": list(self.offers.mechanisms),
            "dialback": self.offers.dialback,
            "external_carried_through": self.external.done,
            "dialback_carried_through": self.dialback.done,
            "ping": self.ping,
            "certificate": None
            if seen is None
            else {
                "thumbprint": seen.sha1,
                "sha256": seen.sha256,
                "trusted": self.trusted,
                "common_name": one_line(seen.common_name, 255),
                "dns_names": [one_line(name, 255) for name in seen.dns_names],
                "srv_names": [one_line(name, 255) for name in seen.srv_names],
                "xmpp_addresses": [one_line(name, 255) for name in seen.xmpp_addresses],
                "extended_key_usage": list(seen.uses),
                "not_after": seen.not_after.isoformat(),
                "names": {
                    rule: {"matches": one["matches"], "reason": one_line(str(one["reason"]))}
                    for rule, one in seen.verdicts(self.target.domain).items()
                },
            },
        }


@dataclass(frozen=True)
class Rules:
    """What is asked of an answer, and with what."""

    contexts: Contexts
    sender: str | None = None
    require_tls: bool = True
    validate: bool = True
    thumbprints: Sequence[str] = ()
    own_certificate: bool = False
    authoritative: Authoritative | None = None
    all_versions: bool = False

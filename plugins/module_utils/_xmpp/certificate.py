# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names in a certificate that an XMPP server showed, read from its DER without any library.

The verdict on trust is OpenSSL's. But where that is negative the standard library tells no names, and it never tells
the two that only XMPP has (SRVName and xmppAddr), so they are read here. Nothing is believed of what does not parse.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from .identity import address_of, covers, reference, subject_fault, wildcard_fault

SAN, EKU, COMMON_NAME = "2.5.29.17", "2.5.29.37", "2.5.4.3"
SRV_NAME, XMPP_ADDR = "1.3.6.1.5.5.7.8.7", "1.3.6.1.5.5.7.8.5"
SERVER_AUTH, CLIENT_AUTH, ANY_USE = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"

MAX_DER = 64 * 1024
MAX_NAMES = 1000


class NotDer(ValueError):
    """The bytes are no certificate."""


@dataclass(frozen=True)
class Certificate:
    dns_names: tuple[str, ...]
    srv_names: tuple[str, ...]
    xmpp_addresses: tuple[str, ...]
    common_name: str
    not_before: datetime
    not_after: datetime
    uses: tuple[str, ...]
    sha1: str
    sha256: str

    addresses: tuple[str, ...] = ()
    names_critical: bool = False
    has_subject: bool = True
    several_common_names: bool = False

    def identifies(self, domain: str) -> bool:
        """By RFC 9525 with the names of RFC 6120: DNS name (a wildcard for the whole left-most label) and SRVName. An
        address is among the addresses, and nowhere else."""
        if address := address_of(domain):
            return address in self.addresses
        if any(covers(name, domain) for name in self.dns_names):
            return True
        return f"_xmpp-server.{reference(domain)}" in (name.lower() for name in self.srv_names)

    def identifies_by_older_rules(self, domain: str) -> str:
        """What older servers take besides: "id-on-xmppAddr" or "CN", the name that does it; empty where none does.

        The common name counts where it is the only one, and no alternative name is of a kind that stands for a server."""
        if address_of(domain):
            return ""
        if reference(domain) in (reference(name) for name in self.xmpp_addresses):
            return "id-on-xmppAddr"
        if self.dns_names or self.srv_names or self.xmpp_addresses or self.several_common_names:
            return ""
        return "CN" if covers(self.common_name, domain) else ""

    def verdicts(self, domain: str) -> dict[str, dict[str, object]]:
        """Both verdicts with their reasons."""
        names = [*self.dns_names, *self.srv_names, *self.addresses]
        shown = ", ".join(names[:8]) or "no name at all"
        new, old = self.identifies(domain), self.identifies_by_older_rules(domain)
        why = f"its alternative names hold {domain}" if new else f"its DNS names and SRVNames are {shown}"
        if not new and (faults := [fault for name in self.dns_names if (fault := wildcard_fault(name))]):
            why += f"; {faults[0]}"
        older = f"its {old} is {domain}" if old else f"neither its CN nor an id-on-xmppAddr is {domain}"
        if not old and names and covers(self.common_name, domain):
            older = f"its CN is {domain}, which counts for nothing beside alternative names, and no id-on-xmppAddr is"
        return {
            "rfc9525": {"matches": new, "reason": why},
            "older_rules": {"matches": new or bool(old), "reason": why if new else older},
        }

    def faults(self) -> list[str]:
        """What the rules for public authorities forbid about its names, though RFC 9525 does not look at it."""
        found = [subject_fault(self.common_name, self.dns_names, self.addresses)]
        if self.names_critical and self.has_subject:
            found.append("its alternative names are marked as critical, though it has a subject")
        found += [wildcard_fault(name) for name in self.dns_names]
        found += [f"{name!a} has letters outside ASCII" for name in self.dns_names if not name.isascii()]
        return [one for one in found if one]

    def strictly(self, domain: str) -> tuple[bool, str]:
        """Whether it stands for the name by RFC 9525 and breaks no rule for public authorities, and why."""
        verdict = self.verdicts(domain)["rfc9525"]
        reasons = [] if verdict["matches"] else [str(verdict["reason"])]
        reasons += self.faults()
        return (not reasons, "; ".join(reasons) or str(verdict["reason"]))

    def allows(self, use: str) -> bool:
        return not self.uses or use in self.uses or ANY_USE in self.uses


def read(der: bytes) -> Certificate:
    """The certificate; NotDer where it is none."""
    try:
        return _read(der)
    except (IndexError, ValueError, OverflowError, StopIteration) as exc:
        raise NotDer("what the server showed is not a certificate that can be read") from exc


def _read(der: bytes) -> Certificate:
    if len(der) > MAX_DER:
        raise ValueError("too long")
    tbs = next(_items(_content(der, 0x30)))
    fields = [item for item in _items(_inside(tbs, 0x30)) if item[0] != 0xA0]
    validity, subject = list(_items(_inside(fields[3], 0x30))), fields[4]
    extensions = next((item for item in fields[5:] if item[0] == 0xA3), None)
    names: dict[str, list[str]] = {"dns": [], "address": [], SRV_NAME: [], XMPP_ADDR: []}
    uses: list[str] = []
    critical = False
    if extensions is not None:
        for extension in _items(_content(extensions[1], 0x30)):
            parts = list(_items(_inside(extension, 0x30)))
            kind, value = _identifier(parts[0]), _inside(parts[-1], 0x04)
            if kind == SAN:
                critical = len(parts) == 3 and parts[1] == (0x01, b"\xff")
                _alternative_names(value, names)
            elif kind == EKU:
                uses = [_identifier(item) for item in _items(_content(value, 0x30))]
    common = _common_names(subject)
    return Certificate(
        tuple(names["dns"]),
        tuple(names[SRV_NAME]),
        tuple(names[XMPP_ADDR]),
        common[-1] if common else "",
        _moment(validity[0]),
        _moment(validity[1]),
        tuple(uses),
        hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
        hashlib.sha256(der).hexdigest().upper(),
        tuple(names["address"]),
        critical,
        bool(subject[1]),
        len(common) > 1,
    )


def _alternative_names(value: bytes, names: dict[str, list[str]]) -> None:
    for count, (tag, content) in enumerate(_items(_content(value, 0x30))):
        if count >= MAX_NAMES:
            raise ValueError("too many names")
        if tag == 0x82:
            names["dns"].append(content.decode("utf-8"))  # outside ASCII it is no DNS name, and covers nothing
        elif tag == 0x87 and len(content) in (4, 16):
            names["address"].append(str(ip_address(content)))
        elif tag == 0xA0:
            parts = list(_items(content))
            kind = _identifier(parts[0])
            if kind in names:
                _tag, text = next(_items(_inside(parts[1], 0xA0)))
                names[kind].append(text.decode("utf-8"))


def _common_names(subject: tuple[int, bytes]) -> list[str]:
    found = []
    for group in _items(_inside(subject, 0x30)):
        for attribute in _items(_inside(group, 0x31)):
            parts = list(_items(_inside(attribute, 0x30)))
            if _identifier(parts[0]) == COMMON_NAME:
                encoding = "utf-16-be" if parts[1][0] == 0x1E else "utf-8"
                found.append(parts[1][1].decode(encoding, "replace"))
    return found


def _moment(item: tuple[int, bytes]) -> datetime:
    text = item[1].decode("ascii").removesuffix("Z")
    if item[0] == 0x17:
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)


# --- DER


def _items(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element, in order."""
    position = 0
    while position < len(content):
        tag, length = content[position], content[position + 1]
        position += 2
        if tag & 0x1F == 0x1F:
            raise ValueError("a tag of several bytes")
        if length & 0x80:
            count = length & 0x7F
            if not 1 <= count <= 3:
                raise ValueError("a length that no certificate has")
            length = int.from_bytes(content[position : position + count], "big")
            position += count
        end = position + length
        if end > len(content):
            raise ValueError("an element longer than what holds it")
        yield tag, content[position:end]
        position = end


def _inside(item: tuple[int, bytes], tag: int) -> bytes:
    if item[0] != tag:
        raise ValueError("another element is wanted here")
    return item[1]


def _content(data: bytes, tag: int) -> bytes:
    for item in _items(data):
        return _inside(item, tag)
    raise ValueError("nothing is here")


def _identifier(item: tuple[int, bytes]) -> str:
    content = _inside(item, 0x06)
    numbers, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if value >> 64:
            raise ValueError("an identifier too long")
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))

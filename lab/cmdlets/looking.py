# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolve-DnsName, and signatures of files.

# source: pages of Resolve-DnsName (HOSTS file first, unless -DnsOnly or -NoHostsFile) and Get-AuthenticodeSignature; the
# error id of a missing name is that of published transcripts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..organisation import media
from ..organisation.files import BadPath
from ..organisation.resolution import Record, resolve
from ..powershell.values import Enum, Psobj
from . import Call, PSError, cmdlet
from .windows import not_found, paths

_DNS = "Microsoft.DnsClient.Commands."
_WIN32 = "System.ComponentModel.Win32Exception"


def _record(found: Record) -> Psobj:
    properties: dict[str, Any] = {
        "Name": found.name, "Type": Enum(found.type), "TTL": found.ttl, "Section": Enum("Answer"),
        "QueryType": Enum(found.type),
    }  # fmt: skip
    value = found.value.rstrip(".")
    if found.type in ("A", "AAAA"):
        properties |= {"IPAddress": value, ("IP4Address" if found.type == "A" else "IP6Address"): value}
    elif found.type in ("CNAME", "NS", "PTR"):
        properties["NameHost"] = value
    elif found.type == "SRV":
        priority, weight, port, target = found.value.split()
        properties |= {"Priority": int(priority), "Weight": int(weight), "Port": int(port),
                       "NameTarget": target.rstrip(".")}  # fmt: skip
    elif found.type == "MX":
        preference, _space, exchange = found.value.partition(" ")
        properties |= {"Preference": int(preference), "NameExchange": exchange.rstrip(".")}
    else:
        properties["Strings"] = [value.strip('"')]
    return Psobj(f"{_DNS}DnsRecord_{found.type}", f"{_DNS}DnsRecord_{found.type}", properties)


@cmdlet("Resolve-DnsName", class_name=_DNS + "ResolveDnsName")
def resolve_dns_name(call: Call) -> Iterator[Psobj]:
    """The lab's name servers answer whoever asks, whatever -Server says: estates have one set of zones."""
    name = str(call.p["Name"])
    kind = str(call.p.get("Type") or "A_AAAA").upper()
    hosts = not (call.p.get("DnsOnly") or call.p.get("NoHostsFile"))
    kinds = ["A", "AAAA"] if kind in ("A_AAAA", "UNKNOWN") else [kind]
    answers = [resolve(call.world, call.computer, name, one, hosts) for one in kinds]
    if all(answer is None for answer in answers):
        text = f"{name} : DNS name does not exist"
        call.write_error(PSError("DNS_ERROR_RCODE_NAME_ERROR", "ResourceUnavailable", _WIN32, text, name))
        return
    seen: set[Record] = set()
    for answer in answers:
        for found in answer or []:
            if found not in seen:
                seen.add(found)
                yield _record(found)


# --- signatures

_MESSAGES = {
    "Valid": "Signature verified.",
    "HashMismatch": "The contents of the file might have been tampered because the hash of the file does not match "
    "the hash stored in the digital signature.",
    "NotSigned": "The file is not digitally signed.",
    "UnknownError": "The form specified for the subject is not one supported or known by the specified trust provider",
}


def _signature(path: str, data: bytes) -> Psobj:
    status = media.signature(data)
    if status == "NotSigned" and path.rpartition(".")[2].casefold() not in ("exe", "msi", "dll", "ps1", "psd1", "cab"):
        status = "UnknownError"
    signer = None
    if status in ("Valid", "HashMismatch"):
        signer = Psobj(
            "System.Security.Cryptography.X509Certificates.X509Certificate2",
            media.SIGNER,
            {"Subject": media.SIGNER, "Issuer": media.ISSUER, "Thumbprint": media.SIGNER_THUMBPRINT},
        )
    return Psobj(
        "System.Management.Automation.Signature",
        properties={"Path": path, "Status": Enum(status), "StatusMessage": _MESSAGES[status],
                    "SignerCertificate": signer, "TimeStamperCertificate": None},
    )  # fmt: skip


@cmdlet("Get-AuthenticodeSignature", class_name="Microsoft.PowerShell.Commands.GetAuthenticodeSignatureCommand")
def get_authenticode_signature(call: Call) -> Iterator[Psobj]:
    literal = call.p.get("LiteralPath")
    given = list(paths(call)) or [(str(p), False) for p in _list(call.p.get("FilePath", literal))]
    for path, _wildcards in given:
        try:
            entry = call.world.files.entry(call.computer, path)
            if entry is None or entry.directory:
                raise FileNotFoundError(path)
            data = call.world.files.read(call.computer, path)
        except (FileNotFoundError, BadPath):
            call.write_error(not_found(path))
            continue
        yield _signature(entry.path, data)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]

# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The installation media in drive D: their files, and what each installer needs and leaves.

# rules: package-order, package-names, package-core
# source: files and order are those of published scripts for Lync Server 2013 (AWS templates; ibenbouzid
# SkypeforBusiness_lab_V3); Management Objects want the System CLR Types (their download page); SQL Server 2012 wants
# .NET Framework 3.5 (its list of requirements); the product wants Windows Identity Foundation and the Visual C++ 2012
# runtime (L:lync-server-2013-additional-software-requirements).
# inferred: display names and versions in the registry, and that core files are refused without those two; whether
# Bootstrapper's own instances want .NET Framework 3.5 on an Edge is in conflict, so it does not ask there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

DRIVE = "D:"
ROOT = r"D:\Setup\amd64"
SXS = r"D:\sources\sxs"
BUILD = "5.0.8308.0"
SQL_BUILD = "11.0.2100.60"
SIGNER = "CN=Microsoft Corporation, OU=MOPR, O=Microsoft Corporation, L=Redmond, S=Washington, C=US"
SIGNER_THUMBPRINT = "108E2BA23632620C427C570B6D9DB51AC31387FE"
ISSUER = "CN=Microsoft Code Signing PCA, O=Microsoft Corporation, L=Redmond, S=Washington, C=US"

VISUAL_C = "Microsoft Visual C++ 2012 Redistributable (x64) - 11.0.50727"
CORE = "Microsoft Lync Server 2013, Core Components"
CLR_TYPES = "Microsoft System CLR Types for SQL Server 2012 (x64)"
MANAGEMENT_OBJECTS = "Microsoft SQL Server 2012 Management Objects (x64)"
ADMIN_TOOLS = "Microsoft Lync Server 2013, Administrative Tools"
WMI_BACKWARD_COMPATIBILITY = "Microsoft Lync Server 2013, WMI Backward Compatibility"
SQL_EXPRESS = "Microsoft SQL Server 2012 (64-bit)"


@dataclass(frozen=True)
class Package:
    """An installer. ``leaves`` is what the registry lists afterwards: display name -> version."""

    path: str
    leaves: tuple[tuple[str, str], ...]
    packages: tuple[str, ...] = ()  # display names that have to be there before
    features: tuple[str, ...] = ()  # Windows features that have to be there before
    core: bool = False  # brings the Management Shell and Bootstrapper.exe

    @property
    def file(self) -> str:
        return self.path.rpartition("\\")[2]


PACKAGES = (
    Package(
        rf"{ROOT}\vcredist_x64.exe",
        (
            (VISUAL_C, "11.0.50727.1"),
            ("Microsoft Visual C++ 2012 x64 Additional Runtime - 11.0.50727", "11.0.50727"),
            ("Microsoft Visual C++ 2012 x64 Minimum Runtime - 11.0.50727", "11.0.50727"),
        ),
    ),
    Package(rf"{ROOT}\Setup\ocscore.msi", ((CORE, BUILD),), (VISUAL_C,), ("Windows-Identity-Foundation",), core=True),
    Package(rf"{ROOT}\SQLSysClrTypes.msi", ((CLR_TYPES, SQL_BUILD),)),
    Package(rf"{ROOT}\SharedManagementObjects.msi", ((MANAGEMENT_OBJECTS, SQL_BUILD),), (CLR_TYPES,)),
    Package(rf"{ROOT}\Setup\admintools.msi", ((ADMIN_TOOLS, BUILD),), (CORE, MANAGEMENT_OBJECTS)),
    Package(rf"{ROOT}\SQLEXPR_x64.exe", ((SQL_EXPRESS, SQL_BUILD),), (), ("NET-Framework-Core",)),
    Package(rf"{ROOT}\Setup\OCSWMIBC.msi", ((WMI_BACKWARD_COMPATIBILITY, BUILD),)),
)
OTHERS = (rf"{SXS}\microsoft-windows-netfx3-ondemand-package.cab", rf"{ROOT}\Setup.exe")
PATHS = (*(package.path for package in PACKAGES), *OTHERS)

#: What a prepared host has: a Front End all but the packages that are for a special case, an Edge no tools.
FRONT_END_PACKAGES = ("vcredist_x64.exe", "ocscore.msi", "SQLSysClrTypes.msi", "SharedManagementObjects.msi",
                      "admintools.msi", "SQLEXPR_x64.exe", "OCSWMIBC.msi")  # fmt: skip
EDGE_PACKAGES = FRONT_END_PACKAGES[:4]

_HEADS = {"exe": b"MZ\x90\x00", "msi": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "cab": b"MSCF"}
_LENGTH = 24_000


@cache
def _contents() -> dict[str, bytes]:
    """Bytes that look like nothing else, the same ones each time."""
    found = {}
    for path in PATHS:
        head = _HEADS[path.rpartition(".")[2].casefold()]
        seed = path.rpartition("\\")[2].casefold().encode("ascii")
        blocks = [hashlib.sha512(seed + number.to_bytes(4, "big")).digest() for number in range(_LENGTH // 64)]
        found[path.casefold()] = head + b"".join(blocks)
    return found


def content(path: str) -> bytes | None:
    """Of a file in drive D:, by its full path; None where there is none."""
    return _contents().get(path.casefold())


@cache
def _by_content() -> dict[bytes, Package]:
    return {_contents()[package.path.casefold()]: package for package in PACKAGES}


def package_of(data: bytes) -> Package | None:
    """The installer that a file is, wherever it lies."""
    return _by_content().get(data)


def signature(data: bytes) -> str:
    """``Valid``, ``HashMismatch`` or ``NotSigned``: a signed file whose bytes were changed shows it."""
    contents = _contents().values()
    if data in contents:
        return "Valid"
    signed = any(data[: len(c) // 2] == c[: len(c) // 2] or (data and data[:256] == c[:256]) for c in contents)
    return "HashMismatch" if signed else "NotSigned"


def prepared(computer_joined: bool) -> dict[str, str]:
    """Display names and versions that the packages of a prepared host have left."""
    names = FRONT_END_PACKAGES if computer_joined else EDGE_PACKAGES
    return {name: version for p in PACKAGES if p.file in names for name, version in p.leaves}

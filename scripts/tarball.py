# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges a built collection by its list of files, independently of the directives in galaxy.yml that chose them."""

from __future__ import annotations

import re
import sys
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

ALLOWED = tuple(
    re.compile(pattern)
    for pattern in (
        r"(MANIFEST|FILES)\.json",
        r"(README|CHANGELOG)\.(md|rst)",
        r"LICENSE",
        r"meta/(runtime|execution-environment)\.yml",
        r"meta/ee-(requirements|bindep)\.txt",
        r"changelogs/(changelog|config)\.yaml",
        r"plugins/(action|doc_fragments|module_utils|modules|plugin_utils)/[a-z_0-9/]+\.py",
        r"plugins/plugin_utils/cmdlet_host\.ps1",
        r"roles/[a-z_0-9]+/README\.md",
        r"roles/[a-z_0-9]+/(defaults|meta|tasks|vars)/[a-z_0-9/]+\.yml",
        r"roles/[a-z_0-9]+/templates/[a-z_0-9./]+\.j2",
        r"playbooks/[a-z_0-9]+\.yml",
        r"lab/[a-z_0-9/]+\.py",
        r"progress/[a-z_]+\.py",
        r"lab/([a-z_0-9/]+/)?README\.md",
        r"lab/[a-z_0-9/-]+\.(yml|json|json\.xz)",
        r"docs/[a-zA-Z_0-9/-]+\.(rst|md|yml)",
        r"tests/config\.yml",
        r"tests/sanity/ignore-2\.[0-9]+\.txt",
    )
)

# Files that hold a secret, or are likely to, whatever folder they lie in.
KEY_NAMES = re.compile(
    r".*\.(key|pem|pfx|p12|p8|der|jks|keytab|ccache|kdbx|vault)|.*(^|/)(id_(rsa|dsa|ecdsa|ed25519)|\.netrc|\.env|vault[-_]pass[^/]*)"
)
PRIVATE_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/]{16}")


def unexpected(names: Iterable[str]) -> list[str]:
    """The names that no rule allows."""
    return sorted(
        name for name in names if is_key_name(name) or not any(pattern.fullmatch(name) for pattern in ALLOWED)
    )


def is_key_name(name: str) -> bool:
    return KEY_NAMES.fullmatch(name.lower()) is not None


def holds_private_key(content: bytes) -> bool:
    return PRIVATE_KEY.search(content) is not None


def judge(path: Path) -> list[str]:
    """What is wrong with a built tarball, as sentences."""
    complaints = []
    with tarfile.open(path) as archive:
        members = [member for member in archive.getmembers() if not member.isdir()]
        complaints += [f"{member.name} is neither a file nor a folder" for member in members if not member.isfile()]
        complaints += [
            f"{name} is not on the list of files that may be shipped" for name in unexpected(m.name for m in members)
        ]
        for member in members:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None and holds_private_key(content.read()):
                complaints.append(f"{member.name} holds a private key")
    names = {member.name for member in members}
    complaints += [
        f"{name} is missing"
        for name in ("README.md", "LICENSE", "meta/runtime.yml", "meta/ee-requirements.txt")
        if name not in names
    ]
    return complaints


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        print("usage: tarball.py COLLECTION.tar.gz", file=sys.stderr)
        return 2
    complaints = judge(Path(arguments[0]))
    print("\n".join(complaints) or f"{arguments[0]}: every file may be shipped")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of a lab in every form in which something could have written them down."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import json
import os
import urllib.parse
from pathlib import Path
from typing import Any

import yaml


def inner_parts(lab: Any) -> dict[str, str]:
    """Every secret that the lab made and a controller uses, by name."""
    secrets = dict(lab.secrets())
    for path in Path(lab.inventory).parent.glob("group_vars/**/*.yml"):
        for name, value in (yaml.safe_load(path.read_text()) or {}).items():
            if isinstance(value, str) and name.endswith(("_secret", "_passphrase", "_password")):
                secrets[name] = value
    return secrets


def forms(secret: str) -> dict[str, bytes]:
    """As bytes: plain, encoded, escaped, in the wide letters of Windows, and what would betray it offline."""
    raw = secret.encode()
    wide = secret.encode("utf-16-le")
    found = {
        "raw": raw,
        "utf-16": wide,
        "json": json.dumps(secret)[1:-1].encode(),
        "xml": html.escape(secret).encode(),
        "url": urllib.parse.quote(secret, safe="").encode(),
        "form": urllib.parse.quote_plus(secret).encode(),
        "sha256": hashlib.sha256(raw).hexdigest().encode(),
        "hex": raw.hex().encode(),
    }
    for name, data in (("base64", raw), ("base64 of utf-16", wide)):
        for skip in range(3):
            # the letters at either end hang on what stands beside the secret
            encoded = base64.b64encode(b"\0" * skip + data)
            found[f"{name} at {skip}"] = encoded[4 if skip else 0 : -4]
    return found


def found_in(data: bytes, secrets: dict[str, str]) -> list[str]:
    return [
        f"{name}: {form}" for name, secret in secrets.items() for form, text in forms(secret).items() if text in data
    ]


def leaks(home: Path, secrets: dict[str, str]) -> list[str]:
    """In any file below HOME, which is TMPDIR and the place of sockets too; a socket has nothing to read."""
    found = []
    # unlike a glob, a walk takes it well that modules which live on for a moment tidy up meanwhile
    for directory, _, names in os.walk(home):
        found += [f"{directory} is named after {one}" for one in found_in(directory.encode(), secrets)]
        for path in (Path(directory, name) for name in names):
            found += [f"{path} is named after {one}" for one in found_in(path.name.encode(), secrets)]
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and not path.is_symlink():
                    found += [f"{path}: {one}" for one in found_in(path.read_bytes(), secrets)]
    return found

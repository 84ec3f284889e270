# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator of a certification authority, who answers requests that are brought as files.

It answers as public authorities do: with what the request asks for, for TLS servers alone. # inferred: they no longer
put client authentication into certificates, whatever is asked.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from .organisation.certificates import names_of
from .place import LabError


def answer(world: t.Any, value: str) -> str:
    """The answer to the request in this file, with the chain, beside it."""
    path = Path(value)
    try:
        request = x509.load_pem_x509_csr(path.read_bytes())
    except (OSError, ValueError) as error:
        raise LabError(f"{value} is no certificate request that can be read: {error}") from error
    if not request.is_signature_valid:
        raise LabError(f"{value} is not signed by the key that it asks a certificate for.")
    now = world.clock.now()
    certificate = world.ca.issue(request.public_key(), request.subject, names_of(request), now, days=398)
    chain = (certificate, world.ca.certificate)
    file = path.with_suffix(".cer")
    file.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain))
    return str(file)

# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS as a probe needs it: contexts that are made once for all targets, and which versions a server speaks.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass

from .._engine.errors import InvalidInput

VERSIONS = (
    ("TLSv1", ssl.TLSVersion.TLSv1),
    ("TLSv1.1", ssl.TLSVersion.TLSv1_1),
    ("TLSv1.2", ssl.TLSVersion.TLSv1_2),
    ("TLSv1.3", ssl.TLSVersion.TLSv1_3),
)
OLD = frozenset({"TLSv1", "TLSv1.1"})


@dataclass(frozen=True)
class Identity:
    """A certificate with its chain and its key, both in PEM files."""

    certificate: str
    key: str
    passphrase: str | None = None


class Contexts:
    """Reading the system's authorities takes longer than a handshake: each context is made once."""

    def __init__(self, ca_file: str | None = None, identity: Identity | None = None) -> None:
        self._ca_file, self._identity = ca_file, identity
        try:
            self.strict = self._client(True)
        except (OSError, ssl.SSLError) as exc:
            raise InvalidInput(
                f"ca_file {ca_file} holds no certificates in PEM that could be read ({_said(exc)})."
            ) from exc
        self.blind = self._client(False)
        self.lowered = self._client(False)
        self._lower(self.lowered, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_3)
        self.strict_own = self.blind_own = None
        self.server: ssl.SSLContext | None = None
        if identity is not None:
            self.strict_own, self.blind_own = self._own(self._client(True)), self._own(self._client(False))

    def client(self, verify: bool, own: bool) -> ssl.SSLContext:
        """With the identity where that is to be shown, and there is one."""
        if own and self.strict_own is not None and self.blind_own is not None:
            return self.strict_own if verify else self.blind_own
        return self.strict if verify else self.blind

    def only(self, version: ssl.TLSVersion) -> ssl.SSLContext:
        """This version and no other, with all the ciphers that this OpenSSL still has."""
        context = self._client(False)
        self._lower(context, version, version)
        return context

    def _client(self, verify: bool) -> ssl.SSLContext:
        if verify:
            context = ssl.create_default_context(cafile=self._ca_file)
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False  # an XMPP name need not be a DNS name: the names are judged by themselves
        context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
        return context

    def _own(self, context: ssl.SSLContext) -> ssl.SSLContext:
        identity = self._identity
        if identity is None:
            return context
        try:
            context.load_cert_chain(identity.certificate, identity.key, lambda: identity.passphrase or "")
        except (OSError, ssl.SSLError, ValueError) as exc:
            raise InvalidInput(
                f"certificate {identity.certificate} and key {identity.key} cannot be used together ({_said(exc)}): PEM "
                "files of a chain and of its key are wanted."
            ) from exc
        return context

    def listening(self) -> ssl.SSLContext:
        """For the listener: its own identity, which may be refused by who asks for a trusted one."""
        if self.server is None:
            self.server = self._own(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        return self.server

    @staticmethod
    def _lower(context: ssl.SSLContext, least: ssl.TLSVersion, most: ssl.TLSVersion) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = least, most
        context.set_ciphers("ALL:@SECLEVEL=0")


def _said(exc: BaseException) -> str:
    if isinstance(exc, ssl.SSLError):
        return exc.reason or "OpenSSL does not say why"
    return getattr(exc, "strerror", None) or type(exc).__name__

# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may sign in, and how: Basic, NTLM, Kerberos and CredSSP, one security context per connection."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import struct
import threading
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import spnego
from spnego.exceptions import SpnegoError

BASIC = "basic"
NTLM = "ntlm"
KERBEROS = "kerberos"
CREDSSP = "credssp"

MAX_TOKEN = 64 * 1024
_BOUNDARY = b"--Encrypted Boundary"
_PIECE = 16384
# pyspnego reads the acceptor's passwords from a file that this variable names; each computer has a file of its own.
_NTLM_FILE = "NTLM_USER_FILE"
_ntlm_lock = threading.Lock()


class Denied(Exception):
    """Wrong credentials: a bare 401."""


class BadMessage(Exception):
    """A sealed message that this connection's context cannot open."""


@dataclass(frozen=True)
class Account:
    """A user of a computer: of its domain, or its own where ``netbios`` is the computer's name."""

    user: str
    password: str = field(repr=False)
    netbios: str
    domain: str = ""  # DNS name; empty for a local account

    @property
    def name(self) -> str:
        return f"{self.netbios}\\{self.user}"

    @property
    def upn(self) -> str:
        return f"{self.user}@{self.domain}" if self.domain else self.user

    def is_meant(self, principal: str) -> bool:
        """Whether DOMAIN\\user, user@domain, or a bare name means this account."""
        names = {self.user, self.name, self.upn, f"{self.domain}\\{self.user}", f".\\{self.user}"}
        return principal.casefold() in {name.casefold() for name in names}


class Accounts:
    """The accounts of one computer."""

    def __init__(self, accounts: t.Iterable[Account], ntlm_file: Path) -> None:
        self.accounts = tuple(accounts)
        self.ntlm_file = ntlm_file
        lines = set()
        for account in self.accounts:
            if ":" in account.password or "\n" in account.password:
                raise ValueError("A password of the lab has no colon and no line end.")
            lines |= {
                f"{account.netbios}:{account.user}:{account.password}",
                f":{account.user}:{account.password}",
                f"{account.domain}:{account.user}:{account.password}",
                f":{account.upn}:{account.password}",
            }
        handle = os.open(ntlm_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(sorted(lines)) + "\n")

    def named(self, principal: str) -> Account:
        for account in self.accounts:
            if account.is_meant(principal):
                return account
        raise Denied

    def check(self, principal: str, password: str) -> Account:
        account = self.named(principal)
        if not hmac.compare_digest(account.password.encode(), password.encode()):
            raise Denied
        return account


class Context(t.Protocol):
    complete: bool
    client_principal: str

    def step(self, in_token: bytes) -> bytes | None: ...
    def wrap_winrm(self, data: bytes) -> t.Any: ...
    def unwrap_winrm(self, header: bytes, data: bytes) -> bytes: ...


@dataclass(frozen=True)
class Signed:
    """What the Authorization header of a request came to."""

    account: Account | None  # None: another leg is needed
    reply: str = ""  # for WWW-Authenticate


class Gate:
    """The sign-in of one connection, and the sealing of its messages."""

    def __init__(self, accounts: Accounts, hostname: str, schemes: frozenset[str], tls: bool) -> None:
        self._accounts, self._hostname, self._tls = accounts, hostname, tls
        # Basic is never offered where the password would travel in clear.
        self._schemes = schemes if tls else schemes - {BASIC}
        self._context: Context | None = None
        self._scheme = ""
        self.account: Account | None = None

    def offers(self) -> list[str]:
        offered = []
        if self._schemes & {NTLM, KERBEROS}:
            offered.append("Negotiate")
        if KERBEROS in self._schemes:
            offered.append("Kerberos")
        if CREDSSP in self._schemes:
            offered.append("CredSSP")
        if BASIC in self._schemes:
            offered.append('Basic realm="WSMAN"')
        return offered

    def sign_in(self, header: str) -> Signed:
        """One leg. Raises Denied."""
        scheme, _blank, text = header.partition(" ")
        scheme = scheme.casefold()
        try:
            token = base64.b64decode(text.strip(), validate=True) if len(text) <= MAX_TOKEN else b""
        except (binascii.Error, ValueError):
            raise Denied from None
        if scheme == BASIC and BASIC in self._schemes:
            user, _colon, password = token.decode("utf-8", "replace").partition(":")
            self.account = self._accounts.check(user, password)
            return Signed(self.account)
        if not token or scheme not in ("negotiate", "kerberos", "credssp"):
            raise Denied
        return self._step(scheme, token)

    def _step(self, scheme: str, token: bytes) -> Signed:
        if self._context is None or self._scheme != scheme or self._context.complete:
            self.account = None
            self._context = self._new_context(scheme, token)
            self._scheme = scheme
        try:
            with _ntlm_lock:
                os.environ[_NTLM_FILE] = str(self._accounts.ntlm_file)
                reply = self._context.step(token)
        except (SpnegoError, ValueError, IndexError, struct.error, UnicodeError) as exc:
            self._context = None
            raise Denied from exc
        name = {"negotiate": "Negotiate", "kerberos": "Kerberos", "credssp": "CredSSP"}[scheme]
        text = f"{name} {base64.b64encode(reply).decode()}" if reply else ""
        if not self._context.complete:
            return Signed(None, text)
        self.account = self._accounts.named(self._context.client_principal or "")
        return Signed(self.account, text)

    def _new_context(self, scheme: str, token: bytes) -> Context:
        options = spnego.NegotiateOptions.use_ntlm
        with _ntlm_lock:
            os.environ[_NTLM_FILE] = str(self._accounts.ntlm_file)
            if scheme == "credssp" and CREDSSP in self._schemes:
                return spnego.server(protocol="credssp")
            if token.startswith(b"NTLMSSP\0"):
                if NTLM in self._schemes:
                    return spnego.server(protocol="ntlm", options=options)
            elif KERBEROS in self._schemes:
                # A bare Kerberos token, or one that SPNEGO wraps: its object identifier comes early.
                wrapped = b"\x06\x06\x2b\x06\x01\x05\x05\x02" in token[:32]
                protocol = "negotiate" if wrapped else "kerberos"
                return spnego.server(hostname=self._hostname, service="HTTP", protocol=protocol)
            elif NTLM in self._schemes:
                return spnego.server(protocol="negotiate", options=options)
        raise Denied

    # --- message encryption

    def open_message(self, content_type: str, body: bytes) -> bytes:
        """The envelope in a sealed message."""
        if self._context is None or not self._context.complete or self._protocol() not in content_type:
            raise BadMessage
        parts = body.split(_BOUNDARY + b"\r\n")[1:]
        if not parts or len(parts) % 2:
            raise BadMessage
        envelope = b""
        for header, payload in zip(parts[::2], parts[1::2], strict=True):
            envelope += self._open_part(header, payload)
        return envelope

    def _open_part(self, header: bytes, payload: bytes) -> bytes:
        payload = payload.removesuffix(_BOUNDARY + b"--\r\n").removeprefix(
            b"\tContent-Type: application/octet-stream\r\n"
        )
        length = header.rpartition(b"Length=")[2].strip()
        if len(payload) < 4 or not length.isdigit():
            raise BadMessage
        (size,) = struct.unpack("<I", payload[:4])
        try:
            data = _context(self._context).unwrap_winrm(payload[4 : 4 + size], payload[4 + size :])
        except (SpnegoError, ValueError) as exc:
            raise BadMessage from exc
        if len(data) != int(length):
            raise BadMessage
        return data

    def seal(self, envelope: bytes) -> tuple[str, bytes]:
        """Content type and body of a sealed answer."""
        protocol = self._protocol()
        pieces = [envelope]
        kind = "multipart/encrypted"
        if self._scheme == "credssp" and len(envelope) > _PIECE:
            kind = "multipart/x-multi-encrypted"
            pieces = [envelope[i : i + _PIECE] for i in range(0, len(envelope), _PIECE)]
        body = b"".join(self._seal_part(protocol, piece) for piece in pieces) + _BOUNDARY + b"--\r\n"
        return f'{kind};protocol="{protocol}";boundary="Encrypted Boundary"', body

    def _seal_part(self, protocol: str, data: bytes) -> bytes:
        sealed = _context(self._context).wrap_winrm(data)
        return (
            b"%s\r\n\tContent-Type: %s\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n"
            b"%s\r\n\tContent-Type: application/octet-stream\r\n%s%s%s"
            % (
                _BOUNDARY,
                protocol.encode(),
                len(data) + sealed.padding_length,
                _BOUNDARY,
                struct.pack("<I", len(sealed.header)),
                sealed.header,
                sealed.data,
            )
        )

    def _protocol(self) -> str:
        kind = "CredSSP" if self._scheme == "credssp" else "SPNEGO"
        return f"application/HTTP-{kind}-session-encrypted"


def _context(context: Context | None) -> Context:
    if context is None:
        raise BadMessage
    return context

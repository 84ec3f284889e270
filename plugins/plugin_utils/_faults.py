# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an exception of pywinrm means for the request that was under way, and for the person who reads of it.

pywinrm, requests and the Kerberos libraries share no base class, so every exception is judged, by type and fault code.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from importlib import metadata

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import Unreachable, one_line

from ._endpoint import Endpoint

SHELL_NOT_FOUND = 2150858843
NO_DATA = 232
BROKEN_PIPE = 109
BUSY = 170
ACCESS_DENIED = 5
SHELLS_QUOTA = 2150859173
OPERATIONS_QUOTA = 2150859174
QUOTAS = frozenset({SHELLS_QUOTA, OPERATIONS_QUOTA, 2150859175, 2150859176})
"""Shells of a user, operations of a user, and load as a whole of a user and of the service: others are at work."""

PYWINRM = (0, 5)
"""The first that offers what a warm session needs under public names."""


class Fate(Enum):
    """What became of the one exchange with the server."""

    SILENT = "no output within the operation timeout"
    SHELL_GONE = "the server knows no such shell or command"
    PROCESS_GONE = "the process behind the shell has ended"
    UNSENT = "no connection came about"
    UNREAD = "the server refused the message before reading it"
    BUSY = "the server was busy and took nothing"
    REJECTED = "the server rejected the credentials"
    DOUBT = "the connection was lost"


NEVER_RAN = frozenset((Fate.SHELL_GONE, Fate.PROCESS_GONE, Fate.UNSENT))
"""On the first message of a request they prove that it did not run: its line was never completed."""


@dataclass(frozen=True)
class Fault:
    fate: Fate
    text: str
    code: int | None = None


def _family(exc: BaseException) -> set[str]:
    """Full names of the exception's types: so that no library has to be there to be asked."""
    return {f"{one.__module__}.{one.__qualname__}" for one in type(exc).__mro__}


def _causes(exc: BaseException) -> Iterable[BaseException]:
    """The exception and what it carries: requests puts urllib3's into its arguments, urllib3 into `reason`."""
    queue, seen = [exc], 0
    while queue and seen < 20:
        one = queue.pop(0)
        seen += 1
        yield one
        inner = [*one.args, getattr(one, "reason", None), one.__cause__]
        queue.extend(each for each in inner if isinstance(each, BaseException))


_SIGN_IN = ("KerberosExchangeError", "MutualAuthenticationError")


def judge(exc: BaseException) -> Fault:
    family = _family(exc)
    text = one_line(str(exc)) or type(exc).__name__
    if "winrm.exceptions.WinRMOperationTimeoutError" in family:
        return Fault(Fate.SILENT, text)
    if "winrm.exceptions.WSManFaultError" in family:
        codes = [getattr(exc, name, None) for name in ("wsman_fault_code", "wmierror_code")]
        code = next((one for one in codes if isinstance(one, int)), None)
        fates = {
            SHELL_NOT_FOUND: Fate.SHELL_GONE, NO_DATA: Fate.PROCESS_GONE, BROKEN_PIPE: Fate.PROCESS_GONE, BUSY: Fate.BUSY,
        }  # fmt: skip
        return Fault(fates.get(code or 0, Fate.DOUBT), one_line(str(getattr(exc, "reason", "") or text)), code)
    if "winrm.exceptions.AuthenticationError" in family:
        return Fault(Fate.REJECTED, text)
    # these libraries sign in anew when the server answers 401, which it does before it reads a message
    if any(name.endswith(_SIGN_IN) or name.startswith("requests_credssp.exceptions.") for name in family):
        return Fault(Fate.REJECTED, text)
    if "winrm.exceptions.WinRMTransportError" in family:
        code = getattr(exc, "code", None)
        fate = Fate.UNREAD if code == 400 else Fate.REJECTED if code == 401 else Fate.DOUBT
        return Fault(fate, text, code if isinstance(code, int) else None)
    if any(
        _family(one) & {"urllib3.exceptions.NewConnectionError", "urllib3.exceptions.ConnectTimeoutError"}
        for one in _causes(exc)
    ):
        return Fault(Fate.UNSENT, text)
    return Fault(Fate.DOUBT, text)


def quota_reached(exc: BaseException) -> bool:
    """Whether the server refused because of how much is open already: less may well be had."""
    one: BaseException | None = exc
    while one is not None:
        fault = getattr(one, "fault", None)
        if isinstance(fault, Fault) and fault.code in QUOTAS:
            return True
        # core's connection keeps of a fault only what it prints: the code stands there as a number
        if any(int(code) in QUOTAS for code in _CODE.findall(str(one))):
            return True
        one = one.__cause__
    return False


# --- sentences


def missing_library(endpoint: Endpoint) -> str | None:
    """What has to be installed on the controller before this endpoint can be reached at all."""
    if importlib.util.find_spec("winrm") is None:
        return _install("pywinrm>=0.5.0", "pywinrm is not installed")
    try:
        version = metadata.version("pywinrm")
    except metadata.PackageNotFoundError:
        version = ""
    if version and tuple(int(one) for one in re.findall(r"\d+", version)[:2]) < PYWINRM:
        return _install("pywinrm>=0.5.0", f"pywinrm {version} is too old")
    if endpoint.transports == ("kerberos",) and importlib.util.find_spec("kerberos") is None:
        return _install("pywinrm[kerberos]>=0.5.0", "the Kerberos library of pywinrm is not installed")
    if endpoint.transports == ("credssp",) and importlib.util.find_spec("requests_credssp") is None:
        return _install("pywinrm[credssp]>=0.5.0", "the CredSSP library of pywinrm is not installed")
    return None


def _install(package: str, what: str) -> str:
    return f"No Windows host can be reached from this controller, because {what}: run {sys.executable} -m pip install '{package}'."


# pywinrm's words, and the codes of a refused logon that CredSSP carries (SEC_E_LOGON_DENIED, STATUS_LOGON_FAILURE and its kin)
_REJECTIONS = (
    r"credentials were rejected", r"\bCode 401\b", r"authentication method - actual: ''", r"0x8009030c",
    r"STATUS_(?:LOGON|ACCOUNT|PASSWORD|INVALID_LOGON|INVALID_WORKSTATION)\w*",
)  # fmt: skip
_CODE = re.compile(r"'wsmanfault_code': (\d+)")
_CERTIFICATE = re.compile(r"certificate verify failed: ([^(\"']+)|(hostname|IP address) [^\"]*(?:doesn't|does not) match|not valid for", re.I)


def scrub(text: str, secrets: Iterable[object]) -> str:
    """No password in what libraries say of a failure."""
    for secret in secrets:
        if isinstance(secret, str) and secret:
            text = text.replace(secret, "********")
    return text


def cannot_connect(said: str, endpoint: Endpoint) -> Unreachable:
    """One sentence that says which of the usual reasons it is. `said` is what core's winrm plugin reported."""
    where, user = endpoint.shown, endpoint.user or "the client certificate"
    text = one_line(said)

    def found(*patterns: str) -> bool:
        return any(re.search(one, said, re.I) for one in patterns)

    codes = [int(code) for code in _CODE.findall(said)]
    if SHELLS_QUOTA in codes:
        sentence = (
            f"{where} opens no more remote shells for {user}: others are still open. Wait for their idle limit, "
            "or raise MaxShellsPerUser on the host (winrm set winrm/config/winrs)."
        )
    elif ACCESS_DENIED in codes:
        sentence = f"{where} knows {user} but lets no remote shell be opened: add the account to its local Administrators."
    elif found(r"available authentication method - actual: '\w"):
        sentence = f"{where} does not offer CredSSP: run Enable-WSManCredSSP -Role Server there, or set ansible_winrm_transport to another."
    elif found(*_REJECTIONS):
        sentence = f"{where} rejected the user name or the password of {user} ({', '.join(endpoint.transports)})."
    elif found(r"kerberos", r"kinit", r"\bGSS"):
        sentence = f"{where} cannot be reached with Kerberos as {user}: {text}."
    elif found(r"CERTIFICATE_VERIFY_FAILED", r"SSLCertVerificationError", r"doesn't match"):
        matched = _CERTIFICATE.search(said)
        why = one_line(matched.group(1) or matched.group(0)) if matched else "verification failed"
        sentence = (
            f"The TLS certificate of {where} is not trusted ({why}): set ansible_winrm_ca_trust_path to the PEM file "
            "of the authority that issued it, and address the host by a name that the certificate carries."
        )
    elif found(r"SSLError", r"\bSSL\b.*\b(wrong|version|handshake)"):
        sentence = f"{where} does not speak TLS as expected ({text}): check ansible_winrm_scheme and ansible_port."
    elif found(r"ProxyError"):
        sentence = f"The proxy in ansible_winrm_proxy did not lead to {where}: {text}."
    elif found(r"NameResolutionError", r"getaddrinfo", r"name or service not known", r"nodename nor servname"):
        sentence = f"The name {endpoint.address} cannot be resolved on the controller: check ansible_host and DNS."
    elif found(r"refused"):
        sentence = f"{where} refuses the connection: the host is down, or WinRM does not listen on port {endpoint.port}."
    elif found(r"timed? ?out", r"no route to host", r"unreachable"):
        sentence = f"{where} does not answer: the host is down, or a firewall is in between."
    elif found(r"NewConnectionError", r"connection (aborted|reset)", r"RemoteDisconnected", r"Max retries exceeded"):
        sentence = f"{where} does not keep the connection: the host is down or restarting ({text})."
    else:
        sentence = f"No session could be opened on {where} as {user}: {text}."
    return Unreachable(sentence)

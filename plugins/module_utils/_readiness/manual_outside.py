# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an Edge answers TLS from where the controller is, under the name that clients use.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Sequence

from .._engine.errors import one_line

SECONDS = 5.0
MOST = 10


def addresses_of(
    host: str, given: Sequence[str], allow_private: bool, name_servers: Sequence[tuple[str, int]] = ()
) -> tuple[list[str], list[str]]:
    """The addresses that may be asked, and what is wrong with the others. Nobody resolves the name again afterwards."""
    from .._xmpp.targets import Lookup, refusal  # here, because it loads the DNS library that other gates do not need

    good, wrong = [], []
    try:
        found = list(given) or Lookup(list(name_servers)).addresses(host)
    except LookupError as exc:
        return [], [str(exc.args[0])]
    if not found:
        return [], [f"{host} has no address"]
    for address in found[:MOST]:
        try:
            why = refusal(ipaddress.ip_address(address), allow_private)
        except ValueError:
            why = "is not an IP address"
        if why is None:
            good.append(address)
        else:
            wrong.append(f"{one_line(address, 60)} {why}")
    return good, wrong


def outside(
    host: str,
    addresses: Sequence[str],
    ports: Sequence[int],
    allow_private: bool,
    name_servers: Sequence[tuple[str, int]] = (),
) -> list[str]:
    """What is wrong with the answers; nothing where no port is to be asked. Connects only to addresses that were checked."""
    if not ports:
        return []
    good, missing = addresses_of(host, addresses, allow_private, name_servers)
    return missing + [said for one in good for port in ports if (said := answers(one, port, host))]


def closed(address: str, port: int) -> str | None:
    """Why a TCP port is not open to the controller, or None."""
    where = f"{address}:{port}"
    try:
        with socket.create_connection((address, port), SECONDS):
            return None
    except TimeoutError:
        return f"{where} does not answer within {SECONDS:g} s"
    except OSError as exc:
        return f"{where} cannot be reached from the controller ({exc.strerror or type(exc).__name__})"


def answers(address: str, port: int, host: str) -> str | None:
    """What is wrong with one port, or None. Whether partners trust the certificate is not judged here: its name is."""
    from .._xmpp.certificate import NotDer, read

    where = f"{address}:{port}"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((address, port), SECONDS) as connection:
            with context.wrap_socket(connection, server_hostname=host) as secured:
                certificate = read(secured.getpeercert(binary_form=True) or b"")
    except ssl.SSLError as exc:
        return f"{where} answers, but TLS fails ({exc.reason or type(exc).__name__})"
    except TimeoutError:
        return f"{where} does not answer within {SECONDS:g} s"
    except OSError as exc:
        return f"{where} cannot be reached from the controller ({exc.strerror or type(exc).__name__})"
    except NotDer as exc:
        return f"{where} shows a certificate that cannot be read ({exc})"
    if not certificate.identifies(host) and not certificate.identifies_by_older_rules(host):
        names = ", ".join(one_line(one, 255) for one in certificate.dns_names[:5]) or "no name"
        return f"the certificate of {where} does not name {host}, but {names}"
    return None

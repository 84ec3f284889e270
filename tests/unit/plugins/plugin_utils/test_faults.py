# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exceptions mean, and the sentences of hosts that cannot be reached: with core's plugin and the real libraries."""

from __future__ import annotations

import datetime
import importlib.util
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Any

import pytest
import requests
import requests.exceptions
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import Unreachable
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _faults, _winrm
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._endpoint import Endpoint
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._faults import Fate, judge
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fake_winrs import dropped, http, rejected, wsman_fault
from winrm.exceptions import WinRMOperationTimeoutError
from winrm.vendor.requests_kerberos.exceptions import KerberosExchangeError, MutualAuthenticationError

PASSWORD = "CANARY-password"


def refused_port() -> int:
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        return int(end.getsockname()[1])


def a_refused_connection() -> BaseException:
    with pytest.raises(requests.exceptions.ConnectionError) as caught:
        requests.get(f"http://127.0.0.1:{refused_port()}/", timeout=5)
    return caught.value


@pytest.mark.parametrize(
    ("make", "fate"),
    [
        (WinRMOperationTimeoutError, Fate.SILENT),
        (lambda: wsman_fault(2150858843), Fate.SHELL_GONE),
        (lambda: wsman_fault(232), Fate.PROCESS_GONE),
        (lambda: wsman_fault(109), Fate.PROCESS_GONE),
        (lambda: wsman_fault(170), Fate.BUSY),
        (lambda: wsman_fault(5), Fate.DOUBT),
        (lambda: wsman_fault(995), Fate.DOUBT),
        (rejected, Fate.REJECTED),
        (lambda: KerberosExchangeError("ticket expired"), Fate.REJECTED),
        (lambda: MutualAuthenticationError(response=None), Fate.REJECTED),
        (lambda: http(400), Fate.UNREAD),
        (lambda: http(401), Fate.REJECTED),
        (lambda: http(500), Fate.DOUBT),
        (lambda: http(503), Fate.DOUBT),
        (dropped, Fate.DOUBT),
        (lambda: requests.exceptions.ReadTimeout("read timed out"), Fate.DOUBT),
        (a_refused_connection, Fate.UNSENT),
        (lambda: OSError(104, "Connection reset by peer"), Fate.DOUBT),
        (AssertionError, Fate.DOUBT),
        (StopIteration, Fate.DOUBT),
    ],
)
def test_every_exception_is_judged(make: Callable[[], BaseException], fate: Fate) -> None:
    fault = judge(make())
    assert fault.fate is fate and fault.text


def test_the_operations_quota_stands_in_another_place() -> None:
    fault = wsman_fault(0, 2150859174)
    fault.wsman_fault_code = None
    assert judge(fault).code == _faults.OPERATIONS_QUOTA


# --- sentences


class Answering:
    """Listens on loopback and treats every connection alike."""

    def __init__(self, treat: Callable[[socket.socket], None]) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.seen = b""
        self._treat = treat
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                end, _ = self.server.accept()
            except OSError:
                return
            with end:
                try:
                    self._treat(end)
                except OSError:
                    pass


@pytest.fixture
def answering() -> Iterator[Callable[[Callable[[socket.socket], None]], Answering]]:
    made: list[Answering] = []

    def make(treat: Callable[[socket.socket], None]) -> Answering:
        made.append(Answering(treat))
        return made[-1]

    yield make
    for one in made:
        one.server.close()


def say(end: socket.socket, status: str) -> None:
    end.recv(65536)
    end.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


def failure(port: int, extras: dict[str, Any] | None = None, **options: Any) -> str:
    given = {
        "remote_addr": "127.0.0.1", "port": port, "scheme": "https", "path": "/wsman", "transport": ["basic"],
        "remote_user": "admin", "remote_password": PASSWORD, "connection_timeout": 2, **options,
    }  # fmt: skip
    with pytest.raises(Unreachable) as caught:
        _winrm.connect(given, extras or {})
    text = caught.value.text
    assert PASSWORD not in text and text.endswith(".") and "\n" not in text
    return text


def test_nothing_listens() -> None:
    port = refused_port()
    assert failure(port).startswith(f"127.0.0.1:{port} refuses the connection: the host is down, or WinRM does not listen")


def test_nobody_answers(answering: Any) -> None:
    silent = answering(lambda end: threading.Event().wait(20))
    timeouts = {"ansible_winrm_read_timeout_sec": 2, "ansible_winrm_operation_timeout_sec": 1}
    assert "does not answer" in failure(silent.port, timeouts, scheme="http", connection_timeout=None)


def test_a_wrong_password(answering: Any) -> None:
    text = failure(answering(lambda end: say(end, "401 Unauthorized")).port, scheme="http")
    assert "rejected the user name or the password of admin (basic)" in text


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_more: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "The name fe.contoso.test cannot be resolved" in failure(5986, remote_addr="fe.contoso.test")


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "other.test")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    certificate = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_a_certificate_that_is_not_trusted(answering: Any, self_signed: ssl.SSLContext) -> None:
    seen: list[bytes] = []

    def handshake(end: socket.socket) -> None:
        with self_signed.wrap_socket(end, server_side=True) as tls:
            seen.append(tls.recv(100))

    text = failure(answering(handshake).port)
    assert "is not trusted (self-signed certificate" in text and "ansible_winrm_ca_trust_path" in text
    assert seen == [], "no byte of a credential"


def test_a_port_that_speaks_no_tls(answering: Any) -> None:
    assert "does not speak TLS as expected" in failure(answering(lambda end: say(end, "200 OK")).port)


FAULT = """<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code>
<s:Reason><s:Text>verweigert</s:Text></s:Reason><s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
Code="{code}"/></s:Detail></s:Fault></s:Body></s:Envelope>"""


@pytest.mark.parametrize(
    ("code", "said"),
    [(5, "lets no remote shell be opened"), (2150859173, "MaxShellsPerUser"), (4711, "No session could be opened on")],
)
def test_faults_of_the_server(answering: Any, code: int, said: str) -> None:
    body = FAULT.format(code=code)

    def fault(end: socket.socket) -> None:
        end.recv(65536)
        head = f"HTTP/1.1 500 Error\r\nContent-Type: application/soap+xml\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        end.sendall((head + body).encode())

    assert said in failure(answering(fault).port, scheme="http")


def test_what_libraries_say_is_scrubbed_and_short() -> None:
    endpoint = Endpoint.of({"remote_addr": "fe", "remote_user": "u", "port": 5986}, {})
    said = _faults.cannot_connect(_faults.scrub(f"oops {PASSWORD} " + "x" * 5000, [PASSWORD, None, ""]), endpoint).text
    assert PASSWORD not in said and len(said) < 700


def test_no_password_in_what_core_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd:
        def set_options(self, **_options: object) -> None:
            return None

        def _connect(self) -> None:
            raise ValueError(f"kinit said {PASSWORD}, and {PASSWORD}")

    monkeypatch.setattr(_winrm.connection_loader, "get", lambda *_args: Odd())
    assert "kinit said ********, and ********" in failure(5986)


def test_kerberos_without_a_ticket() -> None:
    endpoint = Endpoint.of({"remote_addr": "fe", "remote_user": "a@CONTOSO.TEST", "port": 5986}, {})
    said = _faults.cannot_connect("Kerberos auth failure for principal a@CONTOSO.TEST: kinit: Cannot contact any KDC", endpoint).text
    assert "with Kerberos as a@CONTOSO.TEST" in said and "Cannot contact any KDC" in said


# --- libraries


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name in names else real(name, *more))


def test_without_pywinrm(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "winrm")
    text = failure(5986)
    assert f"{sys.executable} -m pip install 'pywinrm>=0.5.0'" in text


def test_with_an_old_pywinrm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "0.4.3")
    assert "pywinrm 0.4.3 is too old" in failure(5986)


@pytest.mark.parametrize(("transport", "module"), [("kerberos", "kerberos"), ("credssp", "requests_credssp")])
def test_without_the_library_of_a_transport(monkeypatch: pytest.MonkeyPatch, transport: str, module: str) -> None:
    without(monkeypatch, module)
    assert f"pywinrm[{transport}]" in failure(5986, transport=[transport])

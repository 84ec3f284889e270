# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of ``python -m lab``."""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from . import control
from .place import LabError, Place, clean, prepare, random_prefix
from .process import Process

START_SECONDS = 120.0
END_SECONDS = 20.0


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except LabError as exc:
        print(exc, file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lab", description="A digital twin of a Lync organisation: Windows hosts over WinRM, DNS and XMPP servers."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: t.Callable[[argparse.Namespace], t.Any], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    def running(name: str, run: t.Callable[[argparse.Namespace], t.Any], text: str) -> argparse.ArgumentParser:
        sub = command(name, run, text)
        sub.add_argument("--state-dir", required=True, metavar="DIR", help="where the lab was started")
        return sub

    up = command("up", _up, "Start a lab in the background and print how to reach it, as JSON.")
    up.add_argument("--estate", required=True, metavar="FILE", help="estate file, or the name of one in lab/estates")
    up.add_argument("--state-dir", required=True, metavar="DIR", help="directory for its files; made where missing")
    up.add_argument("--users", type=int, metavar="N", help="number of users instead of the estate's own")
    up.add_argument("--prefix", default="", metavar="A.B.C", help="loopback network for 203.0.113.0/24")
    up.add_argument("--speed", type=float, default=1.0, metavar="X", help="how fast the lab's clock runs")
    up.add_argument("--kerberos", action="store_true", help="start a private KDC; the endpoints take Kerberos too")
    up.add_argument(
        "--transport",
        choices=("basic", "ntlm", "kerberos", "credssp"),
        default="basic",
        help="how the inventory that is written signs in",
    )
    up.add_argument("--faults", metavar="FILE", help="faults that are there from the start")
    up.add_argument("--secret-prefix", default="", metavar="TEXT", help="with what every random password begins")
    up.add_argument(
        "--xmpp",
        choices=("auto", "prosody", "simple"),
        default="auto",
        help="real XMPP servers (Prosody), simple listeners, or real ones where they are installed",
    )
    up.add_argument("--owner", type=int, metavar="PID", help="end with this process")

    running("down", _down, "End a lab, and take away its secrets.")
    running("state", _state, "Print the whole state as JSON, in a stable order.").add_argument(
        "--json", action="store_true", help="as it is always printed"
    )
    transcript = running("transcript", _transcript, "Print every call so far, a JSON line each.")
    transcript.add_argument("--start", type=int, default=0, metavar="N", help="leave out the first N")
    running("counts", _counts, "Print counts of shells, PowerShell starts and requests, and law violations, as JSON.")

    fault = running("fault", _fault, "Inject faults, or list those that are there.")
    fault.add_argument("fault", nargs="?", metavar="FILE|JSON", help="a file, or the faults themselves")
    fault.add_argument("--clear", action="store_true", help="take away all that are there first")

    clock = running("clock", _clock, "Show, set, move or speed up the lab's clock.")
    clock.add_argument("--set", metavar="TIME", help="ISO 8601")
    clock.add_argument("--speed", type=float, metavar="X")
    clock.add_argument("--advance", type=float, metavar="SECONDS")

    change = running("set", _set, "Answer an unknown, slow a cmdlet (latency.CMDLET), or set a limit (limits.NAME).")
    change.add_argument("name")
    change.add_argument("value", help="JSON, or a text")
    change.add_argument("--host", metavar="NAME", help="for a limit: of this host only")

    publish = running("publish", _publish, "Be the operator who publishes a topology from Topology Builder.")
    publish.add_argument("topology", metavar="FILE|YAML", help="pools and edges, as in an estate")

    gui = running("gui", _gui, "Be the operator at a console: do what no cmdlet does.")
    gui.add_argument("name", metavar="NAME", help="what to do there: lab/README.md lists the consoles")
    gui.add_argument("value", metavar="VALUE", help="an FQDN; start or stop; ACCOUNT=GROUP; a file")

    running("xmpp", _xmpp, "Print XMPP servers, the streams between them, and which way messages to partners leave.")

    command("bind", _bind, "Read calls as JSON lines; print how PowerShell's binder takes each.")
    command("serve", _serve, "For 'up': be the lab. Reads its options from standard input.")
    return parser


def _print(value: t.Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=True))


# --- start and end


def _up(options: argparse.Namespace) -> None:
    directory = prepare(Path(options.state_dir))
    told = _told(directory)
    if told is not None and Process(told["pid"], told["started"]).alive():
        raise LabError(f"A lab is up in {directory} already (process {told['pid']}); end it or name another directory.")
    if told is not None:
        clean(directory)
    Place(directory, options.prefix or random_prefix(), options.secret_prefix)  # says what is wrong with these at once
    names = ("users", "prefix", "speed", "kerberos", "transport", "secret_prefix", "xmpp", "owner")
    wanted = {name: getattr(options, name) for name in names}
    wanted |= {"estate": _path(options.estate), "state_dir": str(directory)}
    wanted["faults"] = _path(options.faults) if options.faults else None
    log = directory / "lab.log"
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    # The package goes by the name that it has here: lab, or the one that it has inside of the collection.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    with os.fdopen(handle, "ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", str(__package__), "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
    ready = _first_line(child, json.dumps(wanted).encode("ascii"))
    if not ready or "error" in ready:
        child.kill()
        child.wait()
        clean(directory)
        raise LabError(ready["error"] if ready else f"The lab did not start: see {log}.")
    _print(ready)


def _first_line(child: subprocess.Popen[bytes], text: bytes) -> dict[str, t.Any]:
    """What the lab says when it is up; nothing where it ended or took too long."""
    if child.stdin is None or child.stdout is None:
        raise LabError("The lab was started without pipes.")
    with child.stdin, child.stdout:
        child.stdin.write(text)
        child.stdin.close()
        if not select.select([child.stdout], [], [], START_SECONDS)[0]:
            return {}
        line = child.stdout.readline()
    return dict(json.loads(line)) if line else {}


def _path(name: str) -> str:
    return str(Path(name).resolve()) if Path(name).exists() else name


def _serve(_options: argparse.Namespace) -> None:
    from .estate_file import EstateError
    from .up import Options, serve

    wanted = Options(**json.loads(sys.stdin.read()))
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())

    def tell(answer: dict[str, t.Any]) -> None:
        """Once: then whoever waits reads the end of the file."""
        print(json.dumps(answer), flush=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    try:
        serve(wanted, tell)
    except (EstateError, LabError, ValueError, OSError) as exc:
        tell({"error": str(exc)})
        raise


def _told(directory: Path) -> dict[str, t.Any] | None:
    try:
        told: dict[str, t.Any] = json.loads((directory / "lab.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        raise LabError(f"{directory / 'lab.json'} cannot be read: {exc}.") from exc
    return told


def _down(options: argparse.Namespace) -> None:
    directory = Path(options.state_dir)
    told = _told(directory)
    if told is None:
        raise LabError(f"There is no lab in {directory}.")
    process = Process(told["pid"], told["started"])
    if process.alive():
        try:
            control.ask(Path(told["control"]), "down", END_SECONDS)
        except LabError:
            os.kill(process.pid, signal.SIGTERM)
        if not _wait(process):
            os.kill(process.pid, signal.SIGKILL)
            _wait(process)
    clean(directory)


def _wait(process: Process) -> bool:
    end = time.monotonic() + END_SECONDS
    while process.alive() and time.monotonic() < end:
        time.sleep(0.02)
    return not process.alive()


# --- a running lab


def _ask(options: argparse.Namespace, op: str, **fields: t.Any) -> t.Any:
    told = _told(Path(options.state_dir))
    if told is None:
        raise LabError(f"There is no lab in {options.state_dir}.")
    return control.ask(Path(told["control"]), op, **fields)


def _state(options: argparse.Namespace) -> None:
    _print(_ask(options, "state"))


def _transcript(options: argparse.Namespace) -> None:
    for line in _ask(options, "transcript", start=options.start):
        print(json.dumps(line, ensure_ascii=True, separators=(",", ":")))


def _counts(options: argparse.Namespace) -> None:
    _print(_ask(options, "counts"))


def _text(given: str) -> str:
    """The text of a file, or what was given in place of one."""
    try:
        return Path(given).read_text(encoding="utf-8") if given and Path(given).is_file() else given
    except OSError:  # longer than a file's name may be
        return given


def _fault(options: argparse.Namespace) -> None:
    _print(_ask(options, "fault", text=_text(options.fault or ""), clear=options.clear))


def _publish(options: argparse.Namespace) -> None:
    _print(_ask(options, "publish", text=_text(options.topology)))


def _gui(options: argparse.Namespace) -> None:
    _print(_ask(options, "gui", name=options.name, value=options.value))


def _xmpp(options: argparse.Namespace) -> None:
    _print(_ask(options, "xmpp"))


def _clock(options: argparse.Namespace) -> None:
    _print(_ask(options, "clock", set=options.set, speed=options.speed, advance=options.advance))


def _set(options: argparse.Namespace) -> None:
    try:
        value = json.loads(options.value)
    except ValueError:
        value = options.value
    _print(_ask(options, "set", name=options.name, value=value, host=options.host))


def _bind(_options: argparse.Namespace) -> int:
    from .powershell import binder

    return binder.main(sys.stdin, sys.stdout)

# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a host sends is hostile input."""

from __future__ import annotations

import base64
import json
import tracemalloc
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import BadAnswer, InDoubt
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._frames import (
    Collector,
    Decoder,
    Done,
    End,
    Frame,
    Hello,
    Limits,
    Rows,
)
from hypothesis import given
from hypothesis import strategies as st

NONCE = "0123456789abcdef" * 2
HELLO = {
    "powershell": "3.0", "clr": "4.0", "windows": "6.2", "culture": "", "oem_code_page": 437, "pid": 1,
    "computer": "FE", "domain": "", "user": "FE\\a",
}  # fmt: skip


def line(data: Any, nonce: str = NONCE) -> bytes:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return b"\n~" + nonce.encode() + b"~" + base64.b64encode(raw) + b"\n"


def decode(data: bytes, limits: Limits | None = None) -> list[Frame]:
    return list(Decoder(NONCE, limits).feed(data))


def end(**more: Any) -> dict[str, Any]:
    return {"id": 1, "call": 0, "ok": True, "count": 0, "error_count": 0, "errors": [], "warnings": [], **more}


def error(**more: Any) -> dict[str, Any]:
    return {"id": "A,B", "category": "NotSpecified", "target": "", "exceptions": [], **more}


# --- what is a frame


def test_the_frames_of_the_wire_format() -> None:
    failed = end(ok=False, error_count=1, errors=[error(exceptions=[{"type": "T", "hresult": -5, "message": "m"}])])
    assert [type(one) for one in decode(line({"hello": HELLO}) + line({"id": 1, "call": 0, "rows": [[1, None]]}))] == [Hello, Rows]
    ok, bad, program, read, digest = decode(
        line(end())
        + line(failed)
        + line({"id": 1, "call": 0, "ok": True, "exit": 3, "pid": 4, "stdout": "aGk=", "stderr": ""})
        + line({"id": 1, "call": 0, "ok": True, "size": 2, "bytes": "aGk="})
        + line({"id": 1, "call": 0, "ok": True, "size": 2, "sha256": "0" * 64})
    )
    assert isinstance(bad, End) and bad.values["errors"][0]["exceptions"][0]["hresult"] == -5
    assert all(isinstance(one, End) for one in (ok, program, read, digest))
    assert decode(line({"id": 1, "done": True})) == [Done(1, True)]


def test_the_mark_is_found_anywhere_in_a_line() -> None:
    decoder = Decoder(NONCE)
    frames = list(decoder.feed(b"User: " + line({"id": 1, "done": True})[1:] + b"after\r\n"))
    assert frames == [Done(1, True)]
    assert decoder.output == ["User:", "after"]


@given(st.lists(st.integers(1, 40), max_size=40))
def test_frames_may_be_cut_anywhere(cuts: list[int]) -> None:
    data = b"noise\r\n" + line({"hello": HELLO}) + b"no end" + line({"id": 1, "call": 0, "rows": [["\u05d0\U0001f600"]]})
    data += line({"id": 1, "done": True})
    decoder, frames, position = Decoder(NONCE), [], 0
    for cut in cuts:
        frames += list(decoder.feed(data[position : position + cut]))
        position += cut
    frames += list(decoder.feed(data[position:]))
    assert frames == decode(data) and len(frames) == 3
    assert decoder.output == ["noise", "no end"]


@given(st.binary(max_size=400))
def test_bytes_without_the_nonce_are_never_an_answer(data: bytes) -> None:
    assert decode(data + b"\n") == []


@pytest.mark.parametrize("nonce", ["", "LXM", NONCE[:-1], NONCE.upper(), "f" * 32])
def test_a_frame_with_another_nonce_is_host_output(nonce: str) -> None:
    decoder = Decoder(NONCE)
    assert list(decoder.feed(line({"id": 1, "done": True}, nonce))) == []
    assert len(decoder.output) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)
keys = st.sampled_from(
    "id call ok rows done hello error count error_count errors warnings exit pid stdout stderr size bytes sha256".split()
)


@given(st.one_of(json_values, st.dictionaries(keys, json_values), st.binary(max_size=200)))
def test_whatever_stands_behind_the_nonce_is_a_frame_or_a_bad_answer(data: Any) -> None:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    try:
        frames = decode(line(raw))
    except BadAnswer:
        return
    for frame in frames:
        json.dumps(frame.__dict__, default=str).encode("utf-8")


@given(st.binary(max_size=200))
def test_a_frame_that_is_no_base64(data: bytes) -> None:
    try:
        decode(b"~" + NONCE.encode() + b"~" + data + b"\n")
    except BadAnswer:
        pass


# --- named cases


HOSTILE: dict[str, bytes] = {
    "200 000 brackets": b"[" * 200_000,
    "200 000 nested lists": b'{"id":1,"call":0,"rows":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "nested value": json.dumps({"id": 1, "call": 0, "rows": [[[[[[[[[[[[1]]]]]]]]]]]]}).encode(),
    "5 000 digits": b'{"id":' + b"9" * 5000 + b',"done":true}',
    "50 digits": b'{"id":' + b"9" * 50 + b',"done":true}',
    "long fraction": b'{"id":1,"call":0,"rows":[[0.' + b"1" * 100 + b"]]}",
    "NaN": b'{"id":1,"call":0,"rows":[[NaN]]}',
    "Infinity": b'{"id":1,"call":0,"rows":[[-Infinity]]}',
    "without end": b'{"id":1,"call":0,"rows":[[1e999]]}',
    "one name twice": b'{"id":1,"id":2,"done":true}',
    "an object in a row": b'{"id":1,"call":0,"rows":[[{"a":1}]]}',
    "a row that is none": b'{"id":1,"call":0,"rows":["text"]}',
    "negative id": b'{"id":-1,"done":true}',
    "an id that is a bool": b'{"id":true,"done":true}',
    "an id that is a text": b'{"id":"1","done":true}',
    "ok as text": json.dumps(end(ok="true")).encode(),
    "ok with errors": json.dumps(end(error_count=1, errors=[error()])).encode(),
    "fewer errors than counted": json.dumps(end(ok=False, error_count=3, errors=[error()])).encode(),
    "51 errors": json.dumps(end(ok=False, error_count=51, errors=[error()] * 51)).encode(),
    "an endless chain": json.dumps(
        end(ok=False, error_count=1, errors=[error(exceptions=[{"type": "", "hresult": 0, "message": ""}] * 31)])
    ).encode(),
    "10 001 warnings": json.dumps(end(warnings=["w"] * 10_001)).encode(),
    "a warning that is no text": json.dumps(end(warnings=[1])).encode(),
    "failed without an error": b'{"id":1,"call":0,"ok":false}',
    "bytes that are no base64": b'{"id":1,"call":0,"ok":true,"size":1,"bytes":"%%"}',
    "a digest that is none": b'{"id":1,"call":0,"ok":true,"size":1,"sha256":"xyz"}',
    "ended and did not": b'{"id":1,"call":0,"ok":true,"exit":null,"pid":1,"stdout":"","stderr":""}',
    "hello with a number": json.dumps({"hello": {**HELLO, "computer": 5}}).encode(),
    "hello without domain": json.dumps({"hello": {k: v for k, v in HELLO.items() if k != "domain"}}).encode(),
    "null": b"null",
    "text": b'"text"',
    "nothing": b"",
    "not JSON": b"{",
    "done without error": b'{"id":1,"done":false}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_frames(name: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        decode(line(HOSTILE[name]))
    assert isinstance(caught.value, InDoubt), "whether the request ran is not known"


def test_an_endless_line_of_host_output_takes_no_memory() -> None:
    decoder, piece = Decoder(NONCE, Limits(output=1 << 40)), b"x" * 100_000
    tracemalloc.start()
    for _ in range(500):
        assert list(decoder.feed(piece)) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000
    assert sum(map(len, decoder.output)) < 1_100_000


def test_host_output_has_an_end() -> None:
    decoder = Decoder(NONCE)
    with pytest.raises(BadAnswer, match="printed"):
        for _ in range(1_000):
            list(decoder.feed(b"x" * 100_000))


def test_many_lines_of_host_output_are_counted_and_not_kept() -> None:
    decoder = Decoder(NONCE)
    list(decoder.feed(b"line\n" * 10_000))
    assert len(decoder.output) == 500 and decoder.output[-1] == "(9501 more lines)"


def test_an_endless_frame() -> None:
    decoder = Decoder(NONCE)
    list(decoder.feed(b"~" + NONCE.encode() + b"~"))
    with pytest.raises(BadAnswer, match="line of more than"):
        for _ in range(1_000):
            list(decoder.feed(b"A" * 100_000))


def test_endless_frames() -> None:
    decoder = Decoder(NONCE, Limits(answer=100_000))
    with pytest.raises(BadAnswer):
        for _ in range(10_000):
            list(decoder.feed(line({"id": 1, "call": 0, "rows": [["x" * 100]]})))


@pytest.mark.parametrize("text", [r"\ud800", r"\udfff", r"a\uD83Db", r"\ude00\ud83d"])
def test_half_characters_are_replaced(text: str) -> None:
    (rows,) = decode(line(b'{"id":1,"call":0,"rows":[["' + text.encode() + b'"]]}'))
    assert isinstance(rows, Rows)
    assert "\ufffd" in rows.rows[0][0]
    rows.rows[0][0].encode("utf-8")


def test_whole_characters_stay() -> None:
    (rows,) = decode(line(b'{"id":1,"call":0,"rows":[["\\ud83d\\ude00"]]}'))
    assert isinstance(rows, Rows) and rows.rows == [["\U0001f600"]]


def test_invalid_utf8_is_replaced() -> None:
    (rows,) = decode(line(b'{"id":1,"call":0,"rows":[["\xff"]]}'))
    assert isinstance(rows, Rows) and rows.rows == [["\ufffd"]]


def test_numbers_of_dotnet_pass() -> None:
    (rows,) = decode(line(b'{"id":1,"call":0,"rows":[[79228162514264337593543950335,18446744073709551615,1.25,-1e300]]}'))
    assert isinstance(rows, Rows) and rows.rows[0][0] == 79228162514264337593543950335


# --- an answer, put together


READ = {"cmdlet": "Get-Thing", "parameters": {}, "properties": ["Identity", "Name"]}
WRITE = {"cmdlet": "Set-Thing", "parameters": {}, "stop_on_error": True}
ENDED = {"count": 0, "error_count": 0, "errors": [], "warnings": []}
FAILED = {"count": 0, "error_count": 1, "errors": [error()], "warnings": []}


def collect(calls: list[dict[str, Any]], *frames: Frame) -> Collector:
    collector = Collector(7, calls, Limits(rows=10))
    for frame in frames:
        collector.take(frame)
    return collector


def test_rows_and_ends_in_order() -> None:
    got = collect(
        [READ, WRITE], Rows(7, 0, [["a", 1]]), Rows(7, 0, [["b", 2]]), End(7, 0, True, {**ENDED, "count": 2}), End(7, 1, True, ENDED),
        Done(7, True),
    )  # fmt: skip
    assert got.done and got.rows == [[["a", 1], ["b", 2]], []]
    assert [one["call"] for one in got.ends] == [0, 1]


def test_a_request_that_stopped_at_an_error_is_whole() -> None:
    assert collect([WRITE, READ], End(7, 0, False, FAILED), Done(7, True)).done


def test_a_call_that_failed_in_the_middle_of_a_row_is_whole() -> None:
    assert collect([READ], Rows(7, 0, [["a", 1]]), End(7, 0, False, {**FAILED, "count": 2}), Done(7, True)).done


BROKEN: dict[str, tuple[list[dict[str, Any]], list[Frame]]] = {
    "another id": ([READ], [Rows(8, 0, [["a", 1]])]),
    "an answer to a later call": ([READ, READ], [Rows(7, 1, [["a", 1]])]),
    "an answer to no call": ([READ], [End(7, 0, True, ENDED), End(7, 1, True, ENDED)]),
    "a call answered twice": ([READ, READ], [End(7, 0, True, ENDED), End(7, 0, True, ENDED)]),
    "rows after the end": ([READ], [End(7, 0, True, ENDED), Rows(7, 0, [["a", 1]])]),
    "a missing row": ([READ], [Rows(7, 0, [["a", 1]]), End(7, 0, True, {**ENDED, "count": 2})]),
    "a row too many": ([READ], [Rows(7, 0, [["a", 1]]), End(7, 0, True, ENDED)]),
    "two missing rows at an error": ([READ], [End(7, 0, False, {**FAILED, "count": 2})]),
    "a missing end": ([READ, WRITE], [End(7, 0, True, ENDED), Done(7, True)]),
    "stopped without leave": ([READ, WRITE], [End(7, 0, False, FAILED), Done(7, True)]),
    "rows without an end": ([READ], [Rows(7, 0, [["a", 1]]), Done(7, True)]),
    "a short row": ([READ], [Rows(7, 0, [["a"]])]),
    "rows that nobody asked for": ([WRITE], [Rows(7, 0, [[]])]),
    "too many rows": ([READ], [Rows(7, 0, [["a", 1]] * 11)]),
    "a file's answer to a cmdlet": ([WRITE], [End(7, 0, True, {"size": 1})]),
    "a cmdlet's answer to a file": ([{"file": "x"}], [End(7, 0, True, ENDED)]),
    "a greeting": ([READ], [Hello({})]),
    "another request's end": ([], [Done(8, True)]),
    "a request that could not be read": ([READ], [Done(None, False, None)]),
    "once more": ([], [Done(7, True), Done(7, True)]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_answers_with_holes(name: str) -> None:
    with pytest.raises(BadAnswer):
        collect(*BROKEN[name][:1], *BROKEN[name][1])

"""Messages as bytes."""

from __future__ import annotations

import contextlib
import dataclasses
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctstudio.core.errors import EngineError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import Label, LabelMap, LabelTable, standard_table
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume
from ctstudio.measure.scanner import Exposure, Scanner
from ctstudio.protocol.blocks import BlockLent, BlocksReturned, BlockWanted
from ctstudio.protocol.commands import Cancel, Shutdown, Submit
from ctstudio.protocol.events import (
    DeviceStatus,
    EngineReady,
    Failed,
    Finished,
    Hello,
    Loading,
    Preview,
    Stepped,
    Stopped,
)
from ctstudio.protocol.live_noise import ExposureFound, FindExposure, NoiseSimulated, SimulateNoise
from ctstudio.protocol.request import Request, new_id
from ctstudio.protocol.result import Result, Sample
from ctstudio.protocol.wire import VERSION, Message, decode, encode

GRID = Grid((2, 3, 4), (0.7, 0.8, 2.5), (-10.0, 4.5, 1e-3), ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))
VOLUME = Volume(np.arange(24, dtype=np.int16).reshape(2, 3, 4), GRID, "PT", "SUV", synthetic=True, name="Übung")
MASK = LabelMap(np.full((2, 3, 4), 5, np.uint8), GRID, standard_table(), synthetic=True, name="liver")
PROVENANCE = Provenance(
    "na_diff", "generate", {"dose": 0.25, "seed": None}, 2**62, "demo", {"a.safetensors": "ff"},
    {"mask": {"file": "m.nii.gz", "sha256": "00"}}, {"torch": "2"}, "cpu", "fp32", "2026-01-01T00:00:00Z", 1.5,
)  # fmt: skip
SAMPLE = Sample(7, {"ct": VOLUME, "mask": MASK}, {"noise_sd_hu": 31.25}, PROVENANCE)
REQUEST = Request(
    "r1", "na_diff", "generate", "demo", {"is": "Volume", "list": [1, 2.5, None, {"x": True}]},
    {"mask": MASK, "like": VOLUME}, "cpu", "fp32", {"mask": "m.nii.gz"},
)  # fmt: skip
MESSAGES: list[Message] = [
    Submit(REQUEST),
    Cancel("r1"),
    Shutdown(),
    Loading("r1", "Loading model …"),
    Stepped("r1", 3, 20, 1, 2, 4.5),
    Stepped("r1", 3, 20, 1, 2),
    Preview("r1", 1, VOLUME),
    Finished("r1", Result("r1", (SAMPLE, SAMPLE), ("Mask resampled.",))),
    Failed("r1", "what", "do", "detail", 2),
    Stopped("r1"),
    Hello(12),
    EngineReady({"torch": "2"}, "cpu"),
    DeviceStatus(1, 2**40),
    BlockWanted(2**33),
    BlockLent("x"),
    BlocksReturned(("a", "b")),
    FindExposure("r1", VOLUME, {"dose": 0.25, "kernel": "auto", "bow_tie": False}),
    ExposureFound("r1", Exposure(1.5e6, False, 10.25), Scanner("ramp", 1.5, 3.0, True, True), "Found."),
    ExposureFound("r1", Exposure(1.5e6, True), Scanner(), ""),
    SimulateNoise("r1", VOLUME, 17, 3, 2e5, Scanner(cutoff=2.0)),
    NoiseSimulated("r1", VOLUME, VOLUME),
    NoiseSimulated("r1", VOLUME, None),
]


def same(a: Any, b: Any) -> bool:
    """Equality that looks into arrays: class, dtype and every value."""
    if type(a) is not type(b):
        return False
    if dataclasses.is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_every_message_comes_back_as_it_was(message: Message) -> None:
    assert same(decode(encode(message)), message)


def test_every_kind_of_message_is_tried() -> None:
    assert {type(m) for m in MESSAGES} == set(Message.__args__)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int16, np.uint16, np.int64, np.float16, np.float32, ">i2"])
def test_every_dtype_comes_back(dtype: Any) -> None:
    array = (np.arange(24).reshape(2, 3, 4) % 2).astype(dtype)
    back = decode(encode(Preview("r", 1, Volume(array, GRID))))
    assert same(back, Preview("r", 1, Volume(array, GRID)))


def test_arrays_that_are_not_contiguous_come_back() -> None:
    array = np.arange(48, dtype=np.float32).reshape(4, 3, 4)[::2]
    back = decode(encode(Preview("r", 1, Volume(array, GRID))))
    assert isinstance(back, Preview)
    assert np.array_equal(back.image.array, array)


def test_received_arrays_are_our_own() -> None:
    back = decode(encode(Preview("r", 1, VOLUME)))
    assert isinstance(back, Preview)
    back.image.array[:] = 0  # writable, and does not change what was sent
    assert VOLUME.array.max() == 23


def test_a_table_of_its_own_travels_with_the_labels_present() -> None:
    table = LabelTable((Label(3, "tumour", (1, 2, 3)), Label(9, "elsewhere", (4, 5, 6))))
    labels = LabelMap(np.full((2, 3, 4), 3, np.uint8), GRID, table)
    back = decode(encode(Submit(dataclasses.replace(REQUEST, inputs={"mask": labels}))))
    assert isinstance(back, Submit)
    received = back.request.inputs["mask"]
    assert isinstance(received, LabelMap)
    assert received.table == LabelTable((Label(3, "tumour", (1, 2, 3)),))


def test_the_standard_table_is_only_named() -> None:
    assert b"standard" in encode(Submit(REQUEST))
    assert b"kidney" not in encode(Submit(REQUEST))


def test_numpy_numbers_in_parameters_become_json() -> None:
    request = Request(new_id(), "s", "t", "m", {"dose": np.float32(0.25), "count": np.int64(3)})
    back = decode(encode(Submit(request)))
    assert isinstance(back, Submit)
    assert back.request.parameters == {"dose": 0.25, "count": 3}


@pytest.mark.parametrize("bad", [object(), np.zeros(3, object), {1: 2}, np.zeros(2, "U3")])
def test_what_cannot_be_sent_is_said(bad: Any) -> None:
    with pytest.raises(EngineError, match="cannot be sent"):
        encode(Submit(Request("r", "s", "t", "m", {"x": bad})))


def test_another_version_is_said() -> None:
    data = bytearray(encode(Cancel("r")))
    struct.pack_into("<H", data, 4, VERSION + 1)
    with pytest.raises(EngineError, match="different versions"):
        decode(bytes(data))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"is": "Preview"', b'"is": "Request"'),
        (b'"sample": 1', b'"sample": "1"'),
        (b'"dtype": "<i2"', b'"dtype": "|O8"'),
        (b'"shape": [2, 3, 4]', b'"shape": [2, 3, 9]'),
        (b'"array": 0', b'"array": 7'),
        (b'"array": 0', b'"array": -1'),
        (b'"modality": "PT"', b'"modality": "XX"'),
        (b'"block": null', b'"block": "psm_elsewhere"'),
        (b'"unit": "SUV"', b'"zzzz": "SUV"'),
    ],
)
def test_a_changed_header_is_refused(old: bytes, new: bytes) -> None:
    data = encode(Preview("r", 1, VOLUME))
    length = struct.unpack_from("<I", data, 6)[0]
    header, raw = data[10 : 10 + length], data[10 + length :]
    changed = header.replace(old, new)
    assert changed != header
    with pytest.raises(EngineError):
        decode(data[:6] + struct.pack("<I", len(changed)) + changed + raw)


def test_a_deeply_nested_header_is_refused() -> None:
    header = b"[" * 200_000
    with pytest.raises(EngineError):
        decode(struct.pack("<4sHI", b"CTSW", VERSION, len(header)) + header)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_give_an_engine_error(data: bytes, prefixed: bool) -> None:
    if prefixed:
        data = struct.pack("<4sHI", b"CTSW", VERSION, min(len(data), 200)) + data
    with pytest.raises(EngineError):
        decode(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["is", "array", "grid"]), inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_messages_decode_or_give_an_engine_error(data: st.DataObject) -> None:
    good = bytearray(encode(data.draw(st.sampled_from(MESSAGES))))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(good[: data.draw(st.integers(0, len(good)))])
    with contextlib.suppress(EngineError):
        decode(damaged)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_any_json_parameters_come_back(parameters: dict[str, Any]) -> None:
    back = decode(encode(Submit(Request("r", "s", "t", "m", parameters))))
    assert isinstance(back, Submit)
    assert repr(back.request.parameters) == repr(parameters)

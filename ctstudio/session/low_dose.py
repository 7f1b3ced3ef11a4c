"""The live low dose of the case looked at: which noise is wanted of the engine, and the slice that it makes.

The noise of a slice is asked for once, at full dose; turning the dial only changes its size. The engine is asked
through `asked` and answers through `take`; nothing here waits.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import numpy as np
from psygnal import Signal

from ctstudio.catalog.low_dose import CARD
from ctstudio.core.volume import Volume
from ctstudio.measure.slices_through import slices_through
from ctstudio.protocol.events import Failed
from ctstudio.protocol.live_noise import ExposureFound, FindExposure, NoiseSimulated, SimulateNoise
from ctstudio.session.document import Case
from ctstudio.session.known_noise import Key, KnownNoise
from ctstudio.session.low_dose_request import trouble_of

MEASURED_SLICES = 8
_NOT_OF_THE_NOISE = ("dose", "seed")
_REMEMBERED_QUESTIONS = 8


class LowDose:
    """Settings and noise of the live low dose.

    Attributes:
        case: The case looked at.

    Signals:
        shown: The simulated slice, a `Volume` of one slice, or None.
        asked: A `FindExposure` or `SimulateNoise` for the engine.
        words: What goes on, in a sentence; "" when the slice in sight is the one simulated.
        changed: The name of a setting that changed, or "on".
    """

    shown = Signal(object)
    asked = Signal(object)
    words = Signal(str)
    changed = Signal(str)

    def __init__(self) -> None:
        self.case: Case | None = None
        self._on = False
        self._values = CARD.defaults()
        self._known = KnownNoise()
        self._currents: dict[str, Any] = {}
        self._questions: dict[str, Key] = {}

    # What is set.

    @property
    def values(self) -> dict[str, Any]:
        """JSON values of all settings."""
        return dict(self._values)

    def set(self, name: str, value: Any) -> None:
        """Set one; raises ParameterError, and keeps the old value, when it is out of range."""
        wanted = CARD.validated({**self._values, name: value})
        if wanted != self._values:
            self._values = wanted
            self.changed.emit(name)
            self.refresh()

    @property
    def on(self) -> bool:
        """Whether the slice in sight is simulated."""
        return self._on

    @on.setter
    def on(self, on: bool) -> None:
        if on != self._on:
            self._on = on
            self.changed.emit("on")
            self.refresh()

    def show_case(self, case: Case | None) -> None:
        """Simulate the slices of another case from now on."""
        self.case = case
        self.refresh()

    def forget(self, case: Case) -> None:
        """A case is closed: let its noise go."""
        self._currents.pop(case.id, None)
        self._known.forget(case.id)

    # What is shown.

    @property
    def found(self) -> ExposureFound | None:
        """How the case was exposed, as far as that is known."""
        found = self._known.exposure(self._key())
        return found if isinstance(found, ExposureFound) else None

    @property
    def noise(self) -> NoiseSimulated | None:
        """Noise at full dose of the slice in sight, as far as it is known."""
        noise = self._known.noise(self._key(self._place()))
        return noise if isinstance(noise, NoiseSimulated) else None

    def refresh(self, *_: object) -> None:
        """The slice or a setting changed: show what is known, ask for what is not."""
        trouble = "" if self.case is None else trouble_of(self.case)
        if not self._on or self.case is None or trouble:
            self.shown.emit(None)
            self.words.emit(trouble if self._on else "")
            return
        exposure = self._known.exposure(self._key())
        noise = self._known.noise(self._key(self._place()))
        failure = next((one for one in (exposure, noise) if isinstance(one, Failed)), None)
        if failure is not None:
            self.shown.emit(None)
            self.words.emit(f"{failure.message} {failure.remedy}".strip())
        elif isinstance(exposure, ExposureFound):
            self._show(exposure, noise if isinstance(noise, NoiseSimulated) else None)
        else:
            self.shown.emit(None)
            self.words.emit("Measuring the scan's noise …")
            self._ask_exposure()

    # What the engine says.

    def take(self, answer: ExposureFound | NoiseSimulated | Failed) -> None:
        """Take an answer in and show what it brings."""
        key = self._questions.pop(answer.request_id, None)
        if key is None:
            return
        if isinstance(answer, ExposureFound) or (isinstance(answer, Failed) and len(key) == len(self._key())):
            self._known.keep_exposure(key, answer)
        elif not isinstance(answer, ExposureFound):
            self._known.keep_noise(key, answer)
        self.refresh()

    # Parts.

    def _show(self, exposure: ExposureFound, noise: NoiseSimulated | None) -> None:
        from ctstudio.measure.missing_noise import missing_noise

        case = self.case
        if case is None:
            return
        shown = noise or self._known.any_noise(self._key())  # the noise of another slice stands in for a moment
        if shown is None:
            self.shown.emit(None)
        else:
            photons, detector = missing_noise(self._values["dose"], exposure.exposure.noise_free)
            plane = self._plane(case, self._place())
            image = plane.array + np.float32(photons) * shown.photons_hu.array
            if shown.detector_hu is not None:
                image += np.float32(detector) * shown.detector_hu.array
            self.shown.emit(replace(plane, array=image, synthetic=True))
        self.words.emit("" if noise is not None else f"Simulating slice {self._place() + 1} …")
        if noise is None:
            self._ask_noise(exposure, self._place())

    def look_ahead(self) -> None:
        """Ask for a slice beside the one in sight, for when the user goes there: only while nothing else is wanted."""
        z = self._next_unknown()
        if self._on and z is not None and self.found is not None and self.noise is not None:
            self._ask_noise(self.found, z)

    def _next_unknown(self) -> int | None:
        """A slice beside the one in sight whose noise is not known yet, for when the user goes there."""
        if self.case is None:
            return None
        around = (self._place() + 1, self._place() - 1)
        inside = [z for z in around if 0 <= z < self.case.volume.grid.shape[0]]
        return next((z for z in inside if self._known.noise(self._key(z)) is None), None)

    def _ask_exposure(self) -> None:
        case = self.case
        if case is None or self._is_asked(self._key()):
            return
        places = slices_through(case.volume.grid.shape[0], MEASURED_SLICES)
        grid = replace(case.volume.grid, shape=(len(places), *case.volume.grid.shape[1:]))
        scan = replace(case.volume, array=np.ascontiguousarray(case.volume.array[places]), grid=grid)
        self._ask(FindExposure(uuid4().hex, scan, self.values), self._key())

    def _ask_noise(self, found: ExposureFound, z: int) -> None:
        case = self.case
        if case is None or self._is_asked(self._key(z)):
            return
        photons = found.exposure.photons * self._current(case, z)
        plane = self._plane(case, z)
        question = SimulateNoise(uuid4().hex, plane, z, self._values["seed"], photons, found.scanner)
        self._ask(question, self._key(z))

    def _ask(self, question: FindExposure | SimulateNoise, key: Key) -> None:
        self._questions[question.request_id] = key
        for old in list(self._questions)[:-_REMEMBERED_QUESTIONS]:
            del self._questions[old]
        self.asked.emit(question)

    def _is_asked(self, key: Key) -> bool:
        """Whether this was asked last; what was asked before may have been dropped for it."""
        return bool(self._questions) and list(self._questions.values())[-1] == key

    def _current(self, case: Case, z: int) -> float:
        """Tube current at a slice, by its mean."""
        from ctstudio.measure.tube_current import slice_shares

        if not self._values["tube_current_modulation"]:
            return 1.0
        if case.id not in self._currents:
            self._currents[case.id] = slice_shares(case.volume.array, case.volume.grid.spacing_mm)
        return float(self._currents[case.id][z])

    def _key(self, z: int | None = None) -> Key:
        """What the exposure, or the noise of a slice, depends on."""
        case = "" if self.case is None else self.case.id
        values = {name: value for name, value in self._values.items() if name not in _NOT_OF_THE_NOISE}
        own = (case, json.dumps(values, sort_keys=True))
        return own if z is None else (*own, str(self._values["seed"]), str(z))

    def _place(self) -> int:
        return 0 if self.case is None else self.case.viewing.crosshair[0]

    def _plane(self, case: Case, z: int) -> Volume:
        """One slice of the scan, float32."""
        array = case.volume.array[z : z + 1].astype(np.float32)
        return replace(case.volume, array=array, grid=case.volume.grid.slab(z, 1))

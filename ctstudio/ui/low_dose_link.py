"""Ties the live low dose to the window: engine, views, panel, and the noise measured beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from psygnal import SignalInstance
from PySide6.QtCore import QObject, QTimer

from ctstudio.core.errors import CtStudioError
from ctstudio.core.volume import Volume
from ctstudio.jobs.noise_errands import NoiseErrands
from ctstudio.session.document import Case
from ctstudio.session.low_dose import LowDose
from ctstudio.session.low_dose_request import low_dose_request
from ctstudio.ui.dose_dial import PAPER_DOSES
from ctstudio.ui.low_dose_panel import LowDosePanel
from ctstudio.ui.page_order import LOW_DOSE_PAGE

if TYPE_CHECKING:
    from ctstudio.session.noise_reading import NoiseReading
    from ctstudio.ui.main_window import MainWindow

QUIET_MS = 150


class LowDoseLink(QObject):
    """The Low dose page, apart from its place in the window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.session = LowDose()
        self.errands = NoiseErrands(window.link.client)
        self.panel = LowDosePanel(self.session)
        self.reading: NoiseReading | None = None
        self._asked = 0
        self._in_sight = False
        self._bonds: list[tuple[SignalInstance, Callable[..., Any]]] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(QUIET_MS)
        self._timer.timeout.connect(self._measure)
        self.session.asked.connect(self.errands.ask)
        self.session.shown.connect(self._show)
        for answers in (self.errands.found, self.errands.simulated, self.errands.failed):
            answers.connect(self.session.take)
        window.link.client.state.connect(lambda _: self._say_engine())
        window.document.active_changed.connect(self._show_case)
        window.document.case_removed.connect(self.session.forget)
        self.panel.whole_asked.connect(self.simulate_whole)
        self.panel.reading_asked.connect(self._timer.start)
        self.panel.trouble.connect(window.notices.report)

    def switch(self, in_sight: bool) -> None:
        """The page came into sight, or went."""
        if in_sight != self._in_sight:
            self._in_sight = in_sight
            self.session.on = in_sight

    def toggle(self) -> None:
        """Turn the live preview on or off; on another page, go to this one."""
        if self._in_sight:
            self.session.on = not self.session.on
        else:
            self._window.show_page(LOW_DOSE_PAGE)

    def step_dose(self, direction: int) -> None:
        """Turn the dial to the next of the published doses, up (1) or down (-1)."""
        dose = float(self.session.values["dose"])
        beyond = [d for d in PAPER_DOSES if (d - dose) * direction > 1e-6]
        if beyond:
            self.panel.dial.set_dose(min(beyond) if direction > 0 else max(beyond))

    def simulate_whole(self) -> None:
        """Ask for every slice of the scan at the dial's dose, as a job."""
        try:
            request = low_dose_request(self.session.case, self.session.values)
        except CtStudioError as error:
            self._window.notices.report(error)
            return
        if self.session.case is not None:
            self._window.link.queue_up(self.session.case, request)

    def rest(self) -> None:
        """A whole result is looked at: the live preview makes way until the dial is turned."""
        if self._in_sight:
            self.session.on = False

    # What the session says.

    def _show_case(self, case: Case | None) -> None:
        for signal, slot in self._bonds:
            signal.disconnect(slot)
        self._bonds.clear()
        if case is not None:
            case.viewing.crosshair_changed.connect(self._look_at)
            self._bonds.append((case.viewing.crosshair_changed, self._look_at))
        self.session.show_case(case)

    def _look_at(self, _index: object) -> None:
        if self.session.on:
            self.session.refresh()

    def _show(self, image: Volume | None) -> None:
        dose = float(self.session.values["dose"])
        self._window.views.show_live(image, f"{dose * 100:.0f} %" if self.session.on else "")
        self._timer.start()

    def _say_engine(self) -> None:
        if self.session.on and self._window.link.client.status in ("dead", "hung"):
            self.panel.show_words("The engine has stopped. Restart it in the bar below; the preview then goes on.")

    # Measuring.

    def _measure(self) -> None:
        self._asked += 1
        asked, session = self._asked, self.session
        found, noise, case = session.found, session.noise, session.case
        if not session.on or case is None or found is None or noise is None:
            if not session.on:
                self._tell(asked, None)
            return
        session.look_ahead()
        z, y, x = case.viewing.crosshair
        at = (float(y), float(x)) if self.panel.crosshair.isChecked() else None
        detector = None if noise.detector_hu is None else noise.detector_hu.array[0]
        parts, plane = (noise.photons_hu.array[0], detector), case.volume.array[z]
        dose, pixel_mm = float(session.values["dose"]), min(case.volume.grid.spacing_mm[:2])
        noise_free = found.exposure.noise_free
        from ctstudio.session.noise_reading import read_noise

        self._window.background.run(
            lambda: read_noise(plane, parts, dose, noise_free, pixel_mm, at),
            lambda reading: self._tell(asked, reading),
            self._window.notices.report,
        )

    def _tell(self, asked: int, reading: NoiseReading | None) -> None:
        if asked == self._asked:
            self.reading = reading
            self.panel.show_reading(reading)
            self._show_region(reading)

    def _show_region(self, reading: NoiseReading | None) -> None:
        """Draw what was measured into both views of the slice."""
        case, grid = self.session.case, self._window.grid
        for view, z in ((grid.axial, 0 if case is None else case.viewing.crosshair[0]), (grid.generated, 0)):
            view.region = None if reading is None else ((float(z), *reading.centre), reading.radius)
            view.update()

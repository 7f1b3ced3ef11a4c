"""Notices are kept in order and told."""

from ctstudio.core.errors import MaskError
from ctstudio.session.notices import Notices


def test_what_is_said_is_kept_and_told(listen):
    notices = Notices()
    told = listen(notices.added)
    said = notices.say("Mask saved.")
    reported = notices.report(MaskError("The mask is empty.", "Paint a label.", "here"))
    assert told.heard == [said, reported] == list(notices.items)
    assert (reported.level, reported.text, reported.remedy, reported.detail) == (
        "error",
        "The mask is empty.",
        "Paint a label.",
        "here",
    )


def test_old_notices_go():
    notices = Notices()
    for number in range(700):
        notices.say(str(number))
    assert len(notices.items) == 500
    assert notices.latest.text == "699"


def test_the_session_never_imports_torch_or_qt():
    import subprocess
    import sys

    rooms = ", ".join(f"ctstudio.session.{n}" for n in ("document", "generation", "saving", "recovery", "autosave"))
    heavy = ("torch", "PySide6", "scipy", "skimage", "SimpleITK")
    code = f"import sys, {rooms}; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

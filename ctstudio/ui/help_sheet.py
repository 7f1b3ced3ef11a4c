"""F1: how to generate, what the demo model is and is not, the mouse, and every key."""

from __future__ import annotations

from html import escape

from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from ctstudio.ui import theme
from ctstudio.ui.actions import Command, key_name
from ctstudio.ui.scene.camera import KEYS as SCENE_KEYS

_STEPS = (
    "Open a scan: drop a NIfTI, NRRD, MHA file or a DICOM folder on the window, or press Ctrl+O.",
    "Paint a label on one or more axial slices, or import a label file as the mask.",
    "On the Generate page turn the dose dial and press Ctrl+Enter.",
    "Click a result in the strip: it is shown beside the original at the same place, window and zoom.",
    "Organs that the mask leaves out are completed: the mask button on the result's card takes them as the mask.",
    "Save it: CT, mask and noise map as NIfTI with a record of how they were made.",
)
_DATA_SET = (
    "Generate a data set (Ctrl+Shift+G) takes a folder of masks, a list of doses and a list of seeds, and makes every "
    "combination, in nnU-Net's raw layout or as a folder for each sample. Model and other settings are those of the "
    "Generate page.",
    "Before the start it says how many cases there are, how much room and time they take, and what to mind.",
    "A process of its own makes it: paint on, or close the window. Cancel it, and Go on later: what is done stays.",
)
_REPORT = (
    "On the Generate page choose the task 'Chest CT from a report' (Ctrl+Shift+2). Write findings and impression, take "
    "a template (Ctrl+T) or an earlier report (Ctrl+H), and press Ctrl+Enter. The coarse volume is shown while it is "
    "refined; the chest opens as a case of its own, with lobes, airway and vessels as labels.",
    "The line under the report says which words the model has never read, what contradicts itself, and what is cut.",
    "Follow: the report, and lobes, airway or vessels from the labels of the open case, together or alone.",
    "What the words did (Ctrl+D) makes two reports with the same seed and shows A, B and their difference, with the "
    "change of every measure. A sample that is there already is not made again.",
    "Generate from a list of reports (Ctrl+Shift+G) works through a table, one chest at a time.",
    "The task 'Structures of a chest CT' (Ctrl+Shift+3) reads lobes, airway and vessels from the open scan.",
    "The last 50 reports are kept on this machine alone; forget one with Delete, or all, in the history.",
)
_SCAN_TASKS = (
    "On the Generate page choose a task of MedDiff-FM (Ctrl+Shift+4 to 9): a CT from anatomy, denoising, anomalies, a "
    "CT with a lesion, a lesion put into the scan or taken out of it. It works on the open case; the panel says what "
    "the case gives and what is missing.",
    "Anatomy is the mask. Find the organs (Ctrl+Shift+T) asks TotalSegmentator, when it is installed. What the labels "
    "mean (Ctrl+M) tells labels of other programs; it is remembered for the next file with these names.",
    "A lesion is what is painted with a lesion's label, for example liver lesion.",
    "Compare (C): beside the original, swipe with the mouse, or the difference alone. The receipt counts every voxel "
    "that changed, and the mean and SD in the lesion before and after.",
    "Denoised: SD and noise power spectra of scan and result in the dashed circle.",
    "Anomalies: the threshold colours at once, amber brighter and blue darker than expected; click a finding, or walk "
    "with J and K. Take the findings into the mask makes lesions of them.",
)
_TRAIN = (
    "On the Train page choose a recipe, the model to start from and the data: the recipe's phantoms, or a prepared "
    "data set. Prepare data makes one of a folder of scans with labels, and says what it left out and why.",
    "Estimate tries a few steps and says what the run will take. Start makes it a process of its own: it goes on when "
    "the window is closed, and is found again.",
    "Watch the loss and the validation figures, and scrub the samples over time. Compare keeps a run in the plots "
    "while you look at others.",
    "Pause, stop and resume when you like; a run that was killed resumes from its last checkpoint.",
    "Promote puts a checkpoint on the shelf with its measured figures: choose it on the Generate page.",
)
_LOW_DOSE = (
    "On the Low dose page (Ctrl+3, or V) turn the dial: the slice in sight is shown beside the original as it would "
    "have been at that lower dose. No model is needed: photon noise is put into the slice's projections.",
    "The scan's own noise is measured in even tissue, and only what it lacks at the dose is added, with grain as fine "
    "as its own. Electronic noise, bow-tie, tube current and kernel are under Scanner.",
    "SD and noise power spectrum of scan and simulation are measured in the dashed circle: in the most even tissue, or "
    "at the crosshair.",
    "Ctrl+Enter simulates the whole scan; it joins the results, to compare and to save.",
)
_SCENE = (
    "T shows the 3D view beside the others: surfaces of the labels, or the scan as a volume; its buttons choose.",
    "The eye at the end of a label's row hides it over the scan and in 3D (H for the label one paints with). Labels "
    "that lie about all others, such as skin and muscle, are not shown in 3D until their opacity is raised.",
    "Left drag turns, Shift+left or middle drag moves, right drag and wheel zoom, Ctrl+left drag rolls.",
    *(f"{keys}: {deed}." for keys, deed in SCENE_KEYS),
    "The cube in the corner shows how the patient lies; a click on one of its sides looks from there.",
    "Surfaces follow a stroke when the brush rests. The snapshot goes into a PNG and onto the clipboard; of a "
    "synthetic case it says SYNTHETIC.",
)
_DEMO = (
    "The demo model was trained on procedural phantoms only. It shows that mask and dose are obeyed. Its pictures "
    "are not any patient's anatomy, must not be used for diagnosis, and carry the SYNTHETIC badge in every view, "
    "screenshot and file. Every slice that holds mask is generated; others stay air."
)
_MOUSE = (
    ("Left button", "the chosen tool: crosshair, brush, eraser, window"),
    ("Right drag, Ctrl+wheel", "zoom"),
    ("Middle drag, Space+drag", "pan"),
    ("Wheel", "slice"),
    ("Shift+wheel, [ and ]", "brush size"),
    ("Shift+move", "crosshair to this point in every view"),
    ("Ctrl while painting", "erase (or paint, with the eraser)"),
    ("Double-click", "one view large, and back"),
)


class HelpSheet(QDialog):
    """A sheet of help that stays beside the work."""

    def __init__(self, commands: tuple[Command, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Help")
        self.resize(680, 720)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.page = QTextBrowser()
        self.page.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.page.document().setDocumentMargin(26)
        self.page.setHtml(_html(commands))
        layout.addWidget(self.page)


def _html(commands: tuple[Command, ...]) -> str:
    steps = "".join(f"<li style='margin-bottom:5px'>{escape(step)}</li>" for step in _STEPS)
    train = "".join(f"<li style='margin-bottom:5px'>{escape(step)}</li>" for step in _TRAIN)
    data_set = "".join(f"<li style='margin-bottom:5px'>{escape(step)}</li>" for step in _DATA_SET)
    report = "".join(f"<li style='margin-bottom:5px'>{escape(step)}</li>" for step in _REPORT)
    scan_tasks = "".join(f"<li style='margin-bottom:5px'>{escape(step)}</li>" for step in _SCAN_TASKS)
    low_dose = "".join(f"<li style='margin-bottom:5px'>{escape(step)}</li>" for step in _LOW_DOSE)
    scene = "".join(f"<li style='margin-bottom:5px'>{escape(step)}</li>" for step in _SCENE)
    keyed = [c for c in commands if c.keys]
    parts = [
        _heading("Paint, turn the dial, generate, see"),
        f"<ol style='margin-left:-16px'>{steps}</ol>",
        _heading("Write a report, get a chest"),
        f"<ul style='margin-left:-16px'>{report}</ul>",
        _heading("Work on an open scan"),
        f"<ul style='margin-left:-16px'>{scan_tasks}</ul>",
        _heading("Make a data set of many masks"),
        f"<ol style='margin-left:-16px'>{data_set}</ol>",
        _heading("See a scan at a lower dose"),
        f"<ul style='margin-left:-16px'>{low_dose}</ul>",
        _heading("See it in 3D"),
        f"<ul style='margin-left:-16px'>{scene}</ul>",
        _heading("Train a model on data of your own"),
        f"<ol style='margin-left:-16px'>{train}</ol>",
        _heading("What the demo model is, and is not"),
        f"<p>{escape(_DEMO)}</p>",
        _heading("Mouse"),
        _table(_MOUSE),
    ]
    for menu in dict.fromkeys(c.menu for c in keyed):
        rows = [("   ".join(key_name(k) for k in c.keys), c.title) for c in keyed if c.menu == menu]
        parts += [_heading(f"Keys: {menu}"), _table(rows)]
    return "".join(parts)


def _heading(text: str) -> str:
    return f"<p style='font-size:16px; font-weight:600; margin-top:16px; margin-bottom:6px'>{escape(text)}</p>"


def _table(rows: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><td width='210' style='padding:3px 0; color:{theme.ACCENT}'>{escape(left)}</td>"
        f"<td style='padding:3px 0'>{escape(right)}</td></tr>"
        for left, right in rows
    )
    return f"<table cellspacing='0' width='100%'>{cells}</table>"

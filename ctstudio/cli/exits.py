"""How a command ends: 0 done, 2 what was given cannot be used, 1 our fault; always one line, never a traceback."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from typer.exceptions import TyperException

from ctstudio.core.errors import CtStudioError

DONE = 0
OUR_FAULT = 1
CANNOT_BE_USED = 2
INTERRUPTED = 130


def exit_code_of(work: Callable[[], int | None]) -> int:
    """Do the work; say on stderr, in one line, what stopped it; return the exit code."""
    try:
        return work() or DONE
    except CtStudioError as error:
        return _told(error)
    except TyperException as error:
        what = error.format_message() or "A command is missing"
        return _say(f"{_sentence(what)} Add --help to see what can be given.", CANNOT_BE_USED)
    except KeyboardInterrupt:
        return _say("Stopped.", INTERRUPTED)
    except OSError as error:
        return _say(_about_file(error), CANNOT_BE_USED)
    except MemoryError as error:
        return _say(f"The memory is not enough for this. Give a smaller image. Log: {_logged(error)}", OUR_FAULT)
    except Exception as error:  # noqa: BLE001 - the last door: nothing leaves as a traceback
        what = f"Something went wrong inside the program: {_one_line(str(error)) or type(error).__name__}"
        return _say(f"{_sentence(what)} Please report it with the log: {_logged(error)}", OUR_FAULT)


def _told(error: CtStudioError) -> int:
    line = _one_line(str(error))
    if error.exit_code == OUR_FAULT:
        line = f"{line} Log: {_logged(error)}"
    return _say(line, error.exit_code)


def _say(line: str, code: int) -> int:
    sys.stderr.write(f"ctstudio: {_one_line(line)}\n")
    return code


def _about_file(error: OSError) -> str:
    what = error.strerror or type(error).__name__
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{what}. Give a place that exists, may be written and has room."


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _sentence(text: str) -> str:
    text = _one_line(text)
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _logged(error: BaseException) -> Path:
    """Write the whole story to a file of its own; return its path."""
    name = time.strftime(f"ctstudio-%Y%m%d-%H%M%S-{os.getpid()}.log")
    told = "".join(traceback.format_exception(error))
    story = f"arguments: {sys.argv[1:]}\n{getattr(error, 'detail', '')}\n{told}"
    for folder in (_log_folder(), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(story, encoding="utf-8")
        except OSError:
            continue
        return folder / name
    return Path(os.devnull)


def _log_folder() -> Path:
    from platformdirs import user_log_path

    return user_log_path("ctstudio", appauthor=False)

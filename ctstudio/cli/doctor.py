"""`ctstudio doctor`: what this machine has, and what will work on it."""

from __future__ import annotations

from typing import Any

from ctstudio.cli.answer import answer
from ctstudio.cli.options import AsJson
from ctstudio.cli.progress import late_bar

_GIB = 1024**3
_BF16 = "the processor computes in bf16: MedSyn takes it where --dtype is auto, other systems fp32"
_NO_BF16 = "the processor has no bf16 of its own: networks compute in fp32 there"


def doctor(as_json: AsJson = False) -> None:
    """Say what this machine has (GPU, memory, OpenGL, models, disk) and what will work."""
    from ctstudio.cli import machine

    looks = {
        "program": machine.program,
        "memory": machine.memory,
        "gpu": machine.gpu,
        "opengl": machine.opengl,
        "display": machine.display,
        "disk": machine.disk,
        "models": machine.models,
    }
    facts: dict[str, Any] = {}
    with late_bar("Looking at this machine") as bar:
        for number, (name, look) in enumerate(looks.items(), start=1):
            facts[name] = look()
            bar.at(number, len(looks))
    facts["works"] = machine.what_works(facts)
    answer(as_json, facts, _lines(facts))


def _lines(facts: dict[str, Any]) -> list[str]:
    program, memory, gpu, opengl = (facts[name] for name in ("program", "memory", "gpu", "opengl"))
    devices = ", ".join(f"{d['name']} ({d['memory_bytes'] / _GIB:.0f} GiB)" for d in gpu["devices"])
    versions = ", ".join(f"{name} {version}" for name, version in program["versions"].items())
    return [
        f"CT Studio   {program['ctstudio']}, Python {program['python']}, {program['system']}",
        f"Packages    {versions}",
        f"Processor   {memory['cores']} cores, {memory['available_bytes'] / _GIB:.1f} of "
        f"{memory['total_bytes'] / _GIB:.1f} GiB of memory free",
        f"Precision   {_BF16 if memory['bf16'] else _NO_BF16}",
        f"GPU         {devices or 'none that torch can use: networks run on the processor'}",
        f"OpenGL      {opengl['renderer'] if opengl['works'] else 'not working: ' + opengl['reason']}",
        f"Display     {facts['display']['name'] or 'none'}",
        *[f"Disk        {d['free_bytes'] / _GIB:.1f} GiB free in {d['folder']}" for d in facts["disk"]],
        *_model_lines(facts["models"]),
        "",
        *[f"{'yes' if one['works'] else 'NO ':<4}{what}: {one['reason']}" for what, one in facts["works"].items()],
    ]


def _model_lines(models: dict[str, Any]) -> list[str]:
    lines = [f"Model       {m['title']}: {m['problem'] or 'intact'}" for m in models["found"]]
    return [*(lines or ["Model       none"]), *[f"            {note}" for note in models["notes"]]]

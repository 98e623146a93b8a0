"""Writes what a document's code gives, with the versions of the packages it ran with, beside the script that ran it.

    ENV/bin/pip install -r tests/golden/samples/requirements.txt
    JAX_PLATFORMS=cpu ENV/bin/python tests/golden/samples/NAME.py

requirements.txt has the packages of all samples; each JSON file says which it was made with, and their versions.
"""

import importlib.metadata
import json
import os
import pathlib

os.environ["JAX_PLATFORMS"] = "cpu"


def plain(value):
    """Arrays as lists, floats as the doubles they are."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return value


def write(script, packages, values):
    versions = {name: importlib.metadata.version(name) for name in packages}
    file = pathlib.Path(script).with_suffix(".json")
    content = {"versions": versions, **plain(values)}
    file.write_text(json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n")
    print(f"{file.name}: {file.stat().st_size / 1024:.0f} KiB")

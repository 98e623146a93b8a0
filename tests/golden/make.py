"""Writes the golden data: runs with JAX the cases of cases/*.py, and tables/*.py, which have a form of their own.

    python -m venv ENV; ENV/bin/pip install -r tests/golden/requirements.txt
    JAX_PLATFORMS=cpu ENV/bin/python tests/golden/make.py [--check] [FAMILY…]

Without a family all are made. --check writes nothing and fails if a file is not what would be written.
"""

import importlib
import importlib.metadata
import os
import pathlib
import sys
import tempfile

os.environ["JAX_PLATFORMS"] = "cpu"
# What XLA has compiled is kept between runs: most of the time goes there.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", os.path.join(tempfile.gettempdir(), "weft-golden-cache"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import record  # noqa: E402
from container import pack, unpack  # noqa: E402
from golden import take_cases  # noqa: E402


def check_versions():
    wanted = dict(line.split("==") for line in (HERE / "requirements.txt").read_text().split())
    wrong = []
    for name, version in wanted.items():
        found = importlib.metadata.version(name)
        if found != version:
            wrong.append(f"{name} {found} instead of {version}")
    if wrong:
        raise SystemExit(f"make.py: {', '.join(wrong)}: install tests/golden/requirements.txt")
    return wanted


def contents(family, versions):
    if (HERE / "tables" / f"{family}.py").exists():
        return importlib.import_module(f"tables.{family}").contents(versions)
    take_cases()
    importlib.import_module(f"cases.{family}")
    return record.family(family, take_cases(), versions)


def main():
    args = sys.argv[1:]
    check = "--check" in args
    families = [a for a in args if not a.startswith("-")]
    unknown = [a for a in args if a.startswith("-") and a != "--check"]
    if unknown:
        raise SystemExit(f"make.py: unknown option {unknown[0]}\n{__doc__}")
    if not families:
        files = [*HERE.glob("cases/*.py"), *HERE.glob("tables/*.py")]
        families = sorted(f.stem for f in files if not f.stem.startswith("_"))
    versions = check_versions()
    stale = []
    (HERE / "data").mkdir(exist_ok=True)
    for family in families:
        content, count = contents(family, versions)
        file = HERE / "data" / f"{family}.bin"
        packed = pack(content)
        if check and (not file.exists() or unpack(file.read_bytes()) != content):
            stale.append(family)
        elif not check:
            file.write_bytes(packed)
        print(f"{family}: {count} cases, {len(packed) / 1024:.0f} KiB{' STALE' if family in stale else ''}", flush=True)
    if stale:
        raise SystemExit(f"make.py --check: not up to date: {', '.join(stale)}")


main()

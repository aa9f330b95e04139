"""What a machine gets: pinned dependencies, a wheel with the course in it, a set-up that says what is missing.

Who may import whom is in pyproject.toml; the two rules that import-linter cannot say are here.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DEBIAN_12_PYTHON = "3.11.2"


# --- pinned versions --------------------------------------------------------------------------------------------------


def pins(file: str) -> dict[str, str]:
    """Name and version of every ``name==version`` line."""
    lines = (ROOT / "scripts" / file).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def needed(requirements: list[str]) -> set[str]:
    """The names of everything that a list of requirements brings to this machine."""
    found: set[tuple[str, str]] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras}:
            if (name, extra) in found:
                continue
            found.add((name, extra))
            inner = map(Requirement, metadata.requires(name) or [])
            waiting += [
                each for each in inner if each.marker is None or each.marker.evaluate({"extra": extra})
            ]
    return {name for name, _ in found}


EXTRAS = [text for extra in PROJECT["project"]["optional-dependencies"].values() for text in extra]
DECLARED = [*PROJECT["project"]["dependencies"], *EXTRAS]
WANTED = [*DECLARED, *PROJECT["dependency-groups"]["dev"]]


def test_every_dependency_has_one_version():
    # CUDA's own packages are pinned by the torch that wants them.
    unpinned = {name for name in needed(WANTED) if not name.startswith(("nvidia-", "cuda-", "triton"))}
    assert unpinned <= pins("constraints.txt").keys()


@pytest.mark.parametrize(
    ("folders", "declared"),
    [(("nnanim", "scenes"), DECLARED), (("tests", "scripts"), WANTED)],
    ids=["nnanim", "tests"],
)
def test_whatever_is_imported_is_declared(folders, declared):
    """What only happens to be installed here is not there on a new machine."""
    brought = needed(declared) | {"nnanim"}
    origin = metadata.packages_distributions()
    undeclared = {
        f"{file.relative_to(ROOT)}: {module}"
        for folder in folders
        for file in (ROOT / folder).rglob("*.py")
        for module, _ in imports(ast.parse(file.read_text(encoding="utf-8")))
        if (top := module.split(".")[0]) in origin
        and not {canonicalize_name(name) for name in origin[top]} & brought
    }
    assert not undeclared


def test_the_pinned_versions_are_those_asked_for():
    versions = pins("constraints.txt")
    for text in WANTED:
        wanted = Requirement(text)
        assert wanted.specifier.contains(versions[canonicalize_name(wanted.name)]), text


@pytest.mark.parametrize("name", sorted(needed(WANTED) & pins("constraints.txt").keys()))
def test_what_is_installed_is_what_is_pinned_and_runs_on_debian_12(name):
    installed = metadata.distribution(name)
    assert Version(installed.version).public == pins("constraints.txt")[name], "run make setup"
    asked = installed.metadata.get("Requires-Python") or ""
    assert SpecifierSet(asked).contains(DEBIAN_12_PYTHON), f"{name} asks for Python {asked}"


def test_the_build_tools_are_pinned():
    tools = {canonicalize_name(Requirement(text).name) for text in PROJECT["build-system"]["requires"]}
    assert tools <= pins("build-constraints.txt").keys()


# --- the wheel --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("nnanim-*-py3-none-any.whl"))


def sources(folder: str) -> set[str]:
    """What Python runs or reads below a folder of the checkout."""
    files = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT / folder)) for path in files if path.parent.name != "__pycache__"}


def test_the_wheel_holds_the_package_its_data_and_the_course(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {f"nnanim/{name}" for name in sources("nnanim")} | {
        f"nnanim/_course/{name}" for name in sources("scenes")
    }
    assert {"nnanim/facts.toml", "nnanim/visuals/page/themes.toml", "nnanim/_course/course.toml"} <= expected
    assert expected <= names
    strays = [name for name in names if not name.startswith("nnanim/") or "__pycache__" in name]
    assert not strays


def test_every_folder_of_the_package_is_a_package():
    # import-linter, mypy and importlib.resources see no folder without one.
    folders = {path.parent for path in (ROOT / "nnanim").rglob("*.py")}
    assert not [folder for folder in folders if not (folder / "__init__.py").is_file()]


@pytest.fixture(scope="session")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs ``nnanim`` from an environment that the wheel was installed into, in a folder far from the checkout."""
    folder = tmp_path_factory.mktemp("elsewhere")
    environment = folder / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    site = next((environment / "lib").glob("python3*/site-packages"))
    # The dependencies are those of this environment; its own nnanim is found after the wheel's.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python")]
    install = [*pip, "install", "--no-index", "--no-deps", "--ignore-installed", "--quiet", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    work = folder / "work"
    work.mkdir()

    def run(*arguments: str) -> str:
        clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = [str(environment / "bin" / "nnanim"), *arguments]
        done = subprocess.run(command, cwd=work, env=clean, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.work, run.site = work, site  # type: ignore[attr-defined]
    return run


def test_the_installed_course_is_listed_and_drawn_from_any_folder(elsewhere):
    course = tomllib.loads((ROOT / "scenes" / "course.toml").read_text(encoding="utf-8"))
    listed = elsewhere("list")
    for name in (name for part in course["part"] for name in part["chapters"]):
        assert name in listed
    picture = elsewhere("still", "forward-propagation", "--beat", "2", "--quality", "draft").splitlines()[-1]
    assert (elsewhere.work / picture).read_bytes().startswith(b"\x89PNG")
    assert (elsewhere.site / "nnanim" / "_course" / "forward_propagation.py").is_file()
    assert [path.name for path in elsewhere.work.iterdir()] == [picture], (
        "nothing but the picture is left behind"
    )


# --- who may import what ----------------------------------------------------------------------------------------------


def imports(node: ast.AST, lazy: bool = False) -> Iterator[tuple[str, bool]]:
    """Every imported module with whether that happens only inside a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, lazy) for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.level == 0:
            yield from ((f"{child.module}.{alias.name}", lazy) for alias in child.names)
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from imports(child, lazy or inside)


def is_in(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


TORCH_FREE = tuple(f"nnanim.sim.{name}" for name in ("outcomes", "riddle", "findings", "future_findings", "surfaces", "twin_outcomes"))
"""Simulations' definitions that words need as well: they load no torch."""


def scene_violations(source: str) -> list[str]:
    """Imports that a scene file must not have: torch and simulations at its top, and what is made from a scene."""
    return [
        module
        for module, lazy in imports(ast.parse(source))
        if is_in(module, "nnanim.engine", "nnanim.lecture", "nnanim.audit", "nnanim.cli", "nnanim.course")
        or (is_in(module, "torch", "nnanim.sim") and not is_in(module, *TORCH_FREE) and not lazy)
    ]


@pytest.mark.parametrize("module", TORCH_FREE)
def test_what_scenes_may_import_of_the_simulations_loads_no_torch(module):
    program = f"import sys, {module}; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"


@pytest.mark.parametrize("file", sorted((ROOT / "scenes").glob("*.py")), ids=lambda file: file.stem)
def test_scenes_import_simulations_lazily_and_nothing_that_reads_scenes(file):
    assert not scene_violations(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("source", "violations"),
    [
        ("from nnanim.sim import mlp", ["nnanim.sim.mlp"]),
        ("import torch.nn", ["torch.nn"]),
        ("class C:\n  import torch", ["torch"]),
        ("from nnanim import engine", ["nnanim.engine"]),
        ("def f():\n  import nnanim.cli", ["nnanim.cli"]),
        ("def simulate(self, p):\n  from nnanim.sim import mlp\n  import torch", []),
        ("from nnanim.simple import x", []),
    ],
)
def test_the_scene_rule_bites(source, violations):
    assert scene_violations(source) == violations


def test_the_engine_imports_only_manim_cairo_av_numpy_and_pillow():
    allowed = ("nnanim.engine", "nnanim.visuals.paint", "manim", "cairo", "av", "numpy", "PIL", *sys.stdlib_module_names)
    foreign = {
        (file.name, module)
        for file in (ROOT / "nnanim" / "engine").rglob("*.py")
        for module, _ in imports(ast.parse(file.read_text(encoding="utf-8")))
        if not is_in(module, *allowed)
    }
    assert not foreign


# --- scripts/setup ----------------------------------------------------------------------------------------------------

BASICS = "awk bash cat cksum cut dirname grep mktemp rm sed sort tail tee touch tr"


class Machine:
    """A make-believe machine: a checkout with scripts/setup, and a PATH with only the programs that it is given."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin, self.checkout = folder, folder / "bin", folder / "a checkout"
        self.bin.mkdir()
        for name in BASICS.split():
            (self.bin / name).symlink_to(shutil.which(name) or f"/missing/{name}")
        self.checkout.mkdir()
        shutil.copy(ROOT / "pyproject.toml", self.checkout)
        shutil.copytree(
            ROOT / "scripts", self.checkout / "scripts", ignore=shutil.ignore_patterns("__pycache__")
        )
        self.program("uname", "echo Linux")
        self.program("id", 'if [ "$1" = -u ]; then echo 0; else echo root; fi')
        self.program("df", "echo; echo /dev/x 1 1 9000000 1% /")

    def program(self, name: str, script: str) -> None:
        """Put a program on the PATH; it also notes how it was called."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(
            f'#!{self.bin}/bash\necho "{name} $*" >>"{self.folder}/calls"\n{script}\n', encoding="utf-8"
        )
        path.chmod(0o755)

    def setup(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.bin / "bash"), str(self.checkout / "scripts" / "setup"), *arguments]
        environment = {"PATH": str(self.bin), "TMPDIR": str(self.folder), **variables}
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )

    @property
    def calls(self) -> str:
        path = self.folder / "calls"
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def give_everything(self) -> None:
        """System libraries, and a Python whose pip succeeds."""
        self.program("cc", "")
        self.program("pkg-config", "")
        self.program("python3", PYTHON_THAT_WORKS)


PYTHON_THAT_WORKS = r"""case "$*" in
    -V) echo Python 3.11.2 ;;
    "-m venv "*)
        /bin/mkdir -p "$3/bin"
        echo "command = /usr/bin/python3 -m venv $3" >"$3/pyvenv.cfg"
        /bin/cp "$0" "$3/bin/python" ;;
esac"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of an error."""
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    return done.stderr.strip()


def test_setting_up_twice_works_once(machine):
    machine.give_everything()
    first = machine.setup()
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.endswith("setup: ready\n")
    calls = machine.calls
    assert "--constraint scripts/constraints.txt" in calls
    assert "apt-get" not in calls
    second = machine.setup()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert machine.calls == calls, "not one program was asked"


def test_tests_need_more_than_rendering_does(machine):
    machine.give_everything()
    machine.setup()
    assert "--group dev" not in machine.calls
    machine.setup("--dev")
    assert "--group dev" in machine.calls
    calls = machine.calls
    machine.setup()
    machine.setup("--dev")
    assert machine.calls == calls, "what serves the tests serves rendering"


@pytest.mark.parametrize(
    "changed", ["pyproject.toml", "scripts/constraints.txt", "scripts/build-constraints.txt"]
)
def test_a_changed_dependency_sets_up_again(machine, changed):
    machine.give_everything()
    machine.setup()
    calls = machine.calls
    with (machine.checkout / changed).open("a") as file:
        file.write("# another\n")
    machine.setup()
    assert machine.calls != calls


def test_a_moved_checkout_gets_a_new_environment(machine):
    machine.give_everything()
    machine.setup()
    machine.checkout = machine.checkout.rename(machine.folder / "moved")
    assert "making .venv anew" in machine.setup().stdout
    assert f"command = /usr/bin/python3 -m venv {machine.checkout}/.venv" in (
        machine.checkout / ".venv" / "pyvenv.cfg"
    ).read_text(encoding="utf-8")


def test_only_what_is_missing_is_installed(machine):
    machine.give_everything()
    machine.program("pkg-config", '[ "$2" != pangocairo ] || [ -e "$0.done" ]')
    machine.program("apt-get", f'if [ "$1" = install ]; then touch "{machine.bin}/pkg-config.done"; fi')
    done = machine.setup()
    assert done.returncode == 0
    assert "installing system packages: libpango1.0-dev\n" in done.stdout
    assert re.search(r"^apt-get install .* libpango1\.0-dev$", machine.calls, re.MULTILINE)
    assert "libcairo2-dev" not in machine.calls


def test_the_tests_get_a_browser_and_do_without_where_there_is_none(machine):
    machine.give_everything()
    machine.program("apt-get", "exit 100")
    done = machine.setup("--dev")
    assert (done.returncode, "without Chromium" in done.stdout) == (0, True)
    assert re.search(r"^apt-get install .* chromium$", machine.calls, re.MULTILINE)
    machine.program("chromium", "")
    (machine.checkout / ".venv" / "ready-for").unlink()
    (machine.folder / "calls").unlink()
    assert "Chromium" not in machine.setup("--dev").stdout
    assert "apt-get" not in machine.calls
    (machine.bin / "chromium").unlink()
    (machine.checkout / ".venv" / "ready-for").unlink()
    assert "Chromium" not in machine.setup().stdout, "rendering needs no browser"


def test_homebrew_installs_what_a_mac_lacks(machine):
    machine.give_everything()
    machine.program("uname", "echo Darwin")
    machine.program("xcode-select", "")
    (machine.bin / "pkg-config").unlink()
    machine.program("brew", "")
    assert machine.setup().returncode == 0
    assert "brew install pkgconf cairo pango\n" in machine.calls
    (machine.bin / "brew").unlink()
    (machine.checkout / ".venv" / "ready-for").unlink()
    assert "https://brew.sh" in one_line(machine.setup())


def test_without_a_network_it_says_so(machine):
    machine.program("apt-get", "echo Temporary failure resolving deb.debian.org >&2; exit 100")
    assert one_line(machine.setup()).startswith(
        "setup: no network while installing system packages (python3 "
    )


def test_pip_without_a_network_says_so(machine):
    machine.give_everything()
    refusal = (
        'echo "NewConnectionError: [Errno -3]"; echo "ERROR: No matching distribution found for pip"; exit 1'
    )
    machine.program(
        "python3", PYTHON_THAT_WORKS.replace("esac", f'    "-m pip install"*) {refusal} ;;\nesac')
    )
    assert one_line(machine.setup()).startswith("setup: no network while installing Python packages; see ")
    assert not (machine.checkout / ".venv" / "ready-for").exists()


def test_without_sudo_it_says_what_to_ask_for(machine):
    machine.program("id", "echo 1000")
    machine.program("apt-get", "exit 1")
    assert "run as root: apt-get install python3 python3-venv" in one_line(machine.setup())


def test_an_administrator_who_may_not_is_told(machine):
    machine.program("id", "echo 1000")
    machine.program("apt-get", "exit 1")
    machine.program("sudo", "exit 1")
    assert "sudo refused" in one_line(machine.setup())


def test_an_old_python_is_named(machine):
    machine.program("python3", 'if [ "$1" = -V ]; then echo Python 3.9.2; else exit 1; fi')
    machine.program("apt-get", "")
    assert "3.11 or newer is needed and python3 is Python 3.9.2" in one_line(machine.setup())
    assert "PYTHON=python3 is Python 3.9.2" in one_line(machine.setup(PYTHON="python3"))
    assert "there is no such program" in one_line(machine.setup(PYTHON="/opt/python"))


def test_too_little_space_is_told_before_anything_is_done(machine):
    machine.program("df", "echo; echo /dev/x 1 1 500000 99% /")
    assert "not enough disk space" in one_line(machine.setup())
    assert "python3" not in machine.calls


def test_an_unknown_option_is_refused(machine):
    assert "unknown option --fast" in one_line(machine.setup("--fast"))

"""``./box`` with stand-ins for apt, sudo and Python: what it asks for, when, and what it says when it cannot go on.

The real thing - a bare Debian root, real packages, real pip - is shown by running it there; here every branch is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNTIME = {
    "softhsm2",
    "mosquitto",
    "tesseract-ocr",
    "tesseract-ocr-vie",
    "fonts-croscore",
    "openssl",
    "gcc",
    "libc6-dev",
}
FOR_TESTS = {"poppler-utils", "qpdf", "chromium", "systemd", "git", "procps", "libatomic1"}

STANDINS = {
    # everything is installed, except what the file "missing" names; what apt-get installs is not missing any more
    "dpkg-query": """
for package in "${@:4}"; do grep -qxF -- "$package" "$STANDINS/missing" 2>/dev/null || printf 'ii |%s ' "$package"; done
""",
    "apt-get": """
echo "apt-get [$DEBIAN_FRONTEND] $*" >> "$STANDINS/calls"
case "$*" in *install*) [ -e "$STANDINS/apt-fails" ] && { echo "E: Unable to fetch archives"; exit 100; }
  : > "$STANDINS/missing";; esac
""",
    "id": 'cat "$STANDINS/uid" 2>/dev/null || echo 0',
    "sudo": """
[ -e "$STANDINS/sudo-works" ] || exit 1
[ "$1" = -n ] && shift
echo "sudo $1" >> "$STANDINS/calls"
"$@"
""",
    "python3": """
if [ "$1" = -IS ]; then [ -e "$STANDINS/old" ] && exit 1; exec "$REAL_PYTHON" "$@"; fi
if [ "$1" = --version ]; then echo "Python 3.9.2"; exit; fi
[ "$1 $2" = "-m venv" ] || exit 2
echo "venv $3" >> "$STANDINS/calls"
mkdir -p "$3/bin"
sleep "$(cat "$STANDINS/slow" 2>/dev/null || echo 0)"
for name in python commune-box commune-province ruff mypy; do cp "$STANDINS/in-venv" "$3/bin/$name"; done
""",
    # every program inside .venv: says on stdout what it was given, and where it runs
    "in-venv": """
name=${0##*/}
case "$name $*" in
  "python -m pip"*)
    echo "pip $*" >> "$STANDINS/calls"
    [ -e "$STANDINS/pip-fails" ] && { echo "ERROR: hashes do not match"; exit 1; }
    exit 0 ;;
  "python "*/appliance/web/libraries.py)
    echo "libraries" >> "$STANDINS/calls"
    [ -e "$STANDINS/registry-away" ] && { echo "npm: not reachable"; exit 1; }
    folder=${1%/*}/static/libraries; mkdir -p "$folder"
    sums=$(sha256sum < "$1"); echo "${sums%% *}" > "$folder/.pins"
    exit 0 ;;
  ruff*|mypy*) echo "$name $*" >> "$STANDINS/calls"; exit "$(cat "$STANDINS/lint-code" 2>/dev/null || echo 0)" ;;
esac
printf '%s|' "$name" "$@"; printf '\\n%s\\nlint=%s\\n' "$PWD" "$COMMUNE_BOX_LINT_FAILED"
""",
}


class Clone:
    """A clone of the script alone, in a folder with a space in its name, and the stand-ins around it."""

    def __init__(self, root: Path) -> None:
        self.root = root / "a clone"
        self.standins = root / "standins"
        self.elsewhere = root / "elsewhere"
        for folder in (self.root, self.standins, self.elsewhere):
            folder.mkdir()
        shutil.copy(ROOT / "box", self.root)
        (self.root / "requirements.lock").write_text("click==8.5.1\n")
        (self.root / "pyproject.toml").write_text("[project]\n")
        self.pins = self.root / "appliance" / "web" / "libraries.py"
        self.pins.parent.mkdir(parents=True)
        self.pins.write_text("# pins\n")
        for name, text in STANDINS.items():
            (self.standins / name).write_text("#!/bin/bash\n" + text)
            (self.standins / name).chmod(0o755)
        self.environment = {
            "PATH": f"{self.standins}:/usr/bin:/bin",
            "STANDINS": str(self.standins),
            "REAL_PYTHON": sys.executable,
            "COMMUNE_BOX_PYTHON": str(self.standins / "python3"),
            "COMMUNE_BOX_LANG": "en",
            "TMPDIR": str(root),
            "HOME": str(root),
        }

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Begin ``box`` from another folder."""
        return subprocess.Popen(
            [str(self.root / "box"), *arguments],
            cwd=self.elsewhere,
            env=self.environment | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run ``box`` from another folder to its end."""
        process = self.start(*arguments, **more)
        out, err = process.communicate(timeout=30)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def put(self, name: str, text: str = "") -> None:
        """Tell the stand-ins something."""
        (self.standins / name).write_text(text)

    def calls(self) -> list[str]:
        """What the stand-ins were asked since the last look."""
        file = self.standins / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_the_script_is_good_bash() -> None:
    subprocess.run(["bash", "-n", str(ROOT / "box")], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", str(ROOT / "box")], check=True)


def test_the_first_run_builds_from_the_hashed_lock_and_stdout_is_the_commands(clone: Clone) -> None:
    ran = clone.run("verify", "a file.pdf", "--json")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[:2] == ["commune-box|verify|a file.pdf|--json|", str(clone.elsewhere)]
    venv, packages, project, libraries = clone.calls()
    assert libraries == "libraries"
    assert venv == f"venv {clone.root}/.venv"
    for option in ("--require-hashes", "--no-deps", "--only-binary :all:", f"-r {clone.root}/requirements.lock"):
        assert option in packages
    for option in ("--no-index", "--no-build-isolation", "--no-deps", f"--editable {clone.root}"):
        assert option in project
    assert not list(clone.elsewhere.parent.glob("commune-box.*.log"))


def test_the_second_run_does_nothing_but_the_command_and_is_quick(clone: Clone) -> None:
    clone.run("demo")
    clone.calls()
    began = time.monotonic()
    ran = clone.run("demo", "--once")
    assert time.monotonic() - began < 3
    assert (ran.returncode, ran.stderr, clone.calls()) == (0, "", [])


def test_packages_missing_are_installed_and_only_those(clone: Clone) -> None:
    clone.put("missing", "mosquitto\nqpdf\n")
    assert clone.run("demo").returncode == 0
    assert [call for call in clone.calls() if call.startswith("apt-get")] == [
        "apt-get [noninteractive] -o DPkg::Lock::Timeout=600 update",
        "apt-get [noninteractive] -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends mosquitto",
    ]


@pytest.mark.parametrize(
    ("verb", "wanted"), [("demo", RUNTIME), ("serve", RUNTIME), ("test", RUNTIME | FOR_TESTS), ("lint", set())]
)
def test_each_verb_asks_for_what_it_needs(clone: Clone, verb: str, wanted: set[str]) -> None:
    everything = RUNTIME | FOR_TESTS
    clone.put("missing", "\n".join(everything | {"python3-venv"}))
    clone.run(verb)
    (install,) = [call for call in clone.calls() if call.startswith("apt-get") and " install " in call]
    assert set(install.partition("--no-install-recommends ")[2].split()) == wanted | {"python3-venv"}


def test_without_root_and_sudo_it_says_what_to_install(clone: Clone) -> None:
    clone.put("missing", "mosquitto\nsofthsm2\n")
    clone.put("uid", "1000")
    ran = clone.run("demo")
    assert ran.returncode == 69
    assert "apt-get update && apt-get install --yes --no-install-recommends softhsm2 mosquitto" in ran.stderr
    assert (ran.stdout, clone.calls()) == ("", [])


def test_sudo_is_used_where_it_works(clone: Clone) -> None:
    clone.put("missing", "mosquitto\n")
    clone.put("uid", "1000")
    clone.put("sudo-works")
    assert clone.run("demo").returncode == 0
    calls = clone.calls()
    assert "sudo env" in calls
    assert "apt-get [noninteractive] -o DPkg::Lock::Timeout=600 update" in calls


def test_a_failed_install_shows_the_logs_end_and_what_to_do(clone: Clone) -> None:
    clone.put("missing", "mosquitto\n")
    clone.put("apt-fails")
    ran = clone.run("demo")
    assert ran.returncode == 69
    assert "| E: Unable to fetch archives" in ran.stderr
    assert "/etc/apt" in ran.stderr
    assert not any("venv" in call for call in clone.calls())


def test_a_failed_pip_is_told_and_the_next_run_starts_anew(clone: Clone) -> None:
    clone.put("pip-fails")
    ran = clone.run("demo")
    assert ran.returncode == 69
    assert "hashes do not match" in ran.stderr
    assert ran.stdout == ""
    clone.calls()
    (clone.standins / "pip-fails").unlink()
    assert clone.run("demo").returncode == 0
    assert [call.split()[0] for call in clone.calls()] == ["venv", "pip", "pip", "libraries"]


def test_a_half_built_environment_is_never_used(clone: Clone) -> None:
    clone.run("demo")
    (clone.root / ".venv" / ".commune-box-stamp").unlink()
    clone.calls()
    assert clone.run("demo").returncode == 0
    assert [call.split()[0] for call in clone.calls()] == ["venv", "pip", "pip"]


@pytest.mark.parametrize(
    ("changed", "again"), [("requirements.lock", ["venv", "pip", "pip"]), ("pyproject.toml", ["pip"])]
)
def test_a_change_is_followed_no_further_than_needed(clone: Clone, changed: str, again: list[str]) -> None:
    clone.run("demo")
    clone.calls()
    with (clone.root / changed).open("a") as file:
        file.write("# another\n")
    assert clone.run("demo").returncode == 0
    assert [call.split()[0] for call in clone.calls()] == again


def test_the_pages_libraries_are_fetched_once_and_again_when_their_pins_change(clone: Clone) -> None:
    assert clone.run("demo").returncode == 0
    assert clone.calls().count("libraries") == 1
    assert clone.run("demo").returncode == 0
    assert clone.calls() == []
    clone.pins.write_text("# others\n")
    assert clone.run("demo").returncode == 0
    assert clone.calls() == ["libraries"]


def test_without_a_registry_the_box_goes_on_and_tries_again(clone: Clone) -> None:
    clone.put("registry-away")
    ran = clone.run("demo")
    assert ran.returncode == 0
    assert "npm: not reachable" in ran.stderr and "Not fetched; the pages work" in ran.stderr
    clone.calls()
    (clone.standins / "registry-away").unlink()
    assert clone.run("demo").returncode == 0
    assert clone.calls() == ["libraries"]


def test_a_moved_clone_is_built_again(clone: Clone) -> None:
    clone.run("demo")
    clone.calls()
    clone.root = clone.root.rename(clone.root.with_name("moved"))
    assert clone.run("demo").returncode == 0
    assert clone.calls()[0] == f"venv {clone.root}/.venv"


def test_two_at_the_same_time_build_once(clone: Clone) -> None:
    clone.put("slow", "0.5")
    both = [clone.start("demo", name) for name in ("one", "two")]
    ended = [process.communicate(timeout=30) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [out.splitlines()[0] for out, _ in ended] == ["commune-box|demo|one|", "commune-box|demo|two|"]
    assert [call.split()[0] for call in clone.calls()] == ["venv", "pip", "pip", "libraries"]
    assert sum("Another ./box is setting up" in err for _, err in ended) == 1


def test_an_old_python_is_refused_by_name(clone: Clone) -> None:
    clone.put("old")
    ran = clone.run("demo")
    assert ran.returncode == 69
    assert "Python 3.11" in ran.stderr
    assert "3.9.2" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "program"),
    [
        (("serve", "all"), "commune-box|serve|all|"),
        (("digitize", "x y.pdf", "-o", "out"), "commune-box|digitize|x y.pdf|-o|out|"),
        (("province", "boxes", "--json"), "commune-province|boxes|--json|"),
        (("--help-all",), "commune-box|--help|"),
        (("bench", "papers", "--json"), "commune-box|bench|papers|--json|"),
    ],
)
def test_words_reach_the_right_program(clone: Clone, arguments: tuple[str, ...], program: str) -> None:
    assert clone.run(*arguments).stdout.splitlines()[0] == program


def test_test_without_arguments_lints_first_and_runs_all_but_the_long_ones(clone: Clone) -> None:
    ran = clone.run("test")
    assert [call for call in clone.calls() if call.startswith(("ruff", "mypy"))] == [
        "ruff check .",
        "ruff format --check .",
        "mypy ",
    ]
    command, folder, lint = ran.stdout.splitlines()
    assert command.endswith(
        "|-m|not soak|-n|" + str(len(os.sched_getaffinity(0)) + 1) + "|--dist|loadfile|--no-loadscope-reorder|"
    )
    assert (folder, lint) == (str(clone.root), "lint=")


def test_a_failed_lint_is_handed_to_pytest(clone: Clone) -> None:
    clone.put("lint-code", "1")
    ran = clone.run("test")
    assert ran.stdout.splitlines()[-1] == "lint=1"
    assert clone.run("lint").returncode == 1


def test_test_with_arguments_runs_only_those(clone: Clone) -> None:
    ran = clone.run("test", "-k", "two words")
    assert ran.stdout.splitlines()[0].endswith("|-k|two words|")
    assert not any(call.startswith(("ruff", "mypy")) for call in clone.calls())


def test_paths_of_tests_count_from_the_callers_folder(clone: Clone) -> None:
    (clone.elsewhere / "test_x.py").touch()
    assert clone.run("test", "test_x.py::test_y").stdout.splitlines()[1] == str(clone.elsewhere)
    assert clone.run("test", "absent.py").stdout.splitlines()[1] == str(clone.root)


@pytest.mark.parametrize(("language", "word"), [("en", "all tests"), ("vi", "kiểm thử")])
def test_help_needs_nothing(clone: Clone, language: str, word: str) -> None:
    shown = clone.run("--help", COMMUNE_BOX_LANG=language)
    assert (shown.returncode, clone.calls()) == (0, [])
    assert word in shown.stdout
    nothing = clone.run(COMMUNE_BOX_LANG=language)
    assert (nothing.returncode, nothing.stdout) == (64, "")
    assert word in nothing.stderr


def test_the_owners_python_path_does_not_leak_in(clone: Clone) -> None:
    (clone.standins / "in-venv").write_text('#!/bin/bash\necho "[$PYTHONPATH$PYTHONHOME]"\n')
    assert clone.run("demo", PYTHONPATH="/elsewhere", PYTHONHOME="/nowhere").stdout == "[]\n"

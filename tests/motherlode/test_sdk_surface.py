"""What the SDK shows, and that it stands alone."""

import ast
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import motherlode
from motherlode import errors
from motherlode.cli import main, parser

pytestmark = pytest.mark.once

ROOT = Path(motherlode.__file__).parent
MODULES = sorted(module.name for module in pkgutil.walk_packages([str(ROOT)], "motherlode."))


def test_all_is_what_there_is() -> None:
    assert sorted(motherlode.__all__) == motherlode.__all__ == sorted(motherlode._HOMES)
    for name in motherlode.__all__:
        assert name in dir(motherlode)
        assert getattr(motherlode, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        motherlode.nothing_of_ours  # noqa: B018


def test_what_the_server_shares_needs_no_http_client() -> None:
    code = "import sys, motherlode.formats, motherlode.manifest, motherlode.regions; print('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_a_pinned_version_is_read_without_an_http_client() -> None:
    code = "import sys, motherlode.verbs, motherlode.cli.pins; print('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_every_module_shows_what_its_all_says_and_opens_with_a_sentence(name: str) -> None:
    module = __import__(name, fromlist=["x"])
    assert module.__doc__
    for shown in getattr(module, "__all__", ()):
        assert hasattr(module, shown), shown


def test_the_sdk_stands_without_django_and_dvc() -> None:
    blocked = ["django", "rest_framework", "celery", "dvc", "dvc_data", "dulwich", "numpy", "polars", "mlflow"]
    code = f"""
import sys
sys.modules.update(dict.fromkeys({blocked!r}))
for name in {MODULES!r}:
    if not name.endswith("__main__"):
        __import__(name)
import motherlode
print(len(motherlode.__all__))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(said.stdout) == len(motherlode.__all__)


def test_the_drawn_tree_of_errors_is_the_tree_of_errors() -> None:
    drawn = errors.__doc__ or ""
    for name in errors.__all__:
        value = getattr(errors, name)
        if isinstance(value, type) and issubclass(value, Exception):
            assert f"+-- {name}" in drawn or name == "MotherlodeError", name


def test_third_party_imports_are_few() -> None:
    found: set[str] = set()
    for file in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            found.update(name.split(".")[0] for name in names)
    assert found - set(sys.stdlib_module_names) == {
        *("httpx", "PIL", "yaml", "filelock", "tomli_w"),
        *("motherlode", "mlflow"),
        "pydicom",  # of the extra dicom
        "label_studio_sdk",  # where a project moves in from its server
    }


def test_every_verb_takes_json() -> None:
    [verbs] = [action for action in parser()._actions if action.dest == "verb"]
    assert isinstance(verbs.choices, dict)
    for name, verb in verbs.choices.items():
        assert "--json" in verb.format_help(), name
    asked = {
        "login",
        "import",
        "publish",
        "versions",
        "diff",
        "pin",
        "pull",
        "verify",
        "mine",
        "predictions",
        "convert",
    }
    assert asked <= set(verbs.choices)


def test_a_failing_verb_with_json_prints_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["versions", "cells", "--json"]) == 1
    said = capsys.readouterr()
    assert "lode login" in json.loads(said.out)["error"]
    assert "lode login" in said.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["import", "x", "--dataset", "d", "--split-policy", "train=much"], "such as train=0.8,val=0.2"),
        (["publish"], "dataset"),
        (["failures", "baseline"], "evaluation"),
        (["polish", "cells"], "polish"),
    ],
)
def test_wrong_usage_is_its_own_exit_code(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*words, "--json"])
    assert caught.value.code == 2
    said = json.loads(capsys.readouterr().out)
    assert (said["code"], message in said["error"]) == ("usage", True)


def test_the_command_alone_is_help_and_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "usage: lode" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert (caught.value.code, capsys.readouterr().out) == (0, f"lode {motherlode.__version__}\n")


def test_every_option_is_explained() -> None:
    [verbs] = [action for action in parser()._actions if action.dest == "verb"]
    assert isinstance(verbs.choices, dict)
    silent = [
        (name, action.dest) for name, verb in verbs.choices.items() for action in verb._actions if not action.help
    ]
    assert silent == []


def test_wrong_fields_are_told_in_words() -> None:
    fields = {"budget": ["Too small.", "Not whole."], "queue": "Missing."}
    told = errors.refusal(400, {"error": "Not right.", "fields": fields}, "POST x")
    assert str(told) == "Not right. budget: Too small. Not whole. queue: Missing."


def test_status_fails_where_no_server_knows_us(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--json"]) == 1
    assert "lode login" in json.loads(capsys.readouterr().out)["error"]


def test_a_folder_is_converted_without_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpx.Client.send", lambda *_args, **_more: pytest.fail("a server was asked"))
    document = {
        "images": [{"id": 7, "file_name": "a.jpg", "width": 100, "height": 80}],
        "categories": [{"id": 3, "name": "cat"}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]}],
    }
    (tmp_path / "coco").mkdir()
    (tmp_path / "coco" / "labels.json").write_text(json.dumps(document))
    assert main(["convert", str(tmp_path / "coco"), str(tmp_path / "voc"), "--to", "voc"]) == 0
    (written,) = (tmp_path / "voc").rglob("*.xml")
    assert "<name>cat</name>" in written.read_text()


def test_a_module_of_label_studio_can_be_the_first_that_is_imported() -> None:
    """In a process of its own each, with the libraries that they use loaded before."""
    wanted = [name for name in MODULES if name.startswith("motherlode.label_studio.")]
    code = f"""
import os, traceback
import filelock, httpx, importlib, PIL.Image, tomli_w, yaml
for name in {wanted!r}:
    child = os.fork()
    if not child:
        try:
            importlib.import_module(name)
            os._exit(0)
        except ImportError:
            traceback.print_exc()
            os._exit(1)
    if os.waitpid(child, 0)[1]:
        print(name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "", done.stderr

"""The notebooks run from the top, in a fresh kernel, and give what is committed."""

import doctest
import json
import re
import subprocess
import sys

import notebook_tools as tools
import pytest

PATHS = sorted(tools.NOTEBOOKS.glob("*.ipynb"))
STATIC = ("text/plain", "image/png", "image/svg+xml")


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_runs_and_gives_what_is_committed(path):
    pytest.importorskip("nbclient", reason="needs nbclient")
    pytest.importorskip("sklearn", reason="needs sklearn")
    committed = read(path)
    again = tools.execute(committed)
    for place, (old, new) in enumerate(zip(committed["cells"], again["cells"]), 1):
        source = "".join(old["source"])
        assert tools.fingerprint(new) == tools.fingerprint(old), f"{path.name}, cell {place}:\n{source}"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_is_committed_normalised_and_with_outputs(path):
    committed = read(path)
    assert path.read_bytes() == tools.written(tools.normalised(committed)), "python tests/notebook_tools.py mends it"
    counts = [cell["execution_count"] for cell in committed["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    text = json.dumps(committed)
    assert not re.search(r"/(work|home|root|tmp|Users)/|0x[0-9a-f]{8,}", text)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_output_shows_something_without_scripts(path):
    for cell in read(path)["cells"]:
        for output in cell.get("outputs", []):
            if output["output_type"] == "stream":
                assert output["name"] == "stdout", "".join(output["text"])
            elif output["output_type"] == "error":
                assert "raises-exception" in tools.tags(cell)
            else:
                assert any(kind in output["data"] for kind in STATIC)
                page = "".join(output["data"].get("text/html", "x"))
                assert re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.S).strip()


def test_the_picture_of_the_readme_is_what_the_command_draws(tmp_path):
    expression = "z = w1*x; h = sigmoid(z); u = w2*h; yhat = sigmoid(u); L = (yhat - y)**2"
    drawn = tmp_path / "toy-net.svg"
    command = ["draw", expression, "--at", "w1=0.5,x=1,w2=-1.2,y=1", "-o", str(drawn)]
    subprocess.run([sys.executable, "-m", "micrograd", *command], check=True, capture_output=True)
    committed = tools.NOTEBOOKS / "pictures" / "toy-net.svg"
    assert tools.svg_texts(committed.read_text("utf-8")) == tools.svg_texts(drawn.read_text("utf-8"))


def test_the_moving_picture_of_the_readme_is_one_and_small():
    picture = (tools.NOTEBOOKS / "pictures" / "learning.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and picture.count(b"fcTL") > 8 and len(picture) < 500_000
    assert "(notebooks/pictures/learning.png)" in (tools.NOTEBOOKS.parent / "README.md").read_text("utf-8")


def test_progress_in_a_notebook_is_one_output_that_is_updated(tmp_path):
    pytest.importorskip("nbclient", reason="needs nbclient")
    source = (
        "import time\n"
        "from micrograd import Trainer, Value, losses, optim\n"
        "w = Value(0.0)\n"
        "def model(row):\n    time.sleep(0.02)\n    return w * row[0]\n"
        "trainer = Trainer(model, losses.squared_error, optim.SGD(lr=0.1), parameters=[w], backend='eager')\n"
        "history = trainer.fit([1.0, 2.0], [3.0, 6.0], epochs=10, progress=True)\n"
        "print(f'epoch 10, loss {history.loss[-1]:.6g}')"
    )
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    notebook = {"cells": [cell], "metadata": tools.METADATA, "nbformat": 4, "nbformat_minor": 5}
    shown, printed = tools.execute(notebook, folder=tmp_path)["cells"][0]["outputs"]
    assert shown["output_type"] == "display_data" and list(shown["data"]) == ["text/plain"]
    assert printed["name"] == "stdout"
    assert "".join(shown["data"]["text/plain"]) + "\n" == "".join(printed["text"])


def test_the_comparison_sees_another_number_in_text_and_picture():
    from micrograd import Value, draw

    def cell(number, text):
        x = Value(number, "x")
        picture = draw(x * 2.0, {})._repr_mimebundle_()
        data = {kind: [data] for kind, data in picture.items()}
        outputs = [{"output_type": "display_data", "data": data}]
        outputs.append({"output_type": "stream", "name": "stdout", "text": [text]})
        return {"metadata": {}, "outputs": outputs}

    assert tools.fingerprint(cell(1.0, "a")) == tools.fingerprint(cell(1.0, "a"))
    assert tools.fingerprint(cell(1.0, "a")) != tools.fingerprint(cell(1.5, "a"))
    assert tools.fingerprint(cell(1.0, "a")) != tools.fingerprint(cell(1.0, "b"))
    varying = {"metadata": {"tags": ["varies"]}}
    assert tools.fingerprint(cell(1.0, "a") | varying) == tools.fingerprint(cell(1.5, "b") | varying)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_says_how_long_it_takes_has_solutions_and_leads_on(path):
    texts = ["".join(cell["source"]) for cell in read(path)["cells"] if cell["cell_type"] == "markdown"]
    assert re.search(r"^\*About \d\d minutes\.\*$", texts[0], re.M)
    exercises, solutions = texts[-1].split("<summary>Solutions</summary>")
    assert "## To try" in exercises and "<details>" in exercises and "</details>" in solutions
    for text in (exercises, solutions):
        numbers = re.findall(r"^(\d)\. ", text, re.M)
        assert numbers == [str(n) for n in range(1, len(numbers) + 1)] and len(numbers) >= 4
    assert len(re.findall(r"^\d\. ", exercises, re.M)) == len(re.findall(r"^\d\. ", solutions, re.M))
    for target in re.findall(r"\]\(([^)]+\.(?:ipynb|md))\)", "".join(texts)):
        assert (tools.NOTEBOOKS / target).exists(), target
    following = PATHS[PATHS.index(path) + 1].name if path != PATHS[-1] else "cheat-sheet.md"
    assert f"({following})" in solutions


def test_the_cheat_sheet_is_one_page_and_runs():
    sheet = tools.NOTEBOOKS / "cheat-sheet.md"
    assert len(sheet.read_text("utf-8").splitlines()) < 100
    found = doctest.testfile(str(sheet), module_relative=False, encoding="utf-8")
    assert found.attempted > 15 and not found.failed

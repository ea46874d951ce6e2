"""The notebooks run from the top, in a fresh kernel, and give what is committed."""
import json
import re

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

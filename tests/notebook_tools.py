"""Runs notebooks and keeps their outputs stable: `python tests/notebook_tools.py` runs all and writes them back.

notebook    the JSON of an .ipynb file, a dict
varying     a cell tagged "varies": its output (a speed) differs from run to run; what is committed is an example
fingerprint what must be the same in every run: texts, and of a picture the texts in it; a PNG beside a picture in HTML
            is there only where Graphviz is
"""

from __future__ import annotations

import base64
import json
import re
import sys
from pathlib import Path

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
EMBEDDED_SVG = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")
SVG_TEXT = re.compile(r"<text\b.*?</text>", re.S)


def tags(cell):
    """The tags of a cell."""
    return cell["metadata"].get("tags", [])


def execute(notebook, *, folder=NOTEBOOKS):
    """A copy of the notebook, run from the top in a fresh kernel and normalised. Raises nbclient.CellExecutionError."""
    import nbclient
    import nbformat

    copy = nbformat.reads(json.dumps(notebook), as_version=4)
    client = nbclient.NotebookClient(
        copy,
        timeout=600,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    return normalised(json.loads(nbformat.writes(copy)))


def normalised(notebook):
    """The notebook without what depends on who ran it and when; cells are numbered from the top."""
    cells = []
    for place, cell in enumerate(notebook["cells"], 1):
        kept = {"cell_type": cell["cell_type"], "id": f"cell-{place:02}", "metadata": {}}
        if tags(cell):
            kept["metadata"] = {"tags": tags(cell)}
        kept["source"] = lines("".join(cell["source"]).strip("\n"))
        if cell["cell_type"] == "code":
            kept["execution_count"] = cell.get("execution_count")
            kept["outputs"] = [split(output) for output in cell.get("outputs", [])]
        cells.append(kept)
    return {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}


def split(output):
    """An output, its texts as lists of lines as Jupyter writes them."""
    output = dict(output)
    if "text" in output:
        output["text"] = lines("".join(output["text"]))
    if "data" in output:
        output["data"] = {
            kind: lines("".join(data)) if isinstance(data, (str, list)) else data
            for kind, data in sorted(output["data"].items())
        }
    return output


def lines(text):
    """A text as a list of lines."""
    return text.splitlines(keepends=True)


def written(notebook):
    """The bytes of the .ipynb file."""
    return (json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def fingerprint(cell):
    """What must be the same wherever the cell is run."""
    found = []
    for output in cell.get("outputs", []):
        if "varies" in tags(cell):
            found.append(output["output_type"])
        elif output["output_type"] == "stream":
            found.append((output["name"], "".join(output["text"])))
        elif output["output_type"] == "error":
            found.append((output["ename"], output["evalue"]))
        else:
            page = "".join(output["data"].get("text/html", ""))
            kinds = [kind for kind in output["data"] if kind != "image/png" or not EMBEDDED_SVG.search(page)]
            found.append({kind: content(kind, "".join(output["data"][kind])) for kind in kinds})
    return found


def content(kind, data):
    """Of a picture the texts in it, since its layout depends on whether Graphviz is there; of the rest all."""
    if kind == "image/png":
        return "a picture"
    if kind == "image/svg+xml":
        return svg_texts(data)
    embedded = EMBEDDED_SVG.findall(data)
    return [svg_texts(base64.b64decode(found).decode()) for found in embedded] if embedded else data


def svg_texts(svg):
    """All words in the texts of an SVG, sorted: where the lines of a caption break depends on the layout."""
    return sorted(word for text in SVG_TEXT.findall(svg) for word in re.sub(r"<[^>]*>", " ", text).split())


def kept(old, new):
    """The new notebook with the old outputs of varying cells whose code is the same, so that diffs stay clean."""
    before = {"".join(cell["source"]): cell for cell in old["cells"]}
    for cell in new["cells"]:
        known = before.get("".join(cell["source"]), {})
        if "varies" in tags(cell) and known.get("outputs"):
            cell["outputs"] = known["outputs"]
    return new


def main(paths):
    """Run the notebooks at these paths, all of them if there are none, and write them back."""
    for path in [Path(path) for path in paths] or sorted(NOTEBOOKS.glob("*.ipynb")):
        old = json.loads(path.read_text(encoding="utf-8"))
        path.write_bytes(written(kept(old, execute(old))))
        print(path)


if __name__ == "__main__":
    main(sys.argv[1:])

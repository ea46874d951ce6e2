"""What an outsider adds in one file and one line: a file format of pictures, a view, a language of exports."""

from __future__ import annotations

from micrograd import Value, draw, export
from micrograd.drawing.look import NUMBER, Box, Diagram, Line
from micrograd.drawing.picture import WRITERS
from micrograd.drawing.views.choice import VIEWS
from micrograd.exporting import source
from micrograd.exporting.c.code import CPrinter


def expression():
    x = Value(2.0, "x")
    return x * x + 1.0, x


def test_a_file_format(monkeypatch, tmp_path):
    def tikz(picture):
        places = zip(picture.diagram.boxes, picture.geometry.centres)
        return "\n".join([rf"\node at ({x:.0f}pt, {-y:.0f}pt) {{{box.lines[0].text}}};" for box, (x, y) in places])

    monkeypatch.setitem(WRITERS, "tex", tikz)
    draw(expression()[0], {}).save(tmp_path / "graph.tex")
    text = (tmp_path / "graph.tex").read_text(encoding="utf-8")
    assert text.count(r"\node") == 3 and "{x};" in text and "{+ 1};" in text


def test_a_view(monkeypatch):
    def counted(graph):
        return Diagram([Box([Line([(f"{len(graph)} values", "#23232e")], NUMBER)], "inner", "")], [], title="")

    monkeypatch.setitem(VIEWS, "counted", counted)
    assert ">3 values<" in draw(expression()[0], {}, view="counted").svg


def test_a_language(monkeypatch):
    class Cuda(CPrinter):
        """Writes a function for a graphics card."""

        def source(self):
            return super().source().replace("double model(", "__device__ double model(")

    monkeypatch.setitem(source.PRINTERS, "cuda", Cuda)
    root, x = expression()
    assert "\n__device__ double model(const double inputs[1]) {" in export(root, [x], language="cuda")

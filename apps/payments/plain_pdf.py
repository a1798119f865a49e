"""A PDF of plain text lines, for documents that a provider takes as PDF only. One fixed-width font, A4, no layout."""

from collections.abc import Iterable

_LINES_A_PAGE, _WIDTH = 64, 92
_PAGE = "/MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"


def pdf_of(lines: Iterable[str]) -> bytes:
    """Write lines as a PDF; long ones are folded, letters that the font lacks become question marks."""
    folded = [part for line in lines for part in _folded(line)] or [""]
    pages = [folded[at : at + _LINES_A_PAGE] for at in range(0, len(folded), _LINES_A_PAGE)]
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    ]
    for number, page in enumerate(pages):
        objects.append(f"<< /Type /Page /Parent 2 0 R {_PAGE} /Contents {5 + 2 * number} 0 R >>".encode())
        text = "".join(f"({_escaped(line)}) Tj T*\n" for line in page)
        stream = f"BT /F1 9 Tf 12 TL 40 800 Td\n{text}ET".encode("cp1252", "replace")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _folded(line: str) -> list[str]:
    plain = "".join(each if each.isprintable() else " " for each in line)
    return [plain[at : at + _WIDTH] for at in range(0, len(plain), _WIDTH)] or [""]


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")

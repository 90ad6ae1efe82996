"""Parallel text in scripts of the world, and ways in which text arrives broken."""

import codecs
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

from faults.damage import damaged
from faults.hostile import parallel_text
from faults.kinds import LOST, Whole, accounted
from pipeline.settings.base import Splits
from pipeline.tasks.translation.encoding.encode import encode
from pipeline.tasks.translation.settings import TranslationReader

# Words of everyday language, to be strung together; where a script has no spaces, without any.
SCRIPTS = {
    "Chinese": ("zh", "", "我们 今天 去 学校 看书 天气 很 好 他 是 老师 学生 朋友 吃饭 。"),
    "Japanese": ("ja", "", "わたし は 今日 学校 へ 行きます 天気 が いい です コーヒー を 飲む 。"),
    "Thai": ("th", "", "ฉัน ไป โรงเรียน วันนี้ อากาศ ดี มาก เขา เป็น ครู นักเรียน เพื่อน กิน ข้าว"),
    "Arabic": ("ar", " ", "أنا أذهب إلى المدرسة اليوم الطقس جميل جدا هو معلم طالب صديق يأكل ،"),
}
_LINES = 400
_ENGLISH = [
    "we",
    "go",
    "to",
    "school",
    "today",
    "the",
    "weather",
    "is",
    "good",
    "he",
    "reads",
    "a",
    "book",
    "friend",
    "teacher",
    "eats",
]
_ODD = (
    *("\0", "\ufeff", "\u200b", "\u2028", "\x85", "\x0c", "\r", "\t", "\u202e", "\u0301" * 50),
    *("\ud800", "\udfff", "\uffff", "\U0010ffff", "\U0001f469\u200d\U0001f469", "a" * 200),
    *("wort " * 20, "\ufffd"),
)
_ENCODINGS = (
    *("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-7"),
    *("latin-1", "cp1252", "cp1256", "gb18030", "big5", "shift-jis", "euc-jp", "tis-620"),
)
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


def mutated(content: bytes, random: Random) -> bytes:
    """UTF-8 with odd characters, in another encoding, with a mark of one, or damaged."""
    text = content.decode()
    for _ in range(random.choice((0, 0, 1, 8))):
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(_ODD) + text[at:]
    if random.random() < 0.4:
        content = _encoded(text, random.choice(_ENCODINGS))
    else:
        content = text.encode(errors="surrogatepass")
    if random.random() < 0.1:
        content = random.choice(_MARKS) + content
    return damaged(content, random) if random.random() < 0.5 else content


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding, "surrogatepass")
    except UnicodeEncodeError:  # what the encoding lacks is written as "?"
        return text.encode(encoding, "replace")


def _writer(language: str, space: str, words: list[str]) -> Callable[[Path], Path]:
    """Writes a table of English and another language."""

    def write(raw: Path) -> Path:
        random = Random(language)
        path = raw / f"en-{language}.tsv"
        rows = [
            f"{' '.join(random.choices(_ENGLISH, k=7))}\t{space.join(random.choices(words, k=6))}\n"
            for _ in range(_LINES)
        ]
        path.write_text("".join(rows), encoding="utf-8")
        return path

    return write


def _reader(language: str) -> Callable[[Path], None]:
    """Encodes the table, and finds all its lines among those kept, dropped and skipped."""

    def read(raw: Path) -> None:
        encoding = parallel_text(
            TranslationReader.TEXT_FILES,
            target_language=language,
            max_words=40,
            max_test_words=40,
            max_skipped=1.0,
            splits=Splits(validation=0.2, test=0.2, seed=1),
        )
        with tempfile.TemporaryDirectory() as encoded:
            facts = encode(raw, Path(encoded), encoding)
        lines = len((raw / f"en-{language}.tsv").read_bytes().removesuffix(b"\n").split(b"\n"))
        assert accounted(facts) == facts["records_read"] == lines, LOST

    return read


TEXTS = {
    f"texts, {name}": Whole(_writer(language, space, words.split()), _reader(language), mutated)
    for name, (language, space, words) in SCRIPTS.items()
}

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.encoding.near_duplicates import JaccardIndex
from pipeline.encoding.words import count_words, tokens


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The new lamp -- it's on.", 6),
        ("Die Lampe ist an", 4),
        ("هذا المصباح الجديد مضاء", 4),  # Arabic is written with spaces,
        ("مُصْبَاحٌ جديد", 2),  # and marks are no words
        ("नया दीपक जल रहा है", 5),
        ("새 램프가 켜져 있습니다", 4),
        ("厨房里新的灯已打开。", 9),  # letters without the punctuation beside them
        ("打开 Bluetooth 设备", 5),
        ("打开Bluetooth设备", 5),
        ("2024年", 2),
        ("「灯」と光ファイバー", 8),
        ("ตู้เย็น", 4),  # Thai: the letters are those without their marks
        ("ភ្លើង", 3),
        ("…… 。", 2),
        ("", 0),
    ],
)
def test_words_are_between_spaces_and_letters_count_where_there_are_none(text, count):
    assert count_words(text) == count


LATIN = st.characters(max_codepoint=0x17F, exclude_characters="İ")  # a mark in lower case


@given(st.text(LATIN))
def test_words_of_latin_text_are_what_stands_between_white_space(text):
    assert count_words(text) == len(text.split())
    assert tokens(text) == frozenset(re.findall(r"\w+", text.casefold()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The LAMP, it's on", {"the", "lamp", "it", "s", "on"}),
        ("厨房里的灯", {"厨房", "房里", "里的", "的灯"}),
        ("打开 Wi-Fi：灯", {"打开", "wi", "fi", "灯"}),
        ("हिन्दी", {"हिन्दी"}),  # one word, whose marks are no ends
        ("。……", set()),
    ],
)
def test_tokens_are_words_or_pairs_of_letters(text, expected):
    assert tokens(text) == expected


CHINESE = "厨房里新的灯已打开，请检查温度传感器。"
JAPANESE = "台所の新しい照明がオンになりました。センサーを確認してください。"
THAI = "ไฟดวงใหม่ในห้องครัวเปิดอยู่ กรุณาตรวจสอบเซ็นเซอร์"
OTHERS = {
    CHINESE: ["卧室的旧打印机无法连接，电池必须充电。", "花园的摄像头没有找到，请重新启动。"],
    JAPANESE: ["寝室の古いプリンターに接続できません。電池を充電してください。"],
    THAI: ["กล้องในสวนไม่พบ กรุณาเริ่มต้นใหม่และชาร์จแบตเตอรี่", "เครื่องพิมพ์เก่าเชื่อมต่อไม่ได้"],
}


@pytest.mark.parametrize("text", OTHERS)
def test_a_near_twin_without_spaces_is_found_and_another_sentence_is_none(text):
    index = JaccardIndex(0.7)
    index.add([tokens(text)])
    for twin in (text, text[:-2], text.replace("新", "旧").replace("ใหม่", "เก่า")):
        assert index.has_similar(tokens(twin))
    for other in OTHERS[text]:
        assert not index.has_similar(tokens(other))

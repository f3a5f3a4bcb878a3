"""Write `personal_data/ordinary_words.txt`: words and characters by which a text is told from a person's name.

In: the dictionary of jieba 0.42.1 (MIT), `jieba/dict.txt`: word, frequency, part of speech (`nr`: a person's name).
Out: the file, on standard output. docs/decisions/0053-ordinary-words.md says what it is for and what it misses.

    PYTHONPATH=plugins .venv/bin/python bench/ordinary_words.py dict.txt > ordinary_words.txt

A character's leaning is its share of the given names of the dictionary's persons over its share of all other words; a
surname's is the same of surnames and of the first characters of words. Below 1 it is met among words rather.

| what | how it is told |
| --- | --- |
| a character of things | frequent, leaning below 0.15, no surname, none of `GIVEN_TODAY` |
| a character that leans to things | the same, below 0.5; may be a surname. Or less frequent, and of no person's name |
| a surname that is seldom one | leaning below 0.4, borne by 85 of the 42,404 persons or fewer |
| a word | a surname and a character, more often a word than by chance a name; none of `ALSO_NAMES` |
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from qiangji.personal_data.words import SURNAMES

FREQUENT, KNOWN = 3000, 500
"""How often a character of things, and one of a word, is met in the dictionary's words."""
PERSONS, AS_A_WORD, FAVOURED = 10_000_000, 3.2, 10
"""A word is met so many times as often as its characters would meet in the names of so many persons; more often, where
its second character leans to names.
"""
GIVEN_TODAY = frozenset(
    "年以好示近创央由及展党研持协实优迅直情亿在上现气恳愉珞奕芜峨想准凭响获析访追始辈舱地工革际就"
    "一中业和人今会来月有时定运自然意育政理社行合同本果争影品"
    "珑烁澈琅攸孜渭霓焰翌蕃梵蔓荧萤壬绅绚缔谛诰诵轶辙睫瞬垦帜撼旌瑕渤廓橙凛襟嵋峨菩虔恳衢侣灞涟琵鹊樟韧搏瞩漓矗"
)
"""Characters that persons of today are called by, seldom as they are in a dictionary of the 1990s."""
ALSO_NAMES = """
    高原 高歌 高程 高点 高能 高深 高欢 方程 方舟 方言 方丈 文汇 文章 文理 文本 文人 陆游 陆绩 屈原 许愿 许都 许由
    安定 安详 安心 安好 安适 安身 安陆 安徽 平原 平静 景致 湛然 莫非 程式 凌晨 华夏 华人 华服 华联 华辰 江南 江夏
    江心 江中 江都 江左 江苏 江西 江浙 幸福 福临 夏季 夏日 夏夜 夏代 季梁 季风 甘泉 冷静 丰盛 丰碑 温柔 武昌 阴阳
    申花 花朵 宁夏 宁乡 宁都 秋季 秋日 秋游 司令 衡山 衡阳 卓著 卓然 琴健 琴家 荆州 严密 王牌 王砾 马路 古月 田单
    周易 周游 周颠 黄酒 金坛 金色 罗锅 石湖 洪都 楚国 苏北 易名 颜貌 钟离 强国 强将 童心 舒心 舒畅 乐理 乐感 谢意
    谢持 霍都 怀化 盛年 盛典 路遥 路易 周岁 金台 金代 金顶 黄泥 马头 丰都 史学 连战 燕都 关中 单艇 华筝 伯牙 夏珺
    宣萱 陶喆 黄奕 张掖 养成 高高 严寒 余音 简洁 廉洁 方圆 平凡 平安 江山 江水 江河 武士 武陵 富强 富贵 高兴 高尚
    高端 毕升 顾源 福星 福建 福州 福银 华山 华南 华沙 苏丹 苏杭 苏州 苗苗 沈阳 罗马 丰田 丰美 浦东 宁波 庞大 盛唐
    盛润 盛誉 乐园 乐府 农夫 关岛 强健 苍松 樊城 富室 山川 山水 山河 夏天 秋天 古城 古巴 欧元 隆庆 武麻 元朝 祖庙
    石桥 金银 左派 文官 向阳
"""
"""Words that persons are called by all the same."""
HEAD = """\
# Three lines of characters: those that hardly any given name has; those that fewer have than words do; surnames that
# are met as words rather. Then words that begin with a surname and are no names.
# Derived from the dictionary of jieba 0.42.1 (https://github.com/fxsjy/jieba) by bench/ordinary_words.py, which states
# the rule. Not edited by hand: the project's own words are in words.py.
#
# jieba has the MIT licence. Copyright (c) 2013 Sun Junyi. Permission is hereby granted, free of charge, to any person
# obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software
# without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute,
# sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so,
# subject to the following conditions: The above copyright notice and this permission notice shall be included in all
# copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND,
# EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE
# AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
# LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE
# SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def main() -> None:
    lines = (line.split(" ") for line in Path(sys.argv[1]).read_text("utf-8").splitlines())
    words = {word: (int(count), tag) for word, count, tag in lines}
    persons = [
        w for w, (_, tag) in words.items() if tag in ("nr", "nrfg") and len(w) == 3 and w[0] in SURNAMES
    ]
    given, surnames = Counter(c for p in persons for c in p[1:]), Counter(p[0] for p in persons)
    others, firsts = Counter[str](), Counter[str]()
    for word, (count, tag) in words.items():
        if not tag.startswith("nr"):
            others.update(dict.fromkeys(word, count))
            firsts.update({word[0]: count} if word[0] in SURNAMES else {})
    leaning = _leaning(given, others)
    frequent = {c for c in leaning if others[c] >= FREQUENT and leaning[c] < 0.5} - GIVEN_TODAY
    things = {c for c in frequent if leaning[c] < 0.15} - SURNAMES
    among_things = frequent | {c for c in leaning if others[c] >= KNOWN and not given[c]} - GIVEN_TODAY
    seldom = {c for c, leans in _leaning(surnames, firsts).items() if leans < 0.4 and surnames[c] <= 85}

    def is_rather_a_word(word: str) -> bool:
        first, second = word[0], word[1]
        chance = surnames[first] / surnames.total() * given[second] / given.total()
        return words[word][0] >= (AS_A_WORD if leaning[second] < 1 else FAVOURED) * (chance * PERSONS + 1)

    also_names = frozenset(ALSO_NAMES.split())
    found = [
        word
        for word, (_, tag) in words.items()
        if len(word) == 2 and word[0] in SURNAMES and not tag.startswith("nr") and word not in also_names
        if word[1] in leaning
        and others[word[1]] >= KNOWN
        and word[1] not in things
        and is_rather_a_word(word)
    ]
    print(HEAD + "\n".join("".join(sorted(line)) for line in (things, among_things - things, seldom)))
    for first in sorted({word[0] for word in found}):
        print(" ".join(sorted(word for word in found if word[0] == first)))


def _leaning(names: Counter[str], words: Counter[str]) -> dict[str, float]:
    """Of the common Chinese characters (those of GB 2312: the dictionary has some that are none)."""
    share = names.total() / words.total()
    return {c: names[c] / words[c] / share for c in words if c.encode("gb2312", "ignore") and c >= "\u4e00"}


if __name__ == "__main__":
    main()

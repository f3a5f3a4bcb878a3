"""Words, offices, units and numbers of documents are no persons; persons are, also those whose names are words."""

from __future__ import annotations

import random

import pytest

from qiangji.personal_data import Things, kind_of, may_name, quoted
from qiangji.personal_data.names import asks_for_things_too, is_name, is_name_for_a_value
from qiangji.personal_data.words import DOUBLE_SURNAMES

OFFICES = """
    干部科 干部室 组织科 宣传科 农经科 干教科 干监科 应急科 支部科 综合科 农业科 文体科 房管科 水务科 司法科 文教科
    安全科 储备科 管理科
    经发办 金融办 应急办 司法办 卫健办 文明办 平安办 农办 党政办 文旅办 强基办 计生办 房改办 党建办 纪检室 方志室
    平安办公室 林政股 计财股
    组织股 农业股 应急处 经联社 经济社 经合社 农信社 经管站 农技站 宣传部 组织部
"""
"""Who draws a table up; most begin with a character that is a surname too."""
VALUES = """
    尚未 尚无 尚缺 尚在 尚可 尚好 尚未建 尚差 尚欠 高档 高标准 余额 余数 余缺 单建 单独建 单独计 单户 单次 单价
    计划内 计划外 计划建 计划中 申报中
    申办中 申请数 符合 符合要求 解除 解散 解聘 解决中 元旦前 元旦后 季末前 季末 常态化 常态 常见 常任 常年 平均数
    平均值 平衡 平时 平常 平台
    应该是 应该为 应配 应付 应有 应减 应统计 应参加 应换届 应为零 经核实 经核对 经统计 经查 经调查 任满 任中 任前
    任期内 任免 管理中 管理费 经营中
    容量 富余 常驻 钱数 支数 单人 安居 农林 文旅 农闲 农历 鱼塘 桑园 包片 包户 包联 包干 利用 利率 费用 房租 金融
    金额大 干事 司法 强社 强企
    于年底 于本月 何处 何时 别处 别的 查明 查实 查无 路边 江边 山上 万亩以下 万余 方便 水渠 全额 全村数 明细 关于
    关停 项目少 程序中
    成员数 范围外 国资 文娱 班车 连续 古树 储备 劳务 贡献 边界 颜色 麻烦 陆续 石油 游客数
    雷同 应缴 白名单 何时填 陈皮 黄皮 白菜 黄豆 李子 梅树 杨树 石榴 马铃薯 凤凰木 黄牛 田螺
    黄鳝 冷库 雷雨 毛竹 龙虾 白瓜 罗非鱼 夏收
"""
"""What clerks write into a cell of numbers, of 是 or 否, of days or of listed values."""
REMARKS = [
    "复核：应该是25",
    "核对：应该为25",
    "审核：符合",
    "审核：符合要求",
    "复核：平衡",
    "复核：平衡的",
    "审批：计划内",
    "统计：余额",
    "核准：单独建",
    "书记：尚缺",
    "负责人：尚缺",
    "网格员（应配）",
    "村书记（应配）",
    "党代表（常任）",
    "会计 应付",
    "委员（应选）",
    "主任 高配",
    "出纳：应收",
    "批准：江组通〔2025〕12号",
    "批准：江组通[2025]12号",
    "批准：江组通（2025）12号",
    "签发：江委发〔2026〕3号",
    "主任：江组通〔2025〕12号",
    "编制：江府办【2025】第3号",
    "审核人：江组通〔2025〕12号",
]
PERSONS = """
    张三 李雷 王伟 陈静 林佩仪 陈志强 何卓文 张建科 梁健 黄丽 方圆 江涛 安宁 许晴 余华 文静 高洁 马骏 石磊 李科 高峰
    高明 高远 向阳 安康 文明军
    任建新 计春华 应采儿 单国强 尚长荣 解晓东 万里 平海 经叔平 常香玉 严复 余秋雨 方志敏 江一燕 李想 陆游 方舟 农冠品
    甘敬 温柔 乐嘉
    李工 王所长 李局长 陈主任 张股长 周科长 黄部长 李干事 林佩仪科长 欧有才 管月娥 毕一鸣 路会珍 包和平 单中华 强自立
    陈革新 许地山 车来福 李子庭 李子高 李树有 杨树行 雷同庭 江人杰 林伯渠 曹满仓 王粉英 区建国 江建行 蓬文 杨梅
    陈伟强医生 陈伟强副部长 张副区长 书记陈伟强 党员陈伟强 第一书记李明 李医生 陈会计 王校长
    司徒美堂 欧阳建 欧阳桂花 欧阳娜娜 上官云 司马光 张李建国
"""
"""Persons, made up or in encyclopaedias; some are called by words, or like an office."""
TOWNS = "司前 古井 沙堆 罗坑 白沙 金鸡 龙胜 苍城 马冈 古劳 龙口 沙湖 牛江 沙坪 白石 杜阮 江南 江咀"
STREETS, VILLAGES = ("沙坪", "白沙"), ("白石", "江咀")
UNITS = Things(
    frozenset(
        town + ("街道" if town in STREETS else "村" if town in VILLAGES else "镇") for town in TOWNS.split()
    )
)
COMMON = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢"
    "姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常"
)
GIVEN = """
    伟 秀英 敏 静 丽 勇 杰 军 艳 涛 强 磊 桂英 超 娟 燕 芳 秀兰 玉兰 平 波 玲 鹏 华 辉 英 斌 桂兰 红 丹 霞 明 萍 秀珍
    飞 鑫 娜 俊 建华 凤英 林
    刚 梅 浩 婷 莉 玉珍 玉梅 玉英 亮 凯 健 云 兰英 婷婷 红梅 峰 雪 洋 慧 海燕 琴 建国 宇 建军 颖 洁 玉华 志强 龙 桂珍
    倩 春梅 帅 旭 桂芳 秀梅
    丽娟 鹏飞 志明 国强 小红 家豪 嘉欣 俊杰 文杰 志豪 子轩 梓涵 浩然 欣怡 雨桐 思远 晓东 晓燕 永强 伟强 伟明 少芬
    焕章 润生 国栋 桂荣 美玲
    惠芳 锦荣 耀辉 炳权 卓文 佩仪 瑞英 福生 金水 木生 水生 长青 得胜 保国 卫东 向东 爱国 建党 跃进 春生 新民 和平
    胜利 解放 国庆
"""
"""Given names of the commonest of the country, and of the region and the times."""


@pytest.mark.parametrize("office", OFFICES.split())
def test_an_office_is_no_person(office: str) -> None:
    for text in (
        f"制表：{office}",
        f"填报：{office}",
        f"审核（{office}）",
        f"填表人：{office}",
        f"联系人 {office}",
    ):
        assert kind_of(text) is None, text
    assert not is_name(office)
    assert not is_name_for_a_value(office)


@pytest.mark.parametrize("text", REMARKS)
def test_a_remark_or_a_documents_number_behind_a_signing_word_is_no_person(text: str) -> None:
    assert kind_of(text) is None


@pytest.mark.parametrize("word", VALUES.split())
def test_an_ordinary_word_is_no_person(word: str) -> None:
    assert not is_name_for_a_value(word)
    assert kind_of(f"审核：{word}") is None
    assert kind_of(f"书记（{word}）") is None
    assert quoted(word) == word


@pytest.mark.parametrize("post", ["司法所长", "金融科长", "宣传部长", "计生主任", "农业局长", "水务所所长"])
def test_a_post_without_its_holder_is_no_person(post: str) -> None:
    assert kind_of(f"联系人：{post}") is None


def test_beside_a_number_it_is_none_either() -> None:
    assert not any(
        map(is_name_for_a_value, ("余额12.5", "应为 25", "尚缺3人", "平均3.5", "符合（已核）", "计划内3个"))
    )


@pytest.mark.parametrize("person", PERSONS.split())
def test_a_person_is_one_whatever_is_asked(person: str) -> None:
    for text in (
        f"制表：{person}",
        f"复核（{person}）",
        f"书记 {person}",
        f"填表人：{person}",
        f"{person}（审核）",
    ):
        assert kind_of(text) == "name", text
    assert is_name(person)
    assert is_name_for_a_value(person)
    assert may_name(person)


@pytest.mark.parametrize(
    "text", ["审核：李四（2026）10月", "制表：林佩仪 2026年10月12号", "填表人：李四[2026]"]
)
def test_a_day_behind_a_name_makes_no_documents_number(text: str) -> None:
    assert kind_of(text) == "name"


@pytest.mark.parametrize("word", ["余额", "计划内", "应缴", "高档", "富余", "平台", "鱼塘", "单独建"])
def test_where_a_person_alone_is_asked_for_a_word_may_be_one(word: str) -> None:
    assert is_name(word)
    for label in ("填表人", "联系人", "负责人", "姓名", "审核人"):
        assert not asks_for_things_too(label)
        assert kind_of(f"{label}：{word}") == "name"


@pytest.mark.parametrize(
    "text",
    [
        "盖章",
        "符合",
        "齐全",
        "齐备",
        "文书",
        "会计",
        "经理",
        "季报",
        "文本",
        "文字",
        "金控",
        "文联",
        "区直",
        "区政府",
        "区妇联",
        "区人大",
        "区农业农村",
    ],
)
def test_what_a_clerk_says_of_signing_and_an_office_is_no_person_anywhere(text: str) -> None:
    assert not is_name(text)
    for label in ("填表人", "审核人", "负责人", "制表"):
        assert kind_of(f"{label}：{text}") is None


@pytest.mark.parametrize(
    "office",
    ["政府", "人大", "政协", "侨联", "科协", "民政", "文联", "人社", "公安", "司法", "卫健", "计生协"],
)
def test_an_office_behind_the_countys_short_name_is_no_person(office: str) -> None:
    units = Things(frozenset({"蓬江区", "江门市"}))
    for short in ("区", "蓬", "蓬江", "江"):
        assert not is_name(short + office, units)
        assert kind_of(f"书记：{short}{office}", units) is None
        if len(short) > 1 or short == "区":
            assert kind_of(f"负责人：{short}{office}", units) is None
    assert not is_name(f"区委、区{office}", units)
    assert is_name(f"许{office[:1]}明", units)
    assert is_name("江水利", units)
    assert is_name("江党建", units)


@pytest.mark.parametrize("label", ["制表", "审核：", "复 核", "书记", "村主任（签字）", "统计："])
def test_behind_offices_and_verbs_things_stand_too(label: str) -> None:
    assert asks_for_things_too(label)


@pytest.mark.parametrize("town", TOWNS.split())
def test_a_unit_of_the_county_is_no_person_where_it_is_known(town: str) -> None:
    for text in (f"填报：{town}", f"制表（{town}）"):
        assert kind_of(text, UNITS) is None
    assert not is_name_for_a_value(town, (), UNITS)
    is_a_village = town in VILLAGES
    assert kind_of(f"联系人：{town}", UNITS) == (kind_of(f"联系人：{town}") if is_a_village else None)
    assert is_name_for_a_value("林佩仪", (), UNITS)


def test_hardly_a_common_name_is_taken_for_a_word() -> None:
    """12,900 names of the commonest surnames and given names. None is missed."""
    names = [surname + given for surname in COMMON for given in GIVEN.split()]
    missed = [n for n in names if not is_name_for_a_value(n)]
    assert len(names) > 12_000
    assert missed == []


def test_names_of_any_common_characters_are_found_but_for_one_in_a_hundred() -> None:
    rng, characters = random.Random(7), sorted({c for given in GIVEN.split() for c in given})
    names = [rng.choice(COMMON) + "".join(rng.choices(characters, k=2)) for _ in range(5000)]
    assert sum(not is_name_for_a_value(n) for n in names) < 50


def test_a_surname_of_two_characters_makes_no_word_of_a_name() -> None:
    assert all(is_name_for_a_value(surname + "建国") for surname in DOUBLE_SURNAMES)

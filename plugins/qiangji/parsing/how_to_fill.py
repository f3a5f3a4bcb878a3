"""What stands in brackets behind a header and only tells how to fill the column in: 必填, 无则填0, 填整数, 年-月-日.

In: a form, what its header stands for, and the text in the brackets, squeezed. Out: whether it tells no more than that.

A text is taken apart into instructions, and each has to be one for a column of that type: an integer is no 两位小数. A
unit, a time, a part (女), or one value of several says what is counted, and is no instruction.
"""

from __future__ import annotations

import re
from functools import cache

from qiangji.catalogue.models import Field, Form
from qiangji.text import squeezed

_QUOTES = re.compile("[“”‘’\"'「」『』《》`]")
_APART = re.compile("[,，;；。]")
_OR = re.compile("[/、,;|]|或者?")
_DIGITS = re.compile("([0-9]{1,2})位(?:数字?|代码|编码|码)?")
_PLEASE = (
    "(?:请|须|需要?|必须|应当?|务必|只能?|仅限?|均|统一|一律|可以?|直接|按|以|用|如实|据实|逐项|手工|手动)*"
)
_WRITE = "(?:填写|填报|填列|填入|录入|输入|填|写)"
_TYPED = "(?:型|类型|格式)?"
_NOTHING = (
    "(?:如果?|若|当)?(?:没有|未有|无|没|不涉及|未发生|未开展|空缺|为?空|为?零|为?0)"
    "(?:数据|数值|数|此项|该项|此类|情况|发生|内容|的)*"
)
_ZERO = f"(?:则|就|时|也)*{_PLEASE}(?:{_WRITE}|记|计|报|用|为)(?:0|零|无|/|-|—)(?:表示|代替)?"
_WHOLE = "(?:非负|正|0或正)?(?:整数|自然数)"
_DECIMALS = "(?:[0-4一二两三四]位小数|小数点?后[0-4一二两三四]位(?:小数)?|(?:至|到)?0?\\.0{0,3}1)"
_DATE = "(?:年[-/.]?月[-/.]?日|[YyXx×]{2,4}(?:[-/.年][MmXx×]{1,2})(?:[-/.月][DdXx×]{1,2}日?))"
_ONE_DATE = "20[0-9]{2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?"
_ANY = (
    rf"{_PLEASE}(?:必填项?|必录项?|选填项?|非必填项?|非空)|{_PLEASE}{_WRITE}|{_PLEASE}{_WRITE}0"
    rf"|(?:请)?(?:不[能得可许要]?|勿|切勿|请勿|严禁)(?:为空|留空|空[白着]?|空格|漏填|缺项|合并单元格|修改|改动|更改|[改动删])"
    rf"|{_NOTHING}{_ZERO}|(?:不用|无需|不必|免)填写?"
    rf"|{_NOTHING}(?:则|就|时)*(?:可以?)?(?:不填写?|留空|空着)|(?:[由表内系统公式格]*自动|由?系统)(?:生成|计算|汇总|求和|带出|填充)|公式"
    rf"|(?:详?见|参[见照考])(?:填[表报写]|指标|附件?)?(?:说明|须知|要求|解释)|填[表报写]说明|(?:第)?[0-9]{{1,2}}[栏列]|栏次?[0-9]{{1,2}}"
    rf"|{_PLEASE}(?:实际|真实|实)(?:情况|数据?)?{_WRITE}|如实|据实|(?:详?见)?[附备脚]?注[0-9]{{0,2}}"
)
"""For a column of any type. The number of a column (`1栏`) belongs here too."""
_NUMBER = (
    rf"{_PLEASE}(?:{_WRITE}|为|是)?(?:阿拉伯|纯|半角)?数[字值]{_TYPED}"
    rf"|{_PLEASE}(?:不|勿|不要|无需|不得|不能|不用|请勿)(?:{_WRITE}|带|加|写)?(?:计量)?单位|(?:大于(?:或?等于|零)?|不小于|≥|>=|>)0"
    r"|[0-9]{1,2}(?:=[0-9]{1,2}(?:[+-][0-9]{1,2})*)"
)
_INTEGER = (
    rf"{_PLEASE}(?:{_WRITE}|取|保留|为|是|四舍五入)*{_WHOLE}{_TYPED}(?:{_WRITE})?|{_PLEASE}(?:四舍五入)?取整"
    "|(?:不保留|不[带要含留]|无)小数"
)
_DECIMAL = (
    rf"{_PLEASE}(?:{_WRITE}|取|保留|精确[至到]?|四舍五入)*[至到]?{_DECIMALS}|{_PLEASE}四舍五入"
    rf"|(?:{_WRITE}|可以?|带)*小数{_TYPED}|0\.0{{1,4}}"
)
_CHOICE = (
    rf"{_PLEASE}(?:从|在|点击?)?(?:右侧|单元格)?(?:下拉)?(?:选项|菜单|列表|框)?(?:中|内|里)?(?:勾选|点选|选择|选取|选填|选|单选)(?:项|填写?|一项|其一|录入)?"
    r"|下拉(?:选项|菜单|列表|框)?|[二两三四五六七八2-8]选一|打[√✓]|单选题?|(?:任|只能?|仅)选(?:其)?一项?"
)
_YES_NO = (("是", "否"), ("1", "0"))
_CHOOSE = re.compile(rf"^{_PLEASE}(?:{_WRITE}|选择|选填|选|从|在|为)*[:：]?")
_CHOSEN = re.compile(
    r"(?:(?:[二两三四五六七八2-8]者?|其中|之中|中|任|任选)*(?:选择?|选填|单选|任选)(?:其?一|1)?项?|之一|其中之?一)$"
)
_DAY = (
    rf"{_PLEASE}(?:日期)?(?:{_WRITE})?(?:格式)?(?:为|是|如|例如?|示例|按)*[:：]?{_DATE}(?:的?格式|{_WRITE})?"
    rf"|(?:日期)?(?:格式)?(?:为|如|例如?|示例|格式)+[:：]?{_ONE_DATE}|{_PLEASE}(?:{_WRITE}|精确|具体)+[至到]日|{_PLEASE}{_WRITE}?日期{_TYPED}"
)
_TEXT = (
    rf"{_PLEASE}{_WRITE}?(?:单位|部门|规范)*(?:全称|规范名称|规范简称)|文本{_TYPED}|(?:不超过|限|控制在)?[0-9]{{1,3}}个?字(?:以内|之内|内)?"
    rf"|(?:不|勿|不要|不得|请勿)(?:{_WRITE})?(?:个人)?(?:姓名|人名)|{_PLEASE}简[要明]{_WRITE}|(?:尚?未|没有?)完成的?(?:可以?)?(?:不填|留空)|{_PLEASE}{_WRITE}?(?:单位|部门)名称"
)
_CODE = rf"(?:{_WRITE}|设[为置]?)?文本{_TYPED}|(?:{_WRITE})?(?:国家)?统计用?区划代码"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _is(pattern: str, said: str) -> bool:
    """Whether the whole text is of that pattern. Few files need any: a pattern is compiled when it is."""
    return _compiled(pattern).fullmatch(said) is not None


def tells_how(form: Form, target: str, said: str) -> bool:
    """Whether what stands in brackets behind a header only tells how to fill in the column of that target."""
    plain = _QUOTES.sub("", said)
    if _tells(form, target, plain) or _tells(form, target, _APART.sub("", plain)):
        return True
    parts = [part for part in _APART.split(plain) if part]
    return len(parts) > 1 and all(_tells(form, target, part) for part in parts)


def _tells(form: Form, target: str, said: str) -> bool:
    if _is(_ANY, said):
        return True
    if target == form.key:
        digits = _DIGITS.fullmatch(re.sub(f"^{_PLEASE}{_WRITE}?", "", said))
        is_long = digits is not None and bool(re.fullmatch(form.key_pattern, "1" * int(digits[1])))
        return is_long or _is(_CODE, said)
    if target not in form.fields:
        return _is(_TEXT, said)
    field = form.fields[target]
    if field.is_number:
        of_type = _INTEGER if field.type == "integer" else _DECIMAL
        return _is(_NUMBER, said) or _is(of_type, said)
    if field.type in ("boolean", "enum"):
        return _is(_CHOICE, said) or _names_all(field, said)
    return _is(_DAY if field.type == "date" else _TEXT, said)


def _names_all(field: Field, said: str) -> bool:
    """Whether a text names all the values of a field, and no other: `填是或否`, `自办/参与/无三选一`."""
    own = _YES_NO if field.type == "boolean" else [map(squeezed, field.values or ("",))]
    values = [sorted(one) for one in own]
    texts = {said, _CHOSEN.sub("", said)}
    texts |= {_CHOOSE.sub("", text) for text in (*texts, *(_CHOSEN.sub("", t) for t in texts))}
    texts |= {re.sub("^是否$", "是/否", text) for text in texts}
    return any(sorted(_OR.split(text)) in values for text in texts)

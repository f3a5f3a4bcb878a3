"""Word lists for `names`: surnames, words that ask for a person, words that look like a name.

In: nothing. Out: the lists. The surnames are the most common ones, and those of the region.
"""

from __future__ import annotations


def _split(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.split()))


SURNAMES = frozenset(
    "".join(
        _split(
            """
    赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛奚范彭郎鲁韦马苗凤花方俞
    任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于傅皮卞齐康伍余元卜顾孟平黄穆萧尹姚邵湛汪祁毛禹狄米贝臧计伏
    戴谈宋茅庞熊纪舒屈祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫经房裘
    缪干解应宗丁宣邓郁单杭洪包诸左石崔吉钮龚程嵇邢裴陆荣翁荀羊惠甄曲封储靳邴糜松井段富巫乌焦巴牧山谷车侯班仰秋仲
    伊宫宁仇栾祖武符刘景詹束龙叶幸司韶黎薄印宿白怀蒲邰鄂索咸籍赖卓蔺屠蒙池乔阴苍闻翟谭贡劳姬申扶冉宰郦雍璩桑桂濮
    牛寿边扈燕冀郏浦尚农温别庄晏柴瞿阎连茹宦艾鱼容向古易慎戈廖庾暨衡耿弘匡文寇欧利巩聂关荆游竺盖桓仉督岳帅缑亢况
    郈琴晋楚闫汝鄢涂钦牟佘佴伯赏墨哈谯笪爱阳佟福冼麦邝区甘丘敖植覃候付肖邸苑仝冷揭占辛简饶曾沙养鞠须丰巢蒯查逯盘
    蓬隆苟呙户奉粟禤磨
            """
        )
    )
)
DOUBLE_SURNAMES = _split(
    """
    欧阳 太史 端木 上官 司马 东方 独孤 南宫 夏侯 诸葛 尉迟 公孙 轩辕 令狐 钟离 宇文 长孙
    慕容 鲜于 司徒 司空 皇甫 澹台 公冶 申屠 淳于 单于 百里 呼延 西门
    """
)
ASKING = _split(
    """
    姓名 名字 负责人 联系人 填报人 填表人 填写人 制表人 制单人 上报人 报送人 审核人 审批人
    核对人 复核人 经办人 责任人 联络人 联络员 联系员 签字 签名 签收人 签署人 署名 法人
    法定代表人 户主 当事人 带头人 录入人 统计人 校对人 负责同志 经手人 签发人 签批人 批准人 核准人
    审定人 复审人 初审人 校核人 编制人 编报人 填制人 核稿人 保管人 交接人 移交人 接收人 盖章人 统计员
    填报员 审核员 复核员 校对员 录入员 报表员 信息员 主管领导 分管领导 分管负责
    """
)
"""Words that ask for a person, in a header, a label or a text."""
OFFICES = _split(
    """
    书记 主任 组长 支书 村长 站长 队长 委员 党代表 经理 所长 镇长 局长 科长 县长 区长 部长 主席 会长
    网格员 会计 出纳
    """
)
"""Offices. As a header, as a label or before a colon, they ask for the person who holds them."""
HOLDERS = _split("人员 人 员 干部")
"""Endings of words that ask for a person before a colon, where things stand as well: `更正人：`, `驻村干部：`."""
HOLDERS_AS_HEADERS = _split("领导 长 者 代表 业主 乡贤 村医 教师 头雁")
"""Endings of headers that ask for the person below them, beside `HOLDERS`: `包村领导`, `网格长`, `法人代表`."""
SIGNING = _split(
    """
    制表 审核 复核 校对 校核 填报 填表 填制 签发 签批 经办 经手 编制 编报 录入 审批 批准 核准 审定 制单
    复审 初审 核对 统计 主管 报送 上报 签字 签名
    """
)
"""Verbs that sign a table. They ask for a person where they are the whole label: `制表：`, not `年度统计`. What stands
behind one is often a thing: an office, a number, a remark.
"""
TITLES = _split(
    """
    同志 先生 女士 小姐 老师 书记 副书记 主任 副主任 组长 村长 支书 委员 站长 队长 经理 所长
    局长 镇长 科长 股长 部长 县长 区长 主席 会长 干事 市长 校长 院长 医生 教师 会计 出纳 文书 网格员 村支书
    第一书记 联络员 组织员
    """
)
"""Titles that may stand behind a name."""
NO_NAMES = frozenset(
    _split(
        """
    高中 高职 高级 高校 大专 万元 万人 万户 万亩 常委 常务 常住 安排 安全 安置 方案 方式
    方面 单位 项目 金额 时间 全部 全年 全体 成员 平均 平方 华侨 华人 国有 国企 公办 公司
    公益 公开 农民 农业 农村 农户 文化 文件 文明 福利 利润 利率 通过 通知 满意 强村 解决
    应到 相关 相同 初中 初级 代表 后备 后勤 红色 海外 海域 向上 向下 连续 富民 法律 法规
    法人 关系 任务 任期 管理 经费 经济 经营 支出 支部 支委 计划 计生 干部 宣传 宣委 白天
    年度 年初 年末 年龄 路段 路口 古树 山林 池塘 田地 谷物 牧业 车辆 车间 房产 房屋 江门
    鹤山 台山 新会 阳江 广州 广东 居民 门店 户数 户主 户籍 官方 查看 须知 温泉 沙洲 水果
    商户 商会 商业 师生 师资 班子 班长 班主任 连任 别称 易地 步行 后进 国家 国民 公安 公共
    公示 公职 广场 商品 师范 权力 海关 益民 全职 全区 全市 全县 全村 全镇 任命 蓬江 江海 范围 方法 文号
    时段 时点 季度 成果 成效 程序 权限 易地 台账 台帐 相符 解释 应报 应交 常规 常年 和谐 华南 黄色 白色 红字
    余人 余名 余户 余元 余万 余亩 余个 余件 余次 元整 元钱 元月 元旦 万余 万余元 万余人 万余户 万元整 万人次 平米
    平方米 应无 应为 应填 应报数 应到数 时有 时无 别无 查无 查不到 单数 单位数 单位为 单位是 和上月 和上年 和去年 全无
    支队 计入 方便 周一 周二 周三 周四 周五 周六 周日 周末 周报 周报表 季末 季初 季度末 季度初 左右 申请中
    任职 高一 高二 高三 洪灾 单列 马上报 毛利润 何时报 安排中 计划中
    施工 施工中 单独 花木 花卉 花草 黄皮 黄皮树 龙眼 龙眼树 松树 松木 柏树 柳树 桂花 桂树 桑树 梅花 叶菜 麻竹 荒山 江堤
    水库 水泥 水塘 金橘 石材 路灯 路面 车位 祖屋 谭江 乐园 游园 方向 时令 段长 项下 支付 计提 应建 应急 应收
    石头 解放 毛重 安装 明显 高低 何时 何人 甘蔗 都有 都是 都无 都没 都未 连年 包干 容后 从无 步骤 水稻 房改
    包括 包含 全称 简称 简介 简报 乐观 习惯 于是 明细 明确 明年 明日 经费 宗数 强基 马上 高于 盛会
    尚缺 尚未 尚无 尚可 应配 应配数 应付 应选 常任 单建 高配 余缺
    经核实 经确认 经研究 经审核 管理费 单身 单亲 高龄 施工方 何氏 常设 籍贯 周知 易名 农场 易人 路边店 任意
    盖章 符合 符合要求 齐全 齐备 应补 应签 应盖 单位章 党委章 支部章 村委章 季报 季表 季报表 周表 文本 文本型 文字
    文本框 单选 单选项 文联 金控 区直
    """
    )
)
"""Words that begin with a surname and are no names, wherever they stand. The last lines: what is said of signing, what
reports are called, kinds of data (a row of them may stand under a header), and offices.
"""
TRADE = frozenset(
    _split(
        """
    干教 干监 干综 干审 农经 农技 农机 农林 农水 农科 农信 宣教 宣文 宣发 纪监 纪审 纪检 计统 计财 计生 文体 文旅
    文教 文宣 文明 文广 房管 林政 水政 水保 水务 水利 安监 安全 安保 应急 平安 卫健 卫生 经发 经管 经信 经联 经合
    经社 经济 经贸 金融 司法 方志 史志 强基 强村 强社 强企 包片 包户 包联 查明 单户 单次 支数 于年底 于本月
    任满 任中 任前 尚在 安居 桑园 桑叶 鱼塘 苗圃 花圃 花生 山塘 农忙 农房 高龄 单亲 申领 毛利 平方 盖章 经查 应训
    高标准 高新 康复 于上月 贺年 顾问费 方塘
    """
    )
)
"""What offices are called by (before 科 办 室), and other short words of the trade. Where things stand as well as
persons, they are no names.
"""
WHOLE = frozenset(
    _split(
        """
    雷同 应缴 白名单 何时填 陈皮 黄皮 白菜 黄豆 黄瓜 黄牛 牛羊 石榴 马铃薯 马蹄 甘薯 荔枝 龙眼 麦苗
    葛根 葛薯 梅菜 田螺 花蛤 李子 白薯 贝类 鱼苗 鱼花 乌榄 凤凰木 秋枫 桑基 杨树 梅树 李树 桂树
    桑树 柏树 松树 柳树 柏木 梅花树 年橘 金桔 雷雨 田头 桂圆 黄沙 黄姜 黄麻 甘蓝 姜黄 蓝莓 石斛
    毛竹 毛竹林 凤梨 林长制 罗汉果 罗汉松 罗非鱼 黄鱼 秋收 夏收 夏粮 冷链 冷链车 强台风 苗木 花苗
    白米 田七 苏铁 秋枫树 景观树 安置房 应加 应删 应上报 莫填 金额小 方向错 易涝点 雷同表 宿舍楼 包子
    汤圆 贺卡 华侨房 花树 冷库 车库 谷仓 米粉 白粉 葛粉 花生苗 桑果 桑蚕 鲍鱼
    """
    )
)
"""What clerks write of numbers, and what villages plant, breed and sell. Where things stand as well as persons, the
whole text is no name; one that goes on may be: 李子 is a fruit, 李子庭 a person.
"""
OF_THINGS = frozenset("鸡猪鸭虾蟹螺鳝蚝粥汁酱薯葱蒜菇笋瓜榄饼糕粽屋埂棚坝沟坑涝旱灾菜皮祠厕")
"""Characters of no given name, beside those of `ordinary_words.txt`: 陈皮, 黄鳝, 石棚."""
AGENCIES = frozenset(
    _split(
        """
    政府 人大 政协 法院 检察 纪检 监委 巡察 组织 宣传 统战 政法 社工 编办 党校 机关 直属 老干 关工
    信访 保密 机要 档案 史志 方志 武装 人武 公安 司法 教育 科技 工信 民政 财政 人社 国土 自然资源
    生态环境 环保 住建 城管 交通 公路 水利 水务 农业 农业农村 农技 农机 农林 林业 渔政 畜牧 乡村振兴
    商务 招商 外事 侨务 台办 侨办 文旅 文体 文教 卫健 疾控 退役 应急 安监 审计 统计 医保 市监 市场监管 国资
    金融 政数 民宗 税务 气象 消防 邮政 电信 供电 烟草 海事 海关 粮储 供销 园林 环卫 房管 总工会 工会
    团委 妇联 侨联 文联 残联 科协 社联 青联 学联 记协 作协 律协 物协 计生协 志联 义工联 红会 工商联
    贸促会 商会 个私协 经促 经贸 经信 城投 交投 水投 农投 旅投 文投 建投 产投 国控 金控 两新 专班 融媒
    发改 党建 党群 党史 老龄 城建 公交 客运 水库 燃气 一中 二中 侨中 人医 中医 妇幼 卫监 联通 移动
    邮储 农商行 建行 农行 工行 中行 人行 银监 人保 盐业
    """
    )
)
"""What the offices of a county or a city are called by for short: behind 区, or its short name, they are no persons."""
GIVEN_TOO = frozenset(
    _split(
        "建行 中行 园林 林业 水利 联通 文教 文体 国资 国土 一中 二中 城建 党建 武装 金融 农业 教育 组织 宣传 环保"
    )
)
"""Of these, what persons are called by too. Behind one character that may be a surname (江水利) they are persons."""
PLACES = _split(
    """
    村 组 镇 乡 街 街道 县 队 局 院 校 厂 站 所 部 委 区 社区 市 中心 公司 支部 党委 党支部
    单位 小区 委会 协会 工会 委员会 办 室 办公室
    """
)
"""Endings of places and organisations."""
OFFICE_ENDINGS = frozenset("科股处社会馆行团园场庭网")
"""Endings of offices behind a word of two characters: 干部科 is one, 张建科 a person, 李科 a person with a title."""
COUNTY_ENDINGS = ("区", "县", "市")
TOWN_ENDINGS = ("镇", "乡", "街道")
UNIT_ENDINGS = ("", *_split("镇 乡 街道 村 社区 县 区 市 居委会 村委会 居民委员会 村民委员会"))
"""What a unit's name may end with in the tree, and be without in a table: 司前, 司前镇."""

"""Statuses of a submission in words: those of `dim.submission_status`, for what is printed without it."""

STATUSES = {
    "not_due": "未到期",
    "awaited": "待报",
    "late": "逾期未报",
    "optional": "选报未报",
    "accepted": "已收",
    "partial": "部分记录退回",
    "held": "待审",
    "returned": "退回重报",
    "withheld": "涉个人信息扣留",
    "failed": "采集失败",
    "void": "已作废",
}
"""Code -> word in Chinese."""

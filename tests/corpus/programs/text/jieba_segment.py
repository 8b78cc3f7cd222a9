# /// expect
# stdout = "['我', '来到', '北京', '清华大学']\n"
# stderr_lines = 5
# ///
import jieba

print(jieba.lcut("我来到北京清华大学"))

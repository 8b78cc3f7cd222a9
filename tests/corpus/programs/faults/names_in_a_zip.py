# /// session
# attach = ["gbk_names.zip"]
# unpack = true
# ///
# A ZIP made on a Chinese Windows was unpacked as `╩²╛▌/╧·╩█.csv`.
# /// expect
# stdout = "['gbk_names/数据/销售.csv']\n"
# ///
from glob import glob

print(glob("gbk_names/*/*.csv"))

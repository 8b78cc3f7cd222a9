# /// expect
# # The code begins with U+FEFF, the mark that some editors write at the start of a file.
# stdout = "bom file ok\n"
# ///
﻿print("bom file ok")
# %%
# /// expect
# stdout = "from a comment 1\n"
# ///
﻿# comment
def f():
    return 1

print("from a comment", f())
# %%
# /// expect
# stdout = "Writing note.txt\n"
# files = ["note.txt"]
# ///
﻿%%writefile note.txt
text
# %%
# /// expect
# error = "SyntaxError"
# error_contains = ["U+FEFF"]
# ///
x = 1
﻿print(x)

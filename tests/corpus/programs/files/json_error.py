# /// expect
# error = "JSONDecodeError"
# error_contains = ["Expecting property name enclosed in double quotes"]
# ///
import json

json.loads("{'a': 1}")
# %%
# /// expect
# stdout = "{'a': 1}\n"
# ///
import ast

print(ast.literal_eval("{'a': 1}"))

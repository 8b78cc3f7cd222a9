# /// expect
# error = "ModuleNotFoundError"
# error_contains = ["No module named 'a_module_that_is_missing'"]
# ///
import a_module_that_is_missing

# /// expect
# stderr_contains = ["No matching distribution found for some-package-that-is-missing"]
# stderr_lines = 6
# ///
!pip install some-package-that-is-missing

# /// expect
# stdout_contains = ["Requirement already satisfied: pandas"]
# stderr_lines = 4
# ///
%pip install pandas numpy

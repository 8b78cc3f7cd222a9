# /// session
# time_limit = 120
# ///
# /// expect
# stdout_contains = ["unavailable"]
# stderr_lines = 10
# ///
try:
    from transformers import pipeline
    classifier = pipeline("sentiment-analysis")
    print(classifier("great"))
except Exception as e:
    print("unavailable:", type(e).__name__)

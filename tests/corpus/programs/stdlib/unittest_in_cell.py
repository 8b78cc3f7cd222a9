# /// expect
# stderr_contains = ["Ran 2 tests", "OK"]
# stderr_lines = 8
# ///
import unittest

def add(a, b):
    return a + b

class TestAdd(unittest.TestCase):
    def test_ints(self):
        self.assertEqual(add(1, 2), 3)

    def test_strings(self):
        self.assertEqual(add("a", "b"), "ab")

unittest.main(argv=[""], exit=False);

# /// expect
# stdout = "bye\n"
# ///
import sys

def main():
    print("bye")
    sys.exit(0)

try:
    main()
except SystemExit as e:
    code = e.code
# %%
# /// expect
# text = "0"
# ///
code

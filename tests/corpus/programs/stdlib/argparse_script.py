# /// expect
# stdout = "Hello Ann\nHello Ann\n"
# ///
import argparse

def main(argv=None):
    parser = argparse.ArgumentParser(description="Greet someone")
    parser.add_argument("--name", default="world")
    parser.add_argument("--count", type=int, default=1)
    args = parser.parse_args(argv)
    for _ in range(args.count):
        print(f"Hello {args.name}")

if __name__ == "__main__":
    main(["--name", "Ann", "--count", "2"])

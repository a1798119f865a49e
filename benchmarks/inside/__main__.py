"""`python -m benchmarks.inside NAME JSON`: run one of these modules with Django set up; its result goes out as JSON."""

import json
import sys
from importlib import import_module

import django


def main() -> int:
    """Run the module named by the first argument with the keywords in the second."""
    name, keywords = sys.argv[1], json.loads(sys.argv[2])
    django.setup()
    result = import_module(f"benchmarks.inside.{name}").run(**keywords)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""exllamav3's converter as a program: its wheel has the functions, but no way to call them.

python -m workbench_exllama.convert_exl3 OPTIONS
"""

from __future__ import annotations

import sys


def main() -> int:
    from exllamav3.conversion.convert_model import main as convert
    from exllamav3.conversion.convert_model import parser, prepare

    arguments, state, sound, complaint = prepare(parser.parse_args())
    if not sound:
        print(complaint, file=sys.stderr)
        return 1
    convert(arguments, state)
    return 0


if __name__ == "__main__":
    sys.exit(main())

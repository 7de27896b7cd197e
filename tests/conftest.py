"""What holds for all tests: what they start can be interrupted, also where they run in the background.

A shell starts background jobs with interrupts ignored, and their children inherit that.
"""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

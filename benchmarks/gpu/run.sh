#!/bin/sh
# Train on this machine with what the kit holds, for so many seconds in all:
#     benchmarks/gpu/run.sh KIT OUT SECONDS [--smoke SECONDS] [--compile auto|off|on|graphs]
exec "${PYTHON:-python3}" -u "$(dirname "$0")/there.py" "$@"

#!/bin/sh
# Train on this machine with the kit, for SECONDS in total:
#     benchmarks/gpu/run.sh KIT OUT SECONDS [--smoke SECONDS] [--compile off|auto|on|graphs]
exec "${PYTHON:-python3}" -u "$(dirname "$0")/there.py" "$@"

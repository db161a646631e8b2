#!/bin/sh
# Runs inside: sorts a file that is larger than the memory it gives to sort, so that it merges from disk.
set -eu
cd "$HOME"
seq 1 1000000 | rev >shuffled
sort -n -S 4M --parallel=2 -T "$HOME" shuffled >sorted
echo "$(wc -l <sorted) lines from $(head -n 1 sorted) to $(tail -n 1 sorted)"
sort -nc sorted

#!/bin/sh
# Draws docs/picture.svg: a terminal in which the commands below were really run, by the ./redoubt beside this directory.
# usage, as root: docs/picture.sh > docs/picture.svg
set -eu
home=$(cd -- "${0%/*}/.." && pwd -P)

transcript() {
	while IFS= read -r line; do
		printf '$ %s\n' "$line"
		(cd "$home" && sh -c "$line" 2>&1 </dev/null) || :
	done <<'COMMANDS'
./redoubt run -- sh -c 'id; echo hello'
./redoubt run --image base -- python3 -c 'print(sum(range(10**6)))'
./redoubt run -- sh -c 'cat /proc/kallsyms | wc -c; mount -t tmpfs x /mnt; kill -9 1; dmesg'
./redoubt run --memory 64M -- sh -c 'tail /dev/zero'; echo "exit code $?"
./redoubt run --timeout 1s -- sleep 1000; echo "exit code $?"
./redoubt escape-test | tail -n 1
COMMANDS
}

transcript | awk '
	{
		gsub(/&/, "\\&amp;"); gsub(/</, "\\&lt;"); gsub(/>/, "\\&gt;")
		line[NR] = $0
		if (length($0) > widest) widest = length($0)
	}
	END {
		width = widest * 8.4 + 40; height = NR * 20 + 36
		printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" role=\"img\">\n", width, height
		print "<title>Commands run in sandboxes, and what came of them</title>"
		print "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#14181f\"/>"
		print "<g font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"14\" xml:space=\"preserve\">"
		for (i = 1; i <= NR; i++)
			printf "<text x=\"20\" y=\"%d\" fill=\"%s\">%s</text>\n", i * 20 + 12, \
				line[i] ~ /^\$ / ? "#8fd3ff" : "#d7dde5", line[i]
		print "</g>"
		print "</svg>"
	}'

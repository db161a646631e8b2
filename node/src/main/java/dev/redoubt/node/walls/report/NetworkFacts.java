package dev.redoubt.node.walls.report;

import dev.redoubt.linux.LinuxFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a network namespace has, as /proc/PID/net shows it.
 *
 * @param addresses local ones; of IPv6 as 32 hexadecimal digits
 * @param routes interfaces that the main table of IPv4 and the tables of IPv6 lead to
 */
record NetworkFacts(SortedSet<String> interfaces, SortedSet<String> addresses, SortedSet<String> routes) {
    private static final int ROUTE6_INTERFACE = 9;

    static NetworkFacts of(int pid) {
        String net = "/proc/" + pid + "/net/";
        SortedSet<String> addresses = new TreeSet<>(ipv4(LinuxFiles.text(net + "fib_trie")));
        rows(LinuxFiles.text(net + "if_inet6")).forEach(row -> addresses.add(row[0]));
        SortedSet<String> routes = new TreeSet<>();
        rows(LinuxFiles.text(net + "route")).stream().skip(1).forEach(row -> routes.add(row[0]));
        rows(LinuxFiles.text(net + "ipv6_route")).forEach(row -> routes.add(row[ROUTE6_INTERFACE]));
        return new NetworkFacts(interfaces(LinuxFiles.text(net + "dev")), addresses, routes);
    }

    private static SortedSet<String> interfaces(String dev) {
        SortedSet<String> names = new TreeSet<>();
        dev.lines()
                .skip(2)
                .forEach(line ->
                        names.add(line.substring(0, line.lastIndexOf(':')).strip()));
        return names;
    }

    /** In net/ipv4/fib_trie.c's picture of the tables an address stands on a line before its kind. */
    private static List<String> ipv4(String trie) {
        List<String> addresses = new ArrayList<>();
        String latest = "";
        for (String line : trie.lines().map(String::strip).toList()) {
            if (line.startsWith("|-- ")) {
                latest = line.substring(4);
            } else if (line.startsWith("/32 host LOCAL")) {
                addresses.add(latest);
            }
        }
        return addresses;
    }

    private static List<String[]> rows(String text) {
        return text.lines().map(line -> line.strip().split("\\s+", -1)).toList();
    }
}

package dev.redoubt.node.walls.report;

import java.util.Map;

/** Resource limits by number (asm-generic/resource.h) and by their names in /proc/PID/limits (fs/proc/base.c). */
final class Rlimits {
    private static final Map<Integer, String> NAMES = Map.ofEntries(
            Map.entry(0, "Max cpu time"),
            Map.entry(1, "Max file size"),
            Map.entry(2, "Max data size"),
            Map.entry(3, "Max stack size"),
            Map.entry(4, "Max core file size"),
            Map.entry(5, "Max resident set"),
            Map.entry(6, "Max processes"),
            Map.entry(7, "Max open files"),
            Map.entry(8, "Max locked memory"),
            Map.entry(9, "Max address space"),
            Map.entry(10, "Max file locks"),
            Map.entry(11, "Max pending signals"),
            Map.entry(12, "Max msgqueue size"),
            Map.entry(13, "Max nice priority"),
            Map.entry(14, "Max realtime priority"),
            Map.entry(15, "Max realtime timeout"));

    private Rlimits() {}

    static String name(int resource) {
        return NAMES.getOrDefault(resource, "limit " + resource);
    }
}

package dev.redoubt.node.walls;

import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.Size;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Files of proc(5) as a machine of the sandbox's size would show them when nothing has run yet.
 *
 * <p>Formats are the kernel's to the character: procps, glibc, language runtimes and monitoring read them with scanf.
 * What the sandbox itself uses stands in its cgroup and is asked of the node; here stand its limits.
 */
final class ProcFiles {
    private static final long PAGE = 4096;

    private static final List<String> MEMINFO = words("""
            MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive Active(anon) Inactive(anon)
            Active(file) Inactive(file) Unevictable Mlocked SwapTotal SwapFree Zswap Zswapped Dirty Writeback AnonPages
            Mapped Shmem KReclaimable Slab SReclaimable SUnreclaim KernelStack PageTables SecPageTables NFS_Unstable
            Bounce WritebackTmp CommitLimit Committed_AS VmallocTotal VmallocUsed VmallocChunk Percpu AnonHugePages
            ShmemHugePages ShmemPmdMapped FileHugePages FilePmdMapped HugePages_Total HugePages_Free HugePages_Rsvd
            HugePages_Surp Hugepagesize Hugetlb""");

    private static final Set<String> ALL_OF_IT = Set.of("MemTotal", "MemFree", "MemAvailable", "CommitLimit");
    private static final Map<String, Long> MEMINFO_CONSTANTS =
            Map.of("VmallocTotal", 34359738367L, "Hugepagesize", 2048L);

    private static final String VMSTAT_ZEROS =
            words("""
            nr_inactive_anon nr_active_anon nr_inactive_file nr_active_file nr_unevictable nr_mlock nr_anon_pages
            nr_mapped nr_file_pages nr_dirty nr_writeback nr_shmem nr_slab_reclaimable nr_slab_unreclaimable
            nr_page_table_pages nr_kernel_stack nr_dirtied nr_written pgpgin pgpgout pswpin pswpout pgalloc_dma
            pgalloc_dma32 pgalloc_normal pgalloc_movable pgfree pgactivate pgdeactivate pgfault pgmajfault pgrefill
            pgreuse pgsteal_kswapd pgsteal_direct pgscan_kswapd pgscan_direct oom_kill compact_stall thp_fault_alloc""").stream().map(name -> name + " 0\n").collect(Collectors.joining());

    private ProcFiles() {}

    private static List<String> words(String text) {
        return List.of(text.strip().split("\\s+", -1));
    }

    /** As many whole processors as the limit touches, at most those of the host. */
    static int processors(Cpus limit, List<String> hostProcessors) {
        int wanted = Math.ceilDiv(limit.millis(), 1000);
        return Math.min(wanted, hostProcessors.size());
    }

    /** fs/proc/meminfo.c. All memory free: swap is no part of the limit, so there is none. */
    static String meminfo(Size limit) {
        long total = limit.bytes() / 1024;
        StringBuilder out = new StringBuilder(2048);
        for (String name : MEMINFO) {
            long value = ALL_OF_IT.contains(name) ? total : MEMINFO_CONSTANTS.getOrDefault(name, 0L);
            String number = Long.toString(value);
            out.append(name).append(':').append(" ".repeat(15 - name.length()));
            out.append(" ".repeat(Math.max(0, 8 - number.length()))).append(number);
            out.append(name.startsWith("HugePages_") ? "\n" : " kB\n");
        }
        return out.toString();
    }

    /** The counters that vmstat(8), psutil and the kernel's own documentation name; mm/vmstat.c. */
    static String vmstat(Size limit) {
        return "nr_free_pages " + limit.bytes() / PAGE + "\n" + VMSTAT_ZEROS;
    }

    /**
     * The host's first processor as often as wanted: its model and flags are no secret (the CPUID instruction tells
     * them), how many there are and which of them are busy is.
     *
     * @param hostProcessor the first paragraph of the host's file
     */
    static String cpuinfo(int processors, String hostProcessor) {
        StringBuilder out = new StringBuilder(processors * (hostProcessor.length() + 16));
        for (int number = 0; number < processors; number++) {
            Map<String, Integer> ours = Map.of(
                    "processor", number,
                    "physical id", 0,
                    "siblings", processors,
                    "core id", number,
                    "cpu cores", processors,
                    "apicid", number,
                    "initial apicid", number);
            hostProcessor.lines().forEach(line -> cpuinfoLine(out, line, ours));
            out.append('\n');
        }
        return out.toString();
    }

    private static void cpuinfoLine(StringBuilder out, String line, Map<String, Integer> ours) {
        int colon = line.indexOf(':');
        Integer value = colon < 0 ? null : ours.get(line.substring(0, colon).strip());
        if (value == null) {
            out.append(line).append('\n');
        } else {
            out.append(line, 0, colon).append(": ").append(value).append('\n');
        }
    }

    /** fs/proc/stat.c. The boot time is the host's: start times of processes count from it. */
    static String stat(int processors, Instant bootTime) {
        StringBuilder out = new StringBuilder("cpu  0 0 0 0 0 0 0 0 0 0\n");
        for (int number = 0; number < processors; number++) {
            out.append("cpu").append(number).append(" 0 0 0 0 0 0 0 0 0 0\n");
        }
        out.append("intr 0\n");
        out.append("ctxt 0\n");
        out.append("btime ").append(bootTime.getEpochSecond()).append('\n');
        out.append("processes 0\n");
        out.append("procs_running 1\n");
        out.append("procs_blocked 0\n");
        out.append("softirq 0 0 0 0 0 0 0 0 0 0 0\n");
        return out.toString();
    }

    static String loadavg() {
        return "0.00 0.00 0.00 1/1 1\n";
    }

    /** The time when the sandbox was made; it stands still. The time that goes on is clock_gettime(CLOCK_BOOTTIME). */
    static String uptime(Duration sinceBoot) {
        int hundredths = sinceBoot.toMillisPart() / 10;
        return sinceBoot.toSeconds() + (hundredths < 10 ? ".0" : ".") + hundredths + " 0.00\n";
    }

    /** What a sandbox has mounted. */
    static String filesystems() {
        return "nodev\ttmpfs\nnodev\tproc\nnodev\tdevpts\nnodev\toverlay\n";
    }

    /** A machine without swap. */
    static String swaps() {
        return "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
    }
}

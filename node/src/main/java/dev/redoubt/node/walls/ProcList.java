package dev.redoubt.node.walls;

import static dev.redoubt.node.walls.ProcEntry.Treatment.EMPTY;
import static dev.redoubt.node.walls.ProcEntry.Treatment.NULL;
import static dev.redoubt.node.walls.ProcEntry.Treatment.READ_ONLY;
import static dev.redoubt.node.walls.ProcEntry.Treatment.SYNTHESISED;
import static dev.redoubt.node.walls.ProcEntry.Treatment.VISIBLE;

import dev.redoubt.node.walls.ProcEntry.Treatment;
import java.util.List;
import java.util.stream.Stream;

/**
 * Every name of /proc that a kernel we know can have, but the processes' own directories: what is done and why.
 *
 * <p>proc(5) mixes views of a program's own namespaces with counters of the whole machine. A counter of the machine is
 * a trace of the neighbours: who reads it twice learns what they did meanwhile. A name marked with ? belongs to an
 * option that not every kernel has. A name that is not in the list is covered too ({@link ProcWalls}).
 */
final class ProcList {
    private ProcList() {}

    static final List<ProcEntry> ENTRIES = Stream.of(
                    entries(VISIBLE, "a link to the reader's own directory", "self thread-self mounts net"),
                    entries(VISIBLE, "the same words uname(2) says", "version version_signature?"),
                    entries(VISIBLE, "one constant line", "execdomains"),
                    entries(VISIBLE, "objects of the sandbox's own IPC namespace", "sysvipc?"),
                    entries(SYNTHESISED, "memory: the limit, not the machine", "meminfo vmstat"),
                    entries(SYNTHESISED, "processors: as many as the limit; their frequency follows load", "cpuinfo"),
                    entries(SYNTHESISED, "ticks, interrupts and forks of the machine", "stat"),
                    entries(SYNTHESISED, "load, threads and last pid of the machine", "loadavg"),
                    entries(SYNTHESISED, "its second number is how idle the machine has been, in 10 ms", "uptime"),
                    entries(SYNTHESISED, "file systems as modules of the host come and go", "filesystems"),
                    entries(SYNTHESISED, "the host's swap and how full it is", "swaps?"),
                    entries(NULL, "disks of the host and what goes over them", "diskstats? partitions? mdstat? drbd?"),
                    entries(NULL, "memory of the whole machine by zone, use and page", """
                            buddyinfo pagetypeinfo zoneinfo slabinfo? vmallocinfo allocinfo? kpagecgroup? kpagecount?
                            kpageflags?"""),
                    entries(NULL, "the machine's memory itself", "kcore? vmcore?"),
                    entries(NULL, "scheduling and waiting of everybody's processes", """
                            schedstat? sched_debug? latency_stats? timer_list? timer_stats? profile?"""),
                    entries(NULL, "interrupts count packets, disk requests and timers of everybody", """
                            interrupts softirqs"""),
                    entries(EMPTY, "how long everybody waits for processor, memory and disk", "pressure?"),
                    entries(EMPTY, "interrupts by number, with their handlers and counts", "irq?"),
                    entries(NULL, "the number of cgroups is the number of neighbours", "cgroups?"),
                    entries(NULL, "users of algorithms, counted: encrypted disks and tunnels of the host", "crypto?"),
                    entries(NULL, "file locks by device and inode number of the host", "locks?"),
                    entries(NULL, "key rings are counted by host user", "keys? key-users?"),
                    entries(NULL, "addresses and code of the kernel, for whoever attacks it", """
                            kallsyms? modules? config.gz? iomem ioports"""),
                    entries(NULL, "the host's log", "kmsg?"),
                    entries(NULL, "how the host was booted", "cmdline bootconfig?"),
                    entries(NULL, "hardware and drivers of the host", """
                            devices misc? dma? consoles fb? mtrr? apm? i8k?"""),
                    entries(EMPTY, "hardware and drivers of the host", """
                            acpi? asound? bus? device-tree? driver? dynamic_debug? ide? megaraid? mpt? scsi? tty? xen?
                            sgi_uv? spl?"""),
                    entries(EMPTY, "file systems of the host by device, with counters", "fs?"),
                    entries(READ_ONLY, "one letter written here reboots the machine", "sysrq-trigger?"),
                    entries(READ_ONLY, "settings of the kernel; programs read many of them", "sys"),
                    // Below /proc/sys, and therefore after it
                    entries(EMPTY, "hardware and drivers of the host", "sys/dev?"),
                    entries(EMPTY, "quotas of the host's file systems, counted", "sys/fs/quota?"),
                    entries(NULL, "open files, inodes and names of the machine, counted", """
                            sys/fs/file-nr sys/fs/inode-nr sys/fs/inode-state sys/fs/dentry-state sys/fs/aio-nr?"""),
                    entries(NULL, "terminals of the machine, counted", "sys/kernel/pty/nr?"),
                    entries(NULL, "the host's faults", "sys/kernel/tainted"),
                    entries(SYNTHESISED, "the same in every sandbox of a host: who reads it knows where he is", """
                            sys/kernel/random/boot_id"""))
            .flatMap(List::stream)
            .toList();

    private static List<ProcEntry> entries(Treatment treatment, String reason, String names) {
        return Stream.of(names.strip().split("\\s+", -1))
                .map(name -> name.endsWith("?")
                        ? new ProcEntry(name.substring(0, name.length() - 1), treatment, true, reason)
                        : new ProcEntry(name, treatment, false, reason))
                .toList();
    }
}

package dev.redoubt.node.walls.report;

import dev.redoubt.linux.Errno;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.PidNamespace;
import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.node.ranges.IdRange;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * All processes of a sandbox at one moment, those that are alike together.
 *
 * <p>Of a sandbox is what its pid namespace has, wherever it was moved, and what is in its control group, whoever put it there.
 */
final class ProcessTable {
    /** Each takes some 50 microseconds; more are counted and not looked at. */
    static final int MOST = 4096;

    private static final int MOST_NAMED = 8;

    private final ProcessFacts guest;
    private final Map<ProcessFacts, List<String>> alike = new LinkedHashMap<>();
    private final SortedMap<String, String> unread = new TreeMap<>();
    private int count = 1;

    private ProcessTable(ProcessFacts guest) {
        this.guest = guest;
    }

    static ProcessTable of(int guest, PidNamespace namespace, IdRange ids, SandboxCgroup group) {
        ProcessFacts.Texts texts = new ProcessFacts.Texts(group);
        ProcessTable table = new ProcessTable(ProcessFacts.of(guest, ids, texts));
        SortedMap<Integer, String> processes = new TreeMap<>();
        group.members().forEach(pid -> processes.put(pid, "process " + pid + " of the host"));
        numbersInside(guest)
                .forEach(inside ->
                        namespace.outside(inside).ifPresent(pid -> processes.put(pid, Integer.toString(inside))));
        table.addAll(processes, guest, ids, texts);
        return table;
    }

    /** Of all that is in a control group, by our numbers: whose own /proc, if there is one, is not asked. */
    static ProcessTable ofGroup(int first, IdRange ids, SandboxCgroup group) {
        ProcessFacts.Texts texts = new ProcessFacts.Texts(group);
        ProcessTable table = new ProcessTable(ProcessFacts.of(first, ids, texts));
        SortedMap<Integer, String> processes = new TreeMap<>();
        group.members().forEach(pid -> processes.put(pid, Integer.toString(pid)));
        table.addAll(processes, first, ids, texts);
        return table;
    }

    private void addAll(SortedMap<Integer, String> processes, int first, IdRange ids, ProcessFacts.Texts texts) {
        processes.remove(first);
        int left = MOST;
        for (Map.Entry<Integer, String> process : processes.entrySet()) {
            if (left-- == 0) {
                unread.put("sandbox", "more than " + MOST + " processes, " + processes.size() + " in all");
                break;
            }
            add(process.getKey(), process.getValue(), ids, texts);
        }
    }

    private void add(int pid, String name, IdRange ids, ProcessFacts.Texts texts) {
        try {
            alike.computeIfAbsent(ProcessFacts.of(pid, ids, texts), _ -> new ArrayList<>())
                    .add(name);
            count++;
        } catch (ProcessFacts.EndedException ended) {
            return;
        } catch (LinuxException why) {
            if (!hasEnded(why)) {
                unread.put(name, String.valueOf(why.getMessage()));
            }
        } catch (IllegalArgumentException malformed) {
            unread.put(name, String.valueOf(malformed.getMessage()));
        }
    }

    /** A process that is just ending has no namespaces any more (ENOENT); it comes back from no call and runs no program. */
    private static boolean hasEnded(LinuxException why) {
        return why.errno() == Errno.ESRCH || why.errno() == Errno.ENOENT;
    }

    /** The sandbox's own /proc lists its own pid namespace, however many processes the host has. */
    private static List<Integer> numbersInside(int guest) {
        List<Integer> numbers = new ArrayList<>();
        Path proc = Path.of("/proc/" + guest + "/root/proc");
        try (DirectoryStream<Path> names = Files.newDirectoryStream(
                proc, name -> isNumber(name.getFileName().toString()))) {
            names.forEach(name -> numbers.add(Integer.valueOf(name.getFileName().toString())));
        } catch (NoSuchFileException none) {
            return numbers; // ended, or without its /proc: mounts tell
        } catch (DirectoryIteratorException broken) {
            throw new UncheckedIOException(broken.getCause());
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
        return numbers;
    }

    private static boolean isNumber(String name) {
        return name.length() < 10 && name.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    ProcessFacts guest() {
        return guest;
    }

    /** Processes but the first, by what they are like; the name of each group are their numbers inside. */
    Map<ProcessFacts, String> groups() {
        Map<ProcessFacts, String> groups = new LinkedHashMap<>();
        alike.forEach((facts, names) -> groups.put(facts, named(names)));
        return groups;
    }

    private static String named(List<String> names) {
        String first = names.stream().limit(MOST_NAMED).collect(Collectors.joining(" "));
        int more = names.size() - MOST_NAMED;
        return (names.size() == 1 ? "process " : "processes ") + first + (more > 0 ? " and " + more + " more" : "");
    }

    /** Those that could not be read, with the reason. */
    Map<String, String> unread() {
        return unread;
    }

    int count() {
        return count;
    }
}

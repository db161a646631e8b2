package dev.redoubt.node.seccomp;

import dev.redoubt.policy.calls.CallNumbers;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Calls as one would write them, from their registers and what was read of their strings. */
final class CallWords {
    private static final int MOST_SHOWN = 80;

    /** What an argument is. */
    private enum Kind {
        TEXT,
        NUMBER,
        HEX,
        OCTAL,
        POINTER,
        DIRECTORY,
        NAMESPACES,
        FAMILY,
        REQUEST
    }

    /**
     * The arguments of the calls that are asked about, as their manual pages have them: s a string, d a number, x flags,
     * o a mode, p a pointer to something else, f a directory's descriptor, n flags of namespaces, a an address family, r a
     * request of ptrace.
     */
    private static final String TABLE = """
            mount sssxp|umount2 sx|pivot_root ss|chroot s|fsopen sx|fsconfig ddspd|fsmount dxx|fspick fsx|open_tree fsx
            open_tree_attr fsxpd|move_mount fsfsx|mount_setattr fsxpd|quotactl xsdp|quotactl_fd dxdp
            mknod sox|mknodat fsox|name_to_handle_at fsppx|open_by_handle_at dpx|fanotify_init xx
            fanotify_mark dxxfs|file_setattr fspdx
            clone npppp|unshare n|setns dn|prlimit64 ddpp|personality x|seccomp dxp
            ptrace rdpp|process_vm_readv dpdpdx|process_vm_writev dpdpdx|pidfd_getfd ddx|kcmp dddxx
            perf_event_open pdddx|bpf dpd|userfaultfd x
            add_key sspdd|request_key sssd|keyctl dxxxx
            mbind pddpdx|set_mempolicy dpd|set_mempolicy_home_node pddx|migrate_pages ddpp|move_pages ddpppx
            socket axd|socketpair axdp
            shmget xdx|semget xdx|msgget xx|mq_open sxop|adjtimex p|clock_adjtime dp
            settimeofday pp|clock_settime dp|syslog dpd|sync -
            reboot xxxp|kexec_load xdpx|kexec_file_load dddsx|init_module pds|finit_module dsx|delete_module sx
            swapon sx|swapoff s|acct s|sethostname pd|setdomainname pd|iopl d|ioperm xdd|vhangup -
            sysinfo p|open sxo|creat so|openat fsxo|openat2 fspd|landlock_create_ruleset pdx""";

    private static final Map<Integer, List<Kind>> SIGNATURES = parse();

    private static final Map<Integer, String> REQUESTS = Map.of(
            0, "PTRACE_TRACEME",
            16, "PTRACE_ATTACH",
            0x4206, "PTRACE_SEIZE");

    private static final Map<Integer, String> FAMILIES = Map.ofEntries(
            Map.entry(1, "AF_UNIX"),
            Map.entry(2, "AF_INET"),
            Map.entry(10, "AF_INET6"),
            Map.entry(16, "AF_NETLINK"),
            Map.entry(17, "AF_PACKET"),
            Map.entry(29, "AF_CAN"),
            Map.entry(31, "AF_BLUETOOTH"),
            Map.entry(38, "AF_ALG"),
            Map.entry(40, "AF_VSOCK"),
            Map.entry(44, "AF_XDP"));

    private enum NewNamespace {
        CLONE_NEWTIME(0x80),
        CLONE_NEWNS(0x20000),
        CLONE_NEWCGROUP(0x2000000),
        CLONE_NEWUTS(0x4000000),
        CLONE_NEWIPC(0x8000000),
        CLONE_NEWUSER(0x10000000),
        CLONE_NEWPID(0x20000000),
        CLONE_NEWNET(0x40000000);

        private final int bit;

        NewNamespace(int bit) {
            this.bit = bit;
        }
    }

    private CallWords() {}

    /** Whether some argument is a string, so that reading memory would tell more. */
    static boolean hasTexts(int number) {
        return signature(number).contains(Kind.TEXT);
    }

    /** Whether an argument is a string. */
    static boolean isText(int number, int argument) {
        List<Kind> signature = signature(number);
        return argument < signature.size() && signature.get(argument) == Kind.TEXT;
    }

    /**
     * The call in printable ASCII.
     *
     * @param texts by argument what was read of the strings; shorter, or without an entry, where nothing was
     */
    static String of(int number, long[] arguments, List<? extends CallText> texts) {
        String name = CallNumbers.names().getOrDefault(number, "call " + number);
        if (!SIGNATURES.containsKey(number)) {
            return name + "(...)"; // asked about because a profile says so
        }
        StringBuilder words = new StringBuilder(name).append('(');
        List<Kind> signature = signature(number);
        for (int i = 0; i < signature.size(); i++) {
            words.append(i == 0 ? "" : ", ");
            words.append(word(signature.get(i), arguments[i], text(texts, i)));
        }
        return words.append(')').toString();
    }

    private static @Nullable CallText text(List<? extends CallText> texts, int argument) {
        for (CallText text : texts) {
            if (text.argument() == argument) {
                return text;
            }
        }
        return null;
    }

    private static List<Kind> signature(int number) {
        return SIGNATURES.getOrDefault(number, List.of());
    }

    private static String word(Kind kind, long value, @Nullable CallText text) {
        return switch (kind) {
            case TEXT -> value == 0 ? "NULL" : text == null ? "..." : quoted(text);
            case POINTER -> value == 0 ? "NULL" : "...";
            case NUMBER -> Integer.toString((int) value);
            case OCTAL -> "0" + Integer.toOctalString((int) value);
            case HEX -> hex((int) value);
            case DIRECTORY -> (int) value == -100 ? "AT_FDCWD" : Integer.toString((int) value);
            case NAMESPACES -> namespaces((int) value);
            case FAMILY -> FAMILIES.getOrDefault((int) value, Integer.toString((int) value));
            case REQUEST -> REQUESTS.getOrDefault((int) value, hex((int) value));
        };
    }

    private static String hex(int value) {
        return value == 0 ? "0" : "0x" + Integer.toHexString(value);
    }

    private static String namespaces(int flags) {
        StringBuilder words = new StringBuilder();
        int left = flags;
        for (NewNamespace one : NewNamespace.values()) {
            if ((flags & one.bit) != 0) {
                words.append(words.isEmpty() ? "" : "|").append(one.name());
                left &= ~one.bit;
            }
        }
        return left == 0 && flags != 0 ? words.toString() : words.append(words.isEmpty() ? "" : "|") + hex(left);
    }

    /** Terminals obey some bytes, and logs are read by line: all but printable ASCII is escaped. */
    private static String quoted(CallText text) {
        return switch (text) {
            case CallText.Unreadable(int _) -> "bad address";
            case CallText.Read(int _, byte[] bytes, boolean ended) -> {
                StringBuilder out = new StringBuilder("\"");
                for (int i = 0; i < Math.min(bytes.length, MOST_SHOWN); i++) {
                    out.append(escaped(bytes[i]));
                }
                yield out.append(ended && bytes.length <= MOST_SHOWN ? "\"" : "\"...")
                        .toString();
            }
        };
    }

    private static String escaped(byte value) {
        return switch (value) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\t' -> "\\t";
            default -> value >= ' ' && value < 127 ? String.valueOf((char) value) : String.format("\\x%02x", value);
        };
    }

    private static Map<Integer, List<Kind>> parse() {
        Map<Integer, List<Kind>> signatures = new HashMap<>();
        for (String entry : TABLE.strip().split("[|\n]", -1)) {
            String[] words = entry.split(" ", -1);
            signatures.put(
                    CallNumbers.of(words[0]),
                    words[1].chars()
                            .filter(c -> c != '-')
                            .mapToObj(CallWords::kind)
                            .toList());
        }
        return signatures;
    }

    private static Kind kind(int letter) {
        return switch (letter) {
            case 's' -> Kind.TEXT;
            case 'd' -> Kind.NUMBER;
            case 'x' -> Kind.HEX;
            case 'o' -> Kind.OCTAL;
            case 'p' -> Kind.POINTER;
            case 'f' -> Kind.DIRECTORY;
            case 'n' -> Kind.NAMESPACES;
            case 'a' -> Kind.FAMILY;
            case 'r' -> Kind.REQUEST;
            default -> throw new IllegalArgumentException("no kind of argument: " + (char) letter);
        };
    }
}

package dev.redoubt.app;

import dev.redoubt.app.RunOptions.Mount;
import dev.redoubt.app.RunOptions.Variable;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.Labels;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Resources;
import dev.redoubt.protocol.Size;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** The main job: a command in a fresh sandbox, which is removed when it ends. */
@Command(
        name = "run",
        description = "Run a command in a fresh sandbox and remove it.",
        customSynopsis = "redoubt run [OPTION]... -- COMMAND [ARGUMENT]...",
        footer = {
            "",
            "Standard input, output and error are the command's. Exit code: the command's own; 128+N when signal N "
                    + "ended it; 124 time or idle limit; 125 Redoubt's own failure, wrong usage included; 126 not "
                    + "executable; 127 not found."
        })
final class RunCommand implements Callable<Integer> {
    private static final String BUSYBOX = "busybox";
    private static final String DEFAULT = "default";
    private static final int MOST_CPUS = 4096;
    private static final int MOST_PIDS = 4_194_304; // PID_MAX_LIMIT of linux/threads.h

    @Option(
            names = "--image",
            paramLabel = "IMAGE",
            defaultValue = BUSYBOX,
            description = "Root file system (default: ${DEFAULT-VALUE}).")
    private String image = BUSYBOX;

    @Option(
            names = "--runtime",
            paramLabel = "CLASS",
            description =
                    "Runtime class: container or gvisor (default: the profile's, container first); microvm and wasm "
                            + "are not built yet.")
    private @Nullable String runtime;

    @Option(
            names = "--driver",
            paramLabel = "DRIVER",
            description =
                    "What builds the sandbox: native, crun or gvisor (default: native, or what the runtime class needs).")
    private @Nullable String driver;

    @Option(
            names = "--profile",
            paramLabel = "NAME|FILE",
            defaultValue = DEFAULT,
            description = "What the walls let through: a built-in profile or a YAML file (default: ${DEFAULT-VALUE}).")
    private String profile = DEFAULT;

    @Option(
            names = "--accept-shared-kernel",
            description = "Run a profile that needs a kernel of its own on this machine's kernel all the same.")
    private boolean acceptSharedKernel;

    @Option(
            names = "--network",
            paramLabel = "MODE",
            description = "none or localhost (default: the profile's); egress, internet and block are not built yet.")
    private @Nullable String network;

    @Option(
            names = "--allow",
            paramLabel = "HOST[:PORT]",
            description = "Let traffic out to this host; implies --network egress. Not built yet.")
    private List<String> allow = List.of();

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = Sizes.class,
            description = "Memory, swap included (default: the profile's, or 512M).")
    private @Nullable Long memory;

    @Option(
            names = "--cpus",
            paramLabel = "N",
            converter = Cpus.class,
            description = "Processors, as 1.5 (default: the profile's, or 1).")
    private @Nullable Integer cpus;

    @Option(
            names = "--pids",
            paramLabel = "N",
            converter = Pids.class,
            description = "Processes and threads (default: the profile's, or 256).")
    private @Nullable Integer pids;

    @Option(
            names = "--disk",
            paramLabel = "SIZE",
            converter = Sizes.class,
            description = "What it may write to disk (default: the profile's, or 1G).")
    private @Nullable Long disk;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "End it after this time (default: the profile's, or none).")
    private @Nullable Duration timeout;

    @Option(
            names = "--idle",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "End it after this time without a byte on its streams (default: the profile's, or none).")
    private @Nullable Duration idle;

    @Option(
            names = "--io",
            paramLabel = "SIZE",
            converter = Sizes.class,
            description = "Bytes per second to and from disk, each (default: the profile's, or none).")
    private @Nullable Long io;

    @Option(
            names = "--bandwidth",
            paramLabel = "SIZE",
            converter = Sizes.class,
            description = "Bytes per second of network. Not built yet.")
    private @Nullable Long bandwidth;

    @Option(
            names = "--env",
            paramLabel = "NAME=VALUE",
            converter = Variables.class,
            description = "Set a variable; repeatable.")
    private List<Variable> environment = List.of();

    @Option(
            names = "--workdir",
            paramLabel = "DIR",
            converter = AbsolutePath.class,
            description = "Working directory inside (default: the image's, or the user's home).")
    private @Nullable String workdir;

    @Option(
            names = "--user",
            paramLabel = "USER",
            description = "Name, uid or uid:gid inside (default: the image's, or user).")
    private @Nullable String user;

    @Option(
            names = "--mount",
            paramLabel = "SRC:DST[:ro]",
            converter = Mounts.class,
            description = "Show a directory of this machine inside, nosuid and nodev; repeatable. Root only.")
    private List<Mount> mounts = List.of();

    @Option(names = "--read-only", description = "Make the root file system read-only.")
    private boolean readOnly;

    @Option(
            names = "--explain",
            description = "When the command has ended, say which system calls were refused and why.")
    private boolean explain;

    @Option(
            names = "--walls",
            description = "Before the command begins, say on standard error what the kernel holds it with.")
    private boolean walls;

    @Option(
            names = "--label",
            paramLabel = "NAME=VALUE",
            description = "Note on the sandbox, for sandbox ls; repeatable.")
    private Map<String, String> labels = new LinkedHashMap<>();

    @Option(
            names = "--secret",
            paramLabel = "NAME[=ENV]",
            description = "Hand in a secret of the vault. Not built yet.")
    private List<String> secrets = List.of();

    @Option(names = "--remote", description = "Run through the service as the one logged in. Not built yet.")
    private boolean remote;

    @Parameters(
            arity = "1..*",
            paramLabel = "COMMAND",
            description = "The command and its arguments, passed on byte by byte.")
    private List<String> command = List.of();

    /**
     * Sets what an option means, as picocli does where the line has nothing unusual.
     *
     * @return whether there is such an option
     * @throws TypeConversionException when the value is none
     */
    boolean take(String option, String value) {
        switch (option) {
            case "--image" -> image = value;
            case "--runtime" -> runtime = value;
            case "--driver" -> driver = value;
            case "--profile" -> profile = value;
            case "--network" -> network = value;
            case "--allow" -> allow = with(allow, value);
            case "--memory" -> memory = new Sizes().convert(value);
            case "--cpus" -> cpus = new Cpus().convert(value);
            case "--pids" -> pids = new Pids().convert(value);
            case "--disk" -> disk = new Sizes().convert(value);
            case "--timeout" -> timeout = new Durations().convert(value);
            case "--idle" -> idle = new Durations().convert(value);
            case "--io" -> io = new Sizes().convert(value);
            case "--bandwidth" -> bandwidth = new Sizes().convert(value);
            case "--env" -> environment = with(environment, new Variables().convert(value));
            case "--workdir" -> workdir = new AbsolutePath().convert(value);
            case "--user" -> user = value;
            case "--mount" -> mounts = with(mounts, new Mounts().convert(value));
            case "--secret" -> secrets = with(secrets, value);
            default -> {
                return false;
            }
        }
        return true;
    }

    /** The same for an option without a value. */
    boolean take(String option) {
        switch (option) {
            case "--accept-shared-kernel" -> acceptSharedKernel = true;
            case "--read-only" -> readOnly = true;
            case "--explain" -> explain = true;
            case "--walls" -> walls = true;
            case "--remote" -> remote = true;
            default -> {
                return false;
            }
        }
        return true;
    }

    void take(List<String> words) {
        command = words;
    }

    private static <T> List<T> with(List<T> list, T one) {
        List<T> more = new ArrayList<>(list);
        more.add(one);
        return List.copyOf(more);
    }

    @Override
    public Integer call() {
        refuseWhatIsNotBuilt();
        return LocalRun.run(options());
    }

    RunOptions options() {
        return new RunOptions(
                image,
                profile,
                acceptSharedKernel,
                resources(),
                Optional.ofNullable(network).flatMap(NetworkMode::parse),
                environment,
                Optional.ofNullable(workdir),
                Optional.ofNullable(user),
                mounts,
                readOnly,
                explain,
                walls,
                Drivers.asked(driver, runtime),
                labels(),
                command);
    }

    private Labels labels() {
        if (labels.isEmpty()) {
            return Labels.NONE;
        }
        try {
            return new Labels(labels);
        } catch (IllegalArgumentException wrong) {
            throw new Refusal(Refusal.Code.VALIDATION_ERROR, String.valueOf(wrong.getMessage()));
        }
    }

    /** What was asked here; what was not is the profile's. */
    private Resources resources() {
        try {
            return new Resources(
                    Optional.ofNullable(memory).map(Size::new),
                    Optional.ofNullable(cpus).map(dev.redoubt.protocol.Cpus::new),
                    pids == null ? OptionalInt.empty() : OptionalInt.of(pids),
                    Optional.ofNullable(disk).map(Size::new),
                    OptionalLong.empty(),
                    io == null ? IoLimits.NONE : IoLimits.bytesPerSecond(new Size(io)),
                    Optional.ofNullable(timeout),
                    Optional.ofNullable(idle));
        } catch (IllegalArgumentException wrong) {
            throw new Refusal(Refusal.Code.VALIDATION_ERROR, String.valueOf(wrong.getMessage()));
        }
    }

    /** A wish that cannot be met is refused, never met by something else. */
    void refuseWhatIsNotBuilt() {
        Drivers.check(driver, runtime);
        Drivers.choice(
                "--network",
                network == null ? "none" : network,
                List.of("none", "localhost"),
                List.of("egress", "internet", "block"));
        notBuilt("--allow", !allow.isEmpty());
        notBuilt("--bandwidth", bandwidth != null);
        notBuilt("--secret", !secrets.isEmpty());
        notBuilt("--remote", remote);
    }

    private static void notBuilt(String option, boolean asked) {
        if (asked) {
            throw Refusal.notBuilt(option);
        }
    }

    /** Reads {@code 1.5} as 1500 thousandths. */
    static final class Cpus implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            if (!text.matches("\\d{1,4}(\\.\\d{1,3})?")) {
                throw new TypeConversionException("'" + text + "' is not a number of processors; write it as 2 or 0.5");
            }
            BigDecimal thousandths = new BigDecimal(text).movePointRight(3).setScale(0, RoundingMode.UNNECESSARY);
            int cpus = thousandths.intValueExact();
            // 0.01 is the least that cpu.cfs_quota_us takes with a period of 100 ms: kernel/sched/core.c,
            // min_cfs_quota_period.
            if (cpus < 10 || cpus > MOST_CPUS * 1000) {
                throw new TypeConversionException("'" + text + "' must be from 0.01 to " + MOST_CPUS);
            }
            return cpus;
        }
    }

    /** A count that the kernel could hold. */
    static final class Pids implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            if (!text.matches("\\d{1,7}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > MOST_PIDS) {
                throw new TypeConversionException("'" + text + "' must be a number from 1 to " + MOST_PIDS);
            }
            return Integer.parseInt(text);
        }
    }

    /** Splits at the first {@code =}. */
    static final class Variables implements ITypeConverter<Variable> {
        @Override
        public Variable convert(String text) {
            int equals = text.indexOf('=');
            if (equals < 1) {
                throw new TypeConversionException("'" + text + "' is not NAME=VALUE");
            }
            return new Variable(text.substring(0, equals), text.substring(equals + 1));
        }
    }

    /** A path inside, which has no other directory to start from. */
    static final class AbsolutePath implements ITypeConverter<String> {
        @Override
        public String convert(String text) {
            if (!text.startsWith("/")) {
                throw new TypeConversionException("'" + text + "' must be an absolute path");
            }
            return text;
        }
    }

    /** Splits at the last colon, so that the source may hold colons and the target none. */
    static final class Mounts implements ITypeConverter<Mount> {
        @Override
        public Mount convert(String text) {
            boolean readOnly = text.endsWith(":ro");
            String pair = readOnly ? text.substring(0, text.length() - 3) : text;
            int colon = pair.lastIndexOf(':');
            if (colon < 1 || !pair.startsWith("/", colon + 1)) {
                throw new TypeConversionException("'" + text + "' is not SRC:DST or SRC:DST:ro with an absolute DST");
            }
            return new Mount(pair.substring(0, colon), pair.substring(colon + 1), readOnly);
        }
    }
}

package dev.redoubt.node.label;

import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.protocol.Profile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The host's AppArmor, as far as sandboxes can get a label of it. */
public sealed interface AppArmor {
    /** The name of the profile that a sandbox enters; empty where there is none. */
    String labelOf(Profile profile);

    /**
     * Looks at the host. Changes nothing.
     *
     * @return {@link Usable}, or {@link Absent} with the reason
     */
    static AppArmor ofHost() {
        if (!Host.read("/sys/module/apparmor/parameters/enabled").equals("Y")) {
            return new Absent("AppArmor is not enabled", "boot a kernel that has it with apparmor in its lsm= list");
        }
        if (!Files.isDirectory(Host.SECURITY)) {
            return new Absent(
                    "AppArmor is enabled, and " + Host.SECURITY + " is not there",
                    "mount -t securityfs securityfs /sys/kernel/security");
        }
        String own = Host.read("/proc/self/attr/apparmor/current");
        if (!isUnconfined(own)) {
            return new Absent(
                    "this process is itself confined by AppArmor, as '" + own
                            + "', and no_new_privs keeps whoever is from changing to another profile",
                    "start it unconfined (for a container: apparmor=unconfined)");
        }
        Optional<Path> parser = Host.program("apparmor_parser");
        if (parser.isEmpty()) {
            return new Absent("the program apparmor_parser is not installed", "apt-get install apparmor");
        }
        return new Usable(parser.get());
    }

    /** As the kernel writes it; a profile that only has a name is unconfined, too. */
    static boolean isUnconfined(String label) {
        return label.equals("unconfined") || label.endsWith(" (unconfined)");
    }

    /** What /proc shows of a process that has entered a profile which refuses what it does not allow. */
    static String enforced(String label) {
        return label + " (enforce)";
    }

    /** There is none for us. */
    record Absent(String reason, String mend) implements AppArmor {
        @Override
        public String labelOf(Profile profile) {
            return "";
        }
    }

    /** Sandboxes get a label, once it is loaded. */
    record Usable(Path parser) implements AppArmor {
        @Override
        public String labelOf(Profile profile) {
            return AppArmorProfile.of(profile).label();
        }

        /**
         * Gives the kernel those of our profiles that it does not have. They stay: without its profile a running sandbox would
         * be unconfined.
         *
         * @throws LabelException when it does not take one
         */
        public void load() {
            List<String> loaded = Host.read(Host.SECURITY + "/profiles").lines().toList();
            for (AppArmorProfile profile : AppArmorProfile.values()) {
                if (!loaded.contains(enforced(profile.label()))) {
                    Host.run(List.of(parser.toString(), "--replace", "--skip-cache"), profile.text());
                }
            }
        }
    }

    /** Loads what the host takes; where there is no AppArmor, nothing. */
    static AppArmor loaded() {
        AppArmor host = ofHost();
        if (host instanceof Usable usable) {
            usable.load();
        }
        return host;
    }

    /** Files and programs of the host. */
    final class Host {
        private static final Path SECURITY = Path.of("/sys/kernel/security/apparmor");
        private static final List<String> PLACES = List.of("/usr/sbin", "/sbin", "/usr/bin", "/bin");

        private Host() {}

        /** Empty when it is not there. */
        private static String read(String path) {
            try {
                return LinuxFiles.readOnce(path);
            } catch (LinuxException absent) {
                return "";
            }
        }

        private static Optional<Path> program(String name) {
            return PLACES.stream()
                    .map(place -> Path.of(place, name))
                    .filter(Files::isExecutable)
                    .findFirst();
        }

        private static void run(List<String> command, String input) {
            try {
                ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
                builder.environment().clear();
                builder.environment().putAll(Map.of("PATH", String.join(":", PLACES), "LC_ALL", "C"));
                Process process = builder.start();
                try (OutputStream in = process.getOutputStream()) {
                    in.write(input.getBytes(StandardCharsets.UTF_8));
                }
                String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                int code = process.waitFor();
                if (code != 0) {
                    throw new LabelException("apparmor_parser ended with " + code + ": " + said.strip());
                }
            } catch (IOException failed) {
                throw new LabelException("apparmor_parser cannot be run: " + failed.getMessage(), failed);
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
                throw new LabelException("interrupted while apparmor_parser ran", stop);
            }
        }
    }
}

package dev.redoubt.node.label;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.LinuxFiles;
import dev.redoubt.linux.SecurityLabels;
import dev.redoubt.node.launch.SlotPlan;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.protocol.Profile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The host's SELinux, as far as sandboxes can get a context of it: native/selinux/redoubt.cil has the same names. */
public sealed interface Selinux {
    /** The type of every process of a sandbox, with its user and role. */
    String DOMAIN = "system_u:system_r:redoubt_t";

    /** Where a profile lets jobs trace jobs. */
    String TRACING_DOMAIN = "system_u:system_r:redoubt_tracing_t";

    /** What the layers of images are. */
    String LAYERS = "system_u:object_r:redoubt_layer_t:s0";

    /** The domain that a sandbox enters; empty where there is none. */
    String domainOf(Profile profile);

    /** The contexts of one sandbox, which no other has; none where there is no SELinux. */
    SlotPlan.Contexts contextsOf(IdRange ids);

    /**
     * Looks at the host. Changes nothing.
     *
     * @return {@link Usable}, or {@link Absent} with the reason
     */
    static Selinux ofHost() {
        if (Kernel.read("/proc/filesystems").lines().noneMatch(line -> line.endsWith("\tselinuxfs"))) {
            return new Absent("SELinux is not enabled", "boot a kernel that has it with selinux in its lsm= list");
        }
        String enforcing = Kernel.read(Kernel.PLACE + "/enforce");
        if (enforcing.isEmpty()) {
            return new Absent(
                    "SELinux is enabled, and " + Kernel.PLACE + " is not there",
                    "mount -t selinuxfs selinuxfs " + Kernel.PLACE);
        }
        if (!enforcing.equals("1")) {
            return new Absent("SELinux is permissive: it refuses nothing", "setenforce 1");
        }
        if (!Kernel.read(Kernel.PLACE + "/policy_capabilities/nnp_nosuid_transition")
                .equals("1")) {
            return new Absent(
                    "the host's policy has no nnp_nosuid_transition, without which nobody behind no_new_privs enters a"
                            + " domain",
                    "use a policy that has it, as those of Debian 12 and Fedora have");
        }
        IdRange first = new IdRange(0);
        SlotPlan.Contexts any = new Usable().contextsOf(first);
        for (String context :
                List.of(contextOf(DOMAIN, first), contextOf(TRACING_DOMAIN, first), any.files(), any.guest(), LAYERS)) {
            if (!Kernel.knows(context)) {
                return new Absent(
                        "the host's policy does not know " + context,
                        "semodule -i native/selinux/redoubt.cil (beside ./redoubt)");
            }
        }
        String own = Kernel.read("/proc/self/attr/current");
        if (!Kernel.mayEnter(own, contextOf(DOMAIN, first))) {
            return new Absent(
                    "the host's policy does not let '" + own + "', as this process is, enter " + DOMAIN,
                    "load a module with (typeattributeset redoubt_node (TYPE)), TYPE being this one's");
        }
        return new Usable();
    }

    /** There is none for us. */
    record Absent(String reason, String mend) implements Selinux {
        @Override
        public String domainOf(Profile profile) {
            return "";
        }

        @Override
        public SlotPlan.Contexts contextsOf(IdRange ids) {
            return SlotPlan.Contexts.NONE;
        }
    }

    /** Sandboxes get a context: it is enforced, and our module is loaded. */
    record Usable() implements Selinux {
        @Override
        public String domainOf(Profile profile) {
            return AppArmorProfile.of(profile) == AppArmorProfile.TRACING ? TRACING_DOMAIN : DOMAIN;
        }

        @Override
        public SlotPlan.Contexts contextsOf(IdRange ids) {
            String level = level(ids);
            return new SlotPlan.Contexts(
                    level, "system_u:object_r:redoubt_file_t:" + level, "system_u:object_r:redoubt_exec_t:s0");
        }

        /**
         * Labels the directory of layers, once: what is made in it later inherits that.
         *
         * @throws LabelException when its file system takes no labels
         */
        public void labelLayers(Path directory) {
            try {
                if (!SecurityLabels.of(directory).equals(LAYERS)) {
                    SecurityLabels.setAll(directory, LAYERS);
                }
            } catch (LinuxException refused) {
                throw new LabelException("layers cannot get " + LAYERS + ": " + refused.getMessage(), refused);
            }
        }
    }

    /**
     * What SELinux has a process as; empty without SELinux.
     *
     * @throws LinuxException when it has ended
     */
    static String contextOf(int pid) {
        return Kernel.IS_MOUNTED ? Kernel.withoutNul(LinuxFiles.readOnce("/proc/" + pid + "/attr/current")) : "";
    }

    /** The context of the processes of one sandbox. */
    static String contextOf(String domain, IdRange ids) {
        return domain + ":" + level(ids);
    }

    /** Whether what the policy does not allow is refused. */
    static boolean isEnforcing() {
        return Kernel.IS_MOUNTED && Kernel.read(Kernel.PLACE + "/enforce").equals("1");
    }

    /** {@code s0:cA,cB}: of the 523,776 pairs of two of 1,024 categories the one whose number is the range's. */
    private static String level(IdRange ids) {
        int second = 1;
        int first = ids.index();
        while (first >= second) { // below each second there are as many firsts as its number
            first -= second;
            second++;
        }
        return "s0:c" + first + ",c" + second;
    }

    /** What the kernel says of its policy. */
    final class Kernel {
        private static final String PLACE = "/sys/fs/selinux";

        /** It does not change while we run. */
        private static final boolean IS_MOUNTED = Files.exists(Path.of(PLACE, "enforce"));

        private Kernel() {}

        /** Empty when it is not there. */
        private static String read(String path) {
            try {
                return withoutNul(LinuxFiles.readOnce(path));
            } catch (LinuxException absent) {
                return "";
            }
        }

        private static String withoutNul(String text) {
            return text.replace("\0", "").strip();
        }

        private static boolean knows(String context) {
            try {
                LinuxFiles.writeOnce(PLACE + "/context", context);
                return true;
            } catch (LinuxException unknown) {
                return false;
            }
        }

        /** security_compute_av: the first word of the answer is the mask of what is allowed, a class's first permission its bit 1. */
        private static boolean mayEnter(String from, String to) {
            String process = PLACE + "/class/process";
            try (Fd question = LinuxFiles.open(PLACE + "/access", LinuxFiles.O_RDWR)) {
                LinuxFiles.writeOnce(question, from + " " + to + " " + read(process + "/index"));
                long allowed = Long.parseLong(LinuxFiles.readOnce(question).split(" ", 2)[0], 16);
                return (allowed >> (Integer.parseInt(read(process + "/perms/transition")) - 1) & 1) == 1;
            } catch (LinuxException refused) {
                return false;
            }
        }
    }
}

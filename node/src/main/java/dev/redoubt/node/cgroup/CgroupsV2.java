package dev.redoubt.node.cgroup;

import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.MountInfo;
import dev.redoubt.node.data.ResourceName;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Version 2: one tree.
 *
 * <p>A group has a controller when its parent hands it down in {@code cgroup.subtree_control}. At the top of the tree that
 * file is the host's (systemd's), and Redoubt does not write it: what is not handed down there is a {@link Gap}. Our own
 * directory hands down what it got; as long as it does, the kernel refuses (EBUSY) to take it away above us, so that a
 * reload of the host's service manager cannot drop the limits of a running sandbox.
 */
final class CgroupsV2 implements Cgroups {
    private static final String SUBTREE_CONTROL = "cgroup.subtree_control";

    private final GroupDirectory top;
    private final GroupDirectory parent;

    private CgroupsV2(GroupDirectory top) {
        this.top = top;
        this.parent = top.child(OwnedDirectory.NAME);
    }

    static CgroupsV2 of(List<MountInfo> mounts) {
        return mounts.stream()
                .filter(mount -> mount.type().equals("cgroup2"))
                .filter(mount -> !mount.options().contains("ro"))
                .findFirst()
                .map(mount -> new CgroupsV2(new GroupDirectory(mount.point())))
                .orElseThrow(
                        () -> new CgroupException("no writable control group hierarchy is mounted (see cgroups(7)); "
                                + "on a host with systemd it is /sys/fs/cgroup"));
    }

    @Override
    public List<Gap> gaps() {
        Map<Controller, Gap> missing = missing();
        return List.copyOf(missing.values());
    }

    private Map<Controller, Gap> missing() {
        Set<String> handedDown = words(top.read(SUBTREE_CONTROL));
        Map<Controller, Gap> missing = new EnumMap<>(Controller.class);
        for (Controller controller : Controller.values()) {
            if (!controller.v2().isEmpty() && !handedDown.contains(controller.v2())) {
                missing.put(controller, gap(controller));
            }
        }
        return missing;
    }

    private Gap gap(Controller controller) {
        String name = controller.v2();
        return new Gap(
                controller,
                "controller " + name + " is not handed down at " + top.path() + "; the host's administrator can: echo +"
                        + name + " > " + top.path() + "/" + SUBTREE_CONTROL);
    }

    private static Set<String> words(String line) {
        return line.isEmpty() ? Set.of() : Set.of(line.split(" ", -1));
    }

    @Override
    public SandboxCgroup create(String name) {
        GroupDirectory directory = parent.child(ResourceName.check(name));
        return Step.read("making group " + name, () -> {
            OwnedDirectory.make(parent, directory, this::handDown);
            if (directory.readIfThere("memory.max").isEmpty()) {
                // Another process made our parent and has not handed down yet: doing it twice is harmless.
                removeAfter(directory, this::handDown);
            }
            return new SandboxCgroupV2(name, directory, missing(directory), true);
        });
    }

    private static void removeAfter(GroupDirectory made, Runnable work) {
        try {
            work.run();
        } catch (LinuxException refused) {
            made.remove();
            throw refused;
        }
    }

    private void handDown() {
        Set<String> here = words(parent.read("cgroup.controllers"));
        Stream.of(Controller.values())
                .map(Controller::v2)
                .filter(here::contains)
                .forEach(controller -> parent.write(SUBTREE_CONTROL, "+" + controller));
    }

    /** Asked only when something is missing, so that a fit host pays nothing. */
    private Map<Controller, Gap> missing(GroupDirectory directory) {
        Set<String> here = words(directory.read("cgroup.controllers"));
        boolean complete = Stream.of(Controller.values())
                .map(Controller::v2)
                .allMatch(name -> name.isEmpty() || here.contains(name));
        return complete ? Map.of() : missing();
    }

    @Override
    public SandboxCgroup existing(String name) {
        return new SandboxCgroupV2(ResourceName.check(name), parent.child(name), missing(), false);
    }

    @Override
    public Set<String> names() {
        return OwnedDirectory.children(parent);
    }

    @Override
    public boolean removeWhenEmpty() {
        return parent.removedNow();
    }
}

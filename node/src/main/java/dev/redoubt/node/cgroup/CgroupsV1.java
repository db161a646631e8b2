package dev.redoubt.node.cgroup;

import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.MountInfo;
import dev.redoubt.node.data.ResourceName;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Version 1: a tree per controller, or per few controllers that are mounted together (cpu,cpuacct). */
final class CgroupsV1 implements Cgroups {
    private final Map<Controller, GroupDirectory> parents;

    private CgroupsV1(Map<Controller, GroupDirectory> parents) {
        this.parents = parents;
    }

    static CgroupsV1 of(List<MountInfo> mounts) {
        Map<Controller, GroupDirectory> parents = new EnumMap<>(Controller.class);
        for (Controller controller : Controller.values()) {
            mounts.stream()
                    .filter(mount ->
                            mount.type().equals("cgroup") && mount.options().contains(controller.v1()))
                    .filter(mount -> !mount.options().contains("ro"))
                    .findFirst()
                    .ifPresent(mount ->
                            parents.put(controller, new GroupDirectory(mount.point()).child(OwnedDirectory.NAME)));
        }
        return new CgroupsV1(parents);
    }

    boolean has(Controller controller) {
        return parents.containsKey(controller);
    }

    static Gap gap(Controller controller) {
        return new Gap(
                controller,
                "no writable version 1 hierarchy for " + controller.v1()
                        + " is mounted (see cgroups(7)); the host's administrator can mount it");
    }

    @Override
    public List<Gap> gaps() {
        return Stream.of(Controller.values())
                .filter(controller -> !has(controller))
                .map(CgroupsV1::gap)
                .toList();
    }

    @Override
    public SandboxCgroup create(String name) {
        ResourceName.check(name);
        List<GroupDirectory> made = new ArrayList<>();
        try {
            for (GroupDirectory parent : distinctParents()) {
                GroupDirectory directory = parent.child(name);
                OwnedDirectory.make(parent, directory, () -> {});
                made.add(directory);
            }
        } catch (LinuxException refused) {
            made.forEach(GroupDirectory::remove);
            throw new CgroupException("making group " + name, refused);
        }
        return group(name, true);
    }

    /** Controllers that are mounted together share one. */
    private List<GroupDirectory> distinctParents() {
        return parents.values().stream().distinct().toList();
    }

    @Override
    public SandboxCgroup existing(String name) {
        return group(ResourceName.check(name), false);
    }

    private SandboxCgroupV1 group(String name, boolean fresh) {
        Map<Controller, GroupDirectory> directories = new EnumMap<>(Controller.class);
        parents.forEach((controller, parent) -> directories.put(controller, parent.child(name)));
        return new SandboxCgroupV1(name, directories, fresh);
    }

    @Override
    public Set<String> names() {
        Set<String> names = new TreeSet<>();
        distinctParents().forEach(parent -> names.addAll(OwnedDirectory.children(parent)));
        return names;
    }

    @Override
    public boolean removeWhenEmpty() {
        return distinctParents().stream().map(GroupDirectory::removedNow).reduce(true, Boolean::logicalAnd);
    }
}

package dev.redoubt.node.image;

import dev.redoubt.linux.Fd;
import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.node.guest.GuestChannel;
import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.launch.SlotPlan;
import dev.redoubt.protocol.Limits;
import java.util.List;

/**
 * A running sandbox that was built to a spec of this package: no image, no disk, no network.
 *
 * @param end kills everything inside and returns when nothing of the sandbox is left; to be called once
 */
public record BareSandbox(GuestChannel guest, SandboxCgroup cgroup, Runnable end) {
    /**
     * What a node is asked to build.
     *
     * @param limits what its control group holds
     * @param plan of its slot
     * @param mounts the descriptors that {@code spec} counts; they stay the caller's
     */
    public record Order(Limits limits, SlotPlan plan, LaunchSpec spec, List<Fd> mounts) {
        public Order {
            mounts = List.copyOf(mounts);
        }
    }
}

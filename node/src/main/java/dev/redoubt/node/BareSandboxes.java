package dev.redoubt.node;

import dev.redoubt.linux.Fd;
import dev.redoubt.linux.UnixSocket;
import dev.redoubt.node.cgroup.Cgroups;
import dev.redoubt.node.data.DataDirectory;
import dev.redoubt.node.guest.GuestChannel;
import dev.redoubt.node.guest.GuestLoop;
import dev.redoubt.node.image.BareSandbox;
import dev.redoubt.node.label.AppArmor;
import dev.redoubt.node.label.Selinux;
import dev.redoubt.node.launch.LaunchSpec;
import dev.redoubt.node.ranges.Ranges;
import dev.redoubt.protocol.Profile;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Builds sandboxes for the image store, each with a spawner of its own that dies with this process: whoever waits for an
 * archive is here, so nobody would take such a sandbox over. Their parts are in the journal as every sandbox's are.
 */
final class BareSandboxes {
    /** They read programs and libraries of the host, whose types the policy gives to no sandbox. */
    private static final Selinux UNLABELLED = new Selinux.Absent("unpacking has none", "");

    private BareSandboxes() {}

    /**
     * A sandbox as ordered, its guest starting.
     *
     * @throws RuntimeException what {@link Node#open} and {@link Node#create} throw before they name it a problem; nothing
     *     of it is left
     */
    static BareSandbox launch(NodeSettings settings, BareSandbox.Order order) {
        Undo undo = new Undo();
        try {
            return launch(settings.withinThisProcess(), order, undo);
        } catch (RuntimeException failed) { // rethrown: whatever went wrong, what was made goes away first
            undo.because(failed);
            throw failed;
        }
    }

    private static BareSandbox launch(NodeSettings settings, BareSandbox.Order order, Undo undo) {
        DataDirectory data = DataDirectory.open(settings.dataDirectory());
        Household household = Household.of(settings, data);
        undo.add(household::close);
        Cgroups cgroups = Cgroups.detect();
        Slots slots = new Slots(
                household,
                new AtomicLong(household.highestNumber()),
                cgroups,
                null,
                Ranges.open(data),
                settings.switches(),
                new Slots.Kind.Native(order.plan()),
                Map.of(),
                UNLABELLED,
                settings.readySlots());
        Slots.Slot slot = slots.take();
        undo.add(() -> slot.undo().run());
        slots.limit(slot, order.limits(), List.of());

        int[] descriptors = order.mounts().stream().mapToInt(Fd::number).toArray();
        LaunchSpec spec = order.spec()
                .withFlags(settings.switches().specFlags())
                .withLabel(new LaunchSpec.Label(AppArmor.loaded().labelOf(Profile.NOTHING), "")); // see decision 0017
        int listener =
                slot.launcher().launch(spec.encoded(0), List.of(), descriptors).listener();
        if (listener >= 0) {
            Fd.owned(listener).close();
        }
        UnixSocket socket = UnixSocket.adopt(slot.handles().channel().handOver());
        GuestLoop loop = GuestLoop.start();
        undo.add(loop::close);
        GuestChannel guest = GuestChannel.open(loop, socket);
        undo.add(guest::close);
        return new BareSandbox(guest, slot.cgroup(), undo::run);
    }
}

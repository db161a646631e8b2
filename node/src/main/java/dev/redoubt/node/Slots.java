package dev.redoubt.node;

import dev.redoubt.linux.Device;
import dev.redoubt.linux.Fd;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.node.cgroup.CgroupException;
import dev.redoubt.node.cgroup.Cgroups;
import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.node.disk.Disk;
import dev.redoubt.node.disk.DiskException;
import dev.redoubt.node.disk.Disks;
import dev.redoubt.node.journal.Entry;
import dev.redoubt.node.journal.Owner;
import dev.redoubt.node.label.Selinux;
import dev.redoubt.node.launch.LaunchException;
import dev.redoubt.node.launch.Launcher;
import dev.redoubt.node.launch.SlotPlan;
import dev.redoubt.node.launch.Spawner;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.node.ranges.Ranges;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.SandboxId;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Prepared sandboxes: ids, control groups and namespaces, waiting to be told what to run.
 *
 * <p>Made ahead by threads of their own where speed counts, because joining a control group of version 1 waits for the
 * kernel for milliseconds; with none ready, one is made on the spot.
 */
final class Slots implements AutoCloseable {
    /** Each waits for the kernel most of the time; together they make what two processors can start. */
    private static final int MOST_MAKERS = 8;

    /** The first program of a sandbox has started by then; making the next slot would take its processor away. */
    private static final long AFTER_THE_LAUNCH_MILLIS = 10;

    private static final long AFTER_A_FAILURE_MILLIS = 1000;

    /** Of native/sandbox.h: an OCI runtime will build the walls. */
    private static final int PREPARE_RUNTIME = 2;

    private static final Selinux UNLABELLED = new Selinux.Absent("left away", "");

    private final Spawner spawner;
    private final Owner owner;
    private final Ranges ranges;
    private final Cgroups cgroups;
    private final @Nullable Disks disks;
    private final boolean limited;
    private final int prepareFlags;
    private final Kind kind;
    private final Map<String, String> facts;
    private final Selinux selinux;
    private final AtomicLong lastNumber;
    private final int ahead;
    private final Semaphore wanted;
    private final BlockingQueue<Slot> ready;
    private final List<Thread> makers;
    private volatile boolean closed;

    /**
     * Starts to make slots.
     *
     * @param numbers the spawner's last one; shared by all who make slots of one spawner
     * @param disks where each gets an empty one; null when they need none
     * @param facts of every entry, unless the sandbox becomes an unusual one
     * @param selinux whose contexts each gets
     * @param ahead how many are kept ready; 0 for none
     */
    Slots(
            Household household,
            AtomicLong numbers,
            Cgroups cgroups,
            @Nullable Disks disks,
            Ranges ranges,
            TestSwitches switches,
            Kind kind,
            Map<String, String> facts,
            Selinux selinux,
            int ahead) {
        this.spawner = household.spawner();
        this.owner = household.owner();
        this.ranges = ranges;
        this.cgroups = cgroups;
        this.disks = disks;
        this.limited = !switches.withoutCgroupLimits();
        this.prepareFlags = switches.prepareFlags() | kind.prepareFlags();
        this.kind = kind;
        this.facts = Map.copyOf(facts);
        this.selinux = switches.withoutLabels() ? UNLABELLED : selinux;
        this.lastNumber = numbers;
        this.ready = new ArrayBlockingQueue<>(Math.max(1, ahead));
        this.ahead = ahead;
        this.wanted = new Semaphore(ahead);
        this.makers = Stream.generate(
                        () -> Thread.ofPlatform().name("redoubt-slots").daemon().unstarted(this::keepReady))
                .limit(Math.min(ahead, MOST_MAKERS))
                .toList();
        makers.forEach(Thread::start);
    }

    /** Who will build the walls in a slot. */
    sealed interface Kind {
        SlotPlan plan();

        int prepareFlags();

        /** The spawner; the plan is made while the slot waits. */
        record Native(SlotPlan plan) implements Kind {
            @Override
            public int prepareFlags() {
                return 0;
            }
        }

        /** An OCI runtime, which covers /proc itself. */
        record ForRuntime() implements Kind {
            @Override
            public SlotPlan plan() {
                return new SlotPlan(List.of(), List.of());
            }

            @Override
            public int prepareFlags() {
                return PREPARE_RUNTIME;
            }
        }
    }

    /**
     * A prepared sandbox, with the default limits. What it is made of is written in {@code entry}, in the journal since
     * before it was made.
     */
    record Slot(
            Entry entry,
            SandboxCgroup cgroup,
            @Nullable EmptyDisk disk,
            Launcher launcher,
            Sandbox.Handles handles,
            Undo undo) {
        /** The same once an OCI runtime has started its guest, whom it did not have before. */
        Slot withGuest(Fd guest) {
            undo.add(guest::close);
            Sandbox.Handles started = new Sandbox.Handles(handles.channel(), guest, handles.networkNamespace());
            return new Slot(entry, cgroup, disk, launcher, started, undo);
        }

        SandboxId id() {
            return entry.id();
        }

        long number() {
            return entry.number();
        }
    }

    /** A sandbox's disk, and a mount of it; mounting takes 0.3 ms. Never two at once, because they have one name. */
    static final class EmptyDisk {
        private final Disks disks;
        private final Entry entry;
        private @Nullable Disk disk;
        private @Nullable Fd mount;

        private EmptyDisk(Disks disks, Entry entry) {
            this.disks = disks;
            this.entry = entry;
        }

        /** One as large as the limits say; {@code undo} takes back whatever it is by then. */
        static EmptyDisk acquire(Disks disks, Entry entry, Limits limits, Undo undo) {
            EmptyDisk acquired = new EmptyDisk(disks, entry);
            undo.addLast(acquired::release);
            acquired.replace(limits);
            return acquired;
        }

        Fd mount() {
            return Objects.requireNonNull(mount);
        }

        /** The disk itself, which the sandbox writes to. */
        Disk disk() {
            return Objects.requireNonNull(disk);
        }

        /** Gives the disk that it was back, unused, for one as large as the limits say. */
        void replace(Limits limits) {
            release();
            disk = disks.acquire(entry.resources(), limits.disk(), limits.inodes());
            mount = disk.mount();
        }

        private void release() {
            if (mount != null) {
                mount.close();
                mount = null;
            }
            if (disk != null) {
                Disk released = disk;
                disk = null; // even if it fails: then the sweep has it
                released.release();
            }
        }
    }

    /** One that is ready, or one made now. */
    Slot take() {
        Slot slot = ready.poll();
        if (slot == null) {
            return make();
        }
        wanted.release();
        return slot;
    }

    /**
     * Holds other limits than the default ones that a slot begins with, but for its disk's.
     *
     * @param devices as {@link SandboxCgroup#apply} wants them
     */
    void limit(Slot slot, Limits limits, List<Device> devices) {
        if (limited && !limits.equals(Limits.DEFAULT)) {
            slot.cgroup().apply(limits, devices);
        }
    }

    @Override
    public void close() {
        closed = true;
        makers.forEach(Thread::interrupt);
        makers.forEach(Slots::join);
        for (Slot slot = ready.poll(); slot != null; slot = ready.poll()) {
            slot.undo().run();
        }
    }

    private static void join(Thread maker) {
        try {
            maker.join();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    private void keepReady() {
        try {
            while (!closed) {
                wanted.acquire();
                if (ready.size() * 2 > ahead) {
                    TimeUnit.MILLISECONDS.sleep(AFTER_THE_LAUNCH_MILLIS);
                }
                keepOneMore();
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    /** Who needs a slot while none can be made tries on the spot and hears why. */
    private void keepOneMore() throws InterruptedException {
        try {
            ready.add(make()); // there is room: as many are wanted as fit
        } catch (LaunchException | CgroupException | DiskException | LinuxException | Problem cannot) {
            wanted.release();
            TimeUnit.MILLISECONDS.sleep(AFTER_A_FAILURE_MILLIS);
        }
    }

    private Slot make() {
        Undo undo = new Undo();
        try {
            return make(undo);
        } catch (RuntimeException failed) { // rethrown: whatever went wrong, what was made goes away first
            undo.because(failed);
            throw failed;
        }
    }

    private Slot make(Undo undo) {
        long number = lastNumber.incrementAndGet();
        SandboxId id = SandboxId.random();
        IdRange range = ranges.claim(owner.name());
        undo.add(() ->
                ranges.release(owner.name(), range)); // claimed in the owner's name: a sweep finds it without an entry
        Entry entry = new Entry(id, number, range, owner.name() + "-" + number, facts);
        owner.write(entry);
        undo.add(() -> owner.remove(id));
        SandboxCgroup cgroup = cgroups.create(entry.resources());
        undo.add(cgroup::remove);
        if (kind instanceof Kind.ForRuntime) {
            undo.add(cgroup::kill); // what a runtime has beside the guest is in the group and nobody's child that we
            // wait for
        }
        if (limited) {
            cgroup.apply(Limits.DEFAULT, List.of());
        }
        EmptyDisk disk = disks == null ? null : EmptyDisk.acquire(disks, entry, Limits.DEFAULT, undo);
        undo.add(() -> {
            if (spawner.forget(number).isEmpty()) {
                cgroup.kill(); // whatever the kernel has yet to end, it is waited for
            }
        });
        Spawner.Slot prepared = prepare(number, range, cgroup);
        undo.add(prepared.launcher()::close);
        Sandbox.Handles handles =
                Sandbox.Handles.owned(prepared.channel(), prepared.pidfd(), prepared.networkNamespace());
        undo.add(handles::close);
        return new Slot(entry, cgroup, disk, prepared.launcher(), handles, undo);
    }

    private Spawner.Slot prepare(long number, IdRange range, SandboxCgroup cgroup) {
        List<Fd> join = cgroup.joinDescriptors();
        try {
            int[] descriptors = join.stream().mapToInt(Fd::number).toArray();
            SlotPlan plan = kind.plan().withContexts(selinux.contextsOf(range));
            return spawner.prepare(number, range.base(), cgroups.isVersion2(), prepareFlags, plan, descriptors);
        } finally {
            join.forEach(Fd::close);
        }
    }
}

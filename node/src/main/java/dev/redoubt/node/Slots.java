package dev.redoubt.node;

import dev.redoubt.linux.Fd;
import dev.redoubt.node.cgroup.Cgroups;
import dev.redoubt.node.cgroup.SandboxCgroup;
import dev.redoubt.node.journal.Entry;
import dev.redoubt.node.journal.Owner;
import dev.redoubt.node.launch.Spawner;
import dev.redoubt.node.ranges.IdRange;
import dev.redoubt.node.ranges.Ranges;
import dev.redoubt.protocol.SandboxId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Prepared sandboxes: ids, control groups and namespaces, waiting to be told what to run.
 *
 * <p>Made ahead by a thread of their own where speed counts, because joining a control group of version 1 waits for the
 * kernel for milliseconds; with none ready, one is made on the spot.
 */
final class Slots implements AutoCloseable {
    private final Spawner spawner;
    private final Owner owner;
    private final Ranges ranges;
    private final Cgroups cgroups;
    private final int prepareFlags;
    private final AtomicLong lastNumber;
    private final BlockingQueue<Slot> ready;
    private final @Nullable Thread maker;
    private volatile boolean closed;

    /**
     * Starts to make slots.
     *
     * @param ahead how many are kept ready; 0 for none
     * @param lastNumber the highest number that the spawner has given already
     */
    Slots(Spawner spawner, Owner owner, Ranges ranges, Cgroups cgroups, int prepareFlags, int ahead, long lastNumber) {
        this.spawner = spawner;
        this.owner = owner;
        this.ranges = ranges;
        this.cgroups = cgroups;
        this.prepareFlags = prepareFlags;
        this.lastNumber = new AtomicLong(lastNumber);
        this.ready = new ArrayBlockingQueue<>(Math.max(1, ahead));
        this.maker = ahead == 0
                ? null
                : Thread.ofPlatform().name("redoubt-slots").daemon().start(this::keepReady);
    }

    /** A prepared sandbox. What it is made of is written in {@code entry}, in the journal since before it was made. */
    record Slot(Entry entry, IdRange range, SandboxCgroup cgroup, Fd networkNamespace, Undo undo) {
        SandboxId id() {
            return entry.id();
        }

        long number() {
            return entry.number();
        }
    }

    /** One that is ready, or one made now. */
    Slot take() {
        Slot slot = ready.poll();
        return slot != null ? slot : make();
    }

    @Override
    public void close() {
        closed = true;
        if (maker != null) {
            maker.interrupt();
            try {
                maker.join();
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
            }
        }
        for (Slot slot = ready.poll(); slot != null; slot = ready.poll()) {
            slot.undo().run();
        }
    }

    private void keepReady() {
        while (!closed) {
            Slot slot = make();
            try {
                ready.put(slot);
            } catch (InterruptedException stop) {
                slot.undo().run();
                return;
            }
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
        undo.add(() -> ranges.release(range)); // claimed in the owner's name: a sweep finds it without an entry
        Entry entry = new Entry(id, number, range, owner.name() + "-" + number, Map.of());
        owner.write(entry);
        undo.add(() -> owner.remove(id));
        SandboxCgroup cgroup = cgroups.create(entry.resources());
        undo.add(cgroup::remove);
        undo.add(() -> spawner.forget(number));
        Fd namespace = Fd.owned(prepare(number, range, cgroup).networkNamespace());
        undo.add(namespace::close);
        return new Slot(entry, range, cgroup, namespace, undo);
    }

    private Spawner.Slot prepare(long number, IdRange range, SandboxCgroup cgroup) {
        List<Fd> join = cgroup.joinDescriptors();
        try {
            int[] descriptors = join.stream().mapToInt(Fd::number).toArray();
            return spawner.prepare(number, range.base(), cgroups.isVersion2(), prepareFlags, descriptors);
        } finally {
            join.forEach(Fd::close);
        }
    }
}
